"""Turn one cart order into shipping instructions (変換; IMP-9 to IMP-18).

groups -> recipient, delivery method, SKUs, amounts, first status -> one instruction per group.
Nothing but the order decides the outcome, so it can be repeated from the stored answer (IMP-6).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.carts.cart import Cart
from domain.errors import BrokenRule
from domain.orders.amounts import Amounts, keep_together, split_amounts
from domain.orders.cart_order import CartLine, CartOrder, Contact, Destination, ShopServeStatus
from domain.orders.instructions import (
    ApiStatus,
    Hold,
    HoldCause,
    HoldReason,
    Payment,
    Status,
    reasons,
    status_with,
)
from domain.orders.parts import (
    Found,
    Group,
    Lookup,
    destination_of,
    groups,
    live,
    recipient_of,
    repeated,
    sku_of,
)
from domain.orders.payment_methods import LISTED_ONLY, PaymentTable
from domain.orders.payments import BASE_DEFERRED, FirstPayment, first_payment

FREE_SHIPPING = "送料無料"
"""IMP-11: what fills a blank delivery method by default, on BASE only."""


@dataclass(frozen=True, slots=True)
class NewLine:
    """One line of a new instruction (明細).

    Attributes:
        custom: line custom fields; `1` (明細独自1) is the BASE line id (IMP-13).
    """

    sku: str
    name: str
    quantity: int
    unit_price_yen: int
    options_yen: int
    total_yen: int
    tax_rate: int
    custom: Mapping[str, str]
    cart_line_key: str


@dataclass(frozen=True, slots=True)
class NewInstruction:
    """A shipping instruction as it is first stored; it starts at awaiting_print (IMP-17).

    Attributes:
        number: the order's number, with the part behind a hyphen if the order is split.
        part: 1-based; the same whenever the order is read again.
        holds: why it is on hold; empty for awaiting_shipment.
        method_filled: the cart left the method blank and the default filled it in (IMP-11).
        discount_yen: discounts and coupons; `points_yen` are apart from it.
        adjustment_yen: the shop's change and a gap to the cart's total.
        custom: order custom fields; `1` (注文独自1) marks deferred payment (IMP-13).
    """

    number: str
    part: int
    cart_order_key: str
    status: Status
    holds: tuple[Hold, ...]
    payment: Payment
    payment_method: str
    payment_name: str
    delivery_method: str
    method_filled: bool
    total_yen: int
    shipping_fee_yen: int
    discount_yen: int
    fee_yen: int
    points_yen: int
    adjustment_yen: int
    tax_yen: int
    custom: Mapping[str, str]
    buyer: Contact
    recipient: Contact
    lines: tuple[NewLine, ...]
    destination: int
    note: str
    ordered_at: datetime
    wished_date: str = ""
    wished_time: str = ""
    api_status: ApiStatus = ApiStatus.AWAITING_PRINT

    @property
    def hold_reasons(self) -> tuple[HoldReason, ...]:
        """The operators' words for the holds, each once."""
        return reasons(self.holds)


@dataclass(frozen=True, slots=True)
class Conversion:
    """What an order became.

    Attributes:
        warnings: one line each, for the API log; the order was converted all the same.
    """

    instructions: tuple[NewInstruction, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Method:
    name: str
    filled: bool = False
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class _Basis:
    """What all instructions of one order share."""

    order: CartOrder
    payment: FirstPayment
    skus: Mapping[str, Found]
    default_method: str | None


def convert(
    order: CartOrder,
    *,
    lookup: Lookup,
    default_method: str | None,
    recalculate: bool = True,
    payments: PaymentTable = LISTED_ONLY,
) -> Conversion:
    """Return the shipping instructions of an order that eligibility has let in.

    Args:
        lookup: ShopServe's mapped SKUs; BASE needs none.
        default_method: what fills a blank delivery method on BASE (IMP-11), None = leave it blank.
        recalculate: give each part its own amounts (IMP-14); off: part 1 bears the whole order.
        payments: what the shop's payment methods mean (PAY-1).

    Raises: BrokenRule: this order cannot be converted; the message names the line and the remedy.
    """
    every = groups(order)
    parts = live(every)
    if not parts:
        raise BrokenRule(f"no line of order {order.number} is left")
    skus = {line.key: sku_of(order.cart, line, lookup) for group in parts for line in group.lines}
    odd = [each.warning for each in skus.values() if each.warning]
    odd += repeated(each.sku for each in skus.values())
    recipients = [recipient_of(order, group.destination) for group in parts]
    split = (split_amounts if recalculate else keep_together)(every, order.charges)
    first = first_payment(order, payments)
    basis = _Basis(order, first, skus, default_method)
    warnings = [*odd, *_warnings(order, split.gap_yen)]
    if first.hold is not None and first.hold.cause is HoldCause.UNKNOWN_PAYMENT:
        warnings.append(f"on hold (要確認): {first.hold.text}")
    instructions = tuple(
        _instruction(basis, group, recipient, amounts)
        for group, recipient, amounts in zip(parts, recipients, split.parts, strict=True)
    )
    return Conversion(instructions, tuple(f"order {order.number}: {each}" for each in warnings))


def _instruction(
    basis: _Basis, group: Group, recipient: Contact, amounts: Amounts
) -> NewInstruction:
    order = basis.order
    method = _method(order, group, basis.default_method)
    lines = tuple(_line(order.cart, line, basis.skus[line.key].sku) for line in group.lines)
    deferred = order.cart is Cart.BASE and order.payment_method == BASE_DEFERRED
    holds = tuple(hold for hold in (basis.payment.hold, method.hold) if hold is not None)
    return NewInstruction(
        number=group.number,
        part=group.part,
        cart_order_key=order.key,
        status=status_with(holds),
        holds=holds,
        payment=basis.payment.payment,
        payment_method=order.payment_method,
        payment_name=order.payment_name,
        delivery_method=method.name,
        method_filled=method.filled,
        total_yen=amounts.total_yen,
        shipping_fee_yen=amounts.shipping_yen,
        discount_yen=amounts.discount_yen,
        fee_yen=amounts.fee_yen,
        points_yen=amounts.points_yen,
        adjustment_yen=amounts.adjustment_yen,
        tax_yen=amounts.tax_yen,
        custom={"1": BASE_DEFERRED if deferred else ""},
        buyer=order.buyer,
        recipient=recipient,
        lines=lines,
        destination=group.destination,
        note=order.note,
        ordered_at=order.ordered_at,
        wished_date=order.wished_date,
        wished_time=order.wished_time,
    )


def _line(cart: Cart, line: CartLine, sku: str) -> NewLine:
    return NewLine(
        sku=sku,
        name=line.name,
        quantity=line.quantity,
        unit_price_yen=line.unit_price_yen,
        options_yen=line.options_yen,
        total_yen=line.total_yen,
        tax_rate=line.tax_rate,
        custom={"1": line.key if cart is Cart.BASE else ""},
        cart_line_key=line.key,
    )


def _method(order: CartOrder, group: Group, default_method: str | None) -> _Method:
    if order.cart is Cart.BASE:
        if group.delivery_method or not default_method:
            return _Method(group.delivery_method)
        return _Method(default_method, filled=True)
    destination = destination_of(order, group.destination)
    name = provisional_method(destination)
    return _Method(name, hold=None if name else _no_method(destination))


def provisional_method(destination: Destination) -> str:
    """Return a ShopServe destination's delivery method, blank while it has none (IMP-16)."""
    numbered = any(number.strip() for number in destination.tracking_numbers)
    return destination.carrier.strip() if numbered else ""


def _no_method(destination: Destination) -> Hold:
    numbered = any(number.strip() for number in destination.tracking_numbers)
    lacking = (
        "carrier (配送業者)" if numbered else "provisional tracking number (仮の問い合わせ番号)"
    )
    text = f"no delivery method: destination {destination.number} has no {lacking} in ShopServe"
    return Hold(HoldReason.CHECK, HoldCause.NO_DELIVERY_METHOD, text)


def _warnings(order: CartOrder, gap_yen: int) -> list[str]:
    warnings: list[str] = []
    if gap_yen:
        warnings.append(
            f"the cart's total is {gap_yen:+d} yen off the sum of its amounts; part 1 bears it"
        )
    if isinstance(order.status, ShopServeStatus) and order.status.shipped:
        warnings.append("the cart shows this unconfirmed order as shipped (発送済): check it")
    if order.status.unknown_literals:
        named = ", ".join(order.status.unknown_literals)
        warnings.append(f"the cart uses words we do not know, they change nothing: {named}")
    return warnings
