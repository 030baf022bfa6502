"""Turn one cart order into shipping instructions (変換; IMP-9 to IMP-18).

groups -> recipient, delivery method, SKUs, amounts, first status -> one instruction per group.
Nothing but the order decides the outcome, so it can be repeated from the stored answer (IMP-6).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from domain.carts.cart import Cart
from domain.errors import BrokenRule
from domain.orders.amounts import Amounts, keep_together, split_amounts
from domain.orders.cart_order import CartLine, CartOrder, Contact, Destination, ShopServeStatus
from domain.orders.instructions import Hold, HoldCause, HoldReason, status_with
from domain.orders.new_instructions import NewInstruction, NewLine
from domain.orders.parts import (
    Found,
    Group,
    Lookup,
    destination_of,
    groups,
    live,
    recipient_of,
    shared_codes,
    sku_of,
)
from domain.orders.payment_methods import LISTED_ONLY, PaymentTable
from domain.orders.payments import BASE_DEFERRED, FirstPayment, first_payment
from domain.orders.splitting import Splitting

FREE_SHIPPING = "送料無料"
"""IMP-11: what fills a blank delivery method by default, on BASE only."""


@dataclass(frozen=True, slots=True)
class ShopTables:
    """What a shop's tables and settings say about its orders.

    Attributes:
        skus: ShopServe's mapped SKUs; BASE needs none.
        default_method: what fills a blank delivery method on BASE (IMP-11), None = leave it blank.
        splitting: how BASE orders are split, and how this one was.
        import_partly_cancelled: BASE orders with cancelled lines are imported, too (IMP-5).
        payments: what ShopServe's payment methods mean (PAY-1).
        split_lost: this order may have been split before, nobody knows how (PLC-2).
    """

    skus: Lookup = field(default_factory=dict)
    default_method: str | None = None
    splitting: Splitting = field(default_factory=Splitting)
    import_partly_cancelled: bool = False
    payments: PaymentTable = LISTED_ONLY
    split_lost: bool = False


@dataclass(frozen=True, slots=True)
class Conversion:
    """What an order became.

    Attributes:
        warnings: one line each, for the API log; the order was converted all the same.
        notes: the same for what is worth knowing, but nothing to act on.
        split: part by line key, cancelled lines included: to be kept for later conversions.
    """

    instructions: tuple[NewInstruction, ...]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    split: Mapping[str, int] = field(default_factory=dict)


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
    tables: ShopTables
    holds: tuple[Hold, ...]


def convert(order: CartOrder, tables: ShopTables, *, recalculate: bool = True) -> Conversion:
    """Return the shipping instructions of an order that eligibility has let in.

    Args: recalculate: give each part its own amounts (IMP-14); off: part 1 bears the whole order.
    Raises: BrokenRule: this order cannot be converted; the message names the line and the remedy.
    """
    every = groups(order, tables.splitting)
    parts = live(every)
    if not parts:
        raise BrokenRule(f"no line of order {order.number} is left")
    lines = [line for group in parts for line in group.lines]
    skus = {line.key: sku_of(order.cart, line, tables.skus) for line in lines}
    recipients = [recipient_of(order, group.destination) for group in parts]
    split = (split_amounts if recalculate else keep_together)(every, order.charges)
    payment = first_payment(order, tables.payments)
    basis = _Basis(order, payment, skus, tables, _holds_of_order(order, payment, tables))
    instructions = tuple(
        _instruction(basis, group, recipient, amounts)
        for group, recipient, amounts in zip(parts, recipients, split.parts, strict=True)
    )
    warnings = [
        *(found.warning for found in skus.values() if found.warning),
        *(shared_codes((line, skus[line.key].sku) for line in lines) if _is_base(order) else ()),
        *_warnings(order, split.gap_yen),
        *_nameless(instructions),
        *_unknown_payment(payment),
    ]
    return Conversion(
        instructions,
        warnings=tuple(f"order {order.number}: {each}" for each in warnings),
        notes=tuple(_named_by(group) for group in parts if len(group.methods) > 1),
        split=tables.splitting.parts(order),
    )


def _unknown_payment(payment: FirstPayment) -> list[str]:
    if payment.hold is None or payment.hold.cause is not HoldCause.UNKNOWN_PAYMENT:
        return []
    return [f"on hold (要確認): {payment.hold.text}"]


def _is_base(order: CartOrder) -> bool:
    return order.cart is Cart.BASE


def _holds_of_order(
    order: CartOrder, payment: FirstPayment, tables: ShopTables
) -> tuple[Hold, ...]:
    """Return the holds all instructions of an order share."""
    holds = [payment.hold] if payment.hold else []
    if tables.split_lost and tables.splitting.depends_on_table(order):
        text = (
            "how this order was split before is lost, and the method table may have changed since:"
            " compare its parts and numbers with what the warehouse has, then release it"
        )
        holds.append(Hold(HoldReason.CHECK, HoldCause.SPLIT_LOST, text))
    return tuple(holds)


def _instruction(
    basis: _Basis, group: Group, recipient: Contact, amounts: Amounts
) -> NewInstruction:
    order = basis.order
    method = _method(order, group, basis.tables.default_method)
    lines = tuple(_line(order.cart, line, basis.skus[line.key].sku) for line in group.lines)
    deferred = _is_base(order) and order.payment_method == BASE_DEFERRED
    own = (method.hold, _no_address(order, group, recipient))
    holds = (*basis.holds, *(hold for hold in own if hold is not None))
    wishes = destination_of(order, group.destination).wishes
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
        ordered_at=order.ordered_at,
        methods=tuple(name for name in group.methods if name),
        wished_date=wishes.date,
        wished_time=wishes.time,
        remarks=wishes.remarks,
        gift=wishes.gift,
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
        options=line.options,
    )


def _method(order: CartOrder, group: Group, default_method: str | None) -> _Method:
    if _is_base(order):
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


def _no_address(order: CartOrder, group: Group, recipient: Contact) -> Hold | None:
    """Return the hold of a parcel that cannot be addressed (IMP-18)."""
    if recipient.address.strip():
        return None
    where = f" of destination {group.destination}" if len(order.destinations) > 1 else ""
    told = "the buyer's is told" if order.buyer.address.strip() else "nor a buyer's"
    text = f"the cart tells no recipient's address{where} ({told}): ask the buyer, then release it"
    return Hold(HoldReason.CHECK, HoldCause.NO_ADDRESS, text)


def _nameless(instructions: Iterable[NewInstruction]) -> list[str]:
    return [
        f"{one.number}: the cart tells no recipient's name: ask the buyer before it is shipped"
        for one in instructions
        if not one.recipient.name.strip()
    ]


def _named_by(group: Group) -> str:
    """Return what the API log says about a part with several methods (IMP-10)."""
    named, *others = (name or "(blank)" for name in group.methods)
    return f"{group.number}: 配送方法は {named}（同じ配送会社の他の配送方法: {'，'.join(others)}）"


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
