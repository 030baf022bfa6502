"""Shipping instructions as the conversion makes them, before they are stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.orders.cart_order import Contact
from domain.orders.instructions import ApiStatus, Hold, HoldReason, Payment, Status, reasons


@dataclass(frozen=True, slots=True)
class NewLine:
    """One line of a new instruction (明細).

    Attributes:
        options: what was chosen or written (商品オプション), `name: value` each.
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
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewInstruction:
    """A shipping instruction as it is first stored; it starts at awaiting_print (IMP-17).

    Attributes:
        number: the order's number, with the part behind a hyphen if the order is split.
        part: 1-based; the same whenever the order is read again.
        holds: why it is on hold; empty for awaiting_shipment.
        methods: all delivery methods the cart named for its lines, the one that names it first.
        method_filled: the cart left the method blank and the default filled it in (IMP-11).
        discount_yen: discounts and coupons; `points_yen` are apart from it.
        adjustment_yen: the shop's change and a gap to the cart's total.
        custom: order custom fields; `1` (注文独自1) marks deferred payment (IMP-13).
        wished_date: with `wished_time`, `remarks` and `gift` as domain.orders.cart_order.Wishes.
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
    ordered_at: datetime
    methods: tuple[str, ...] = ()
    wished_date: str = ""
    wished_time: str = ""
    remarks: str = ""
    gift: str = ""
    api_status: ApiStatus = ApiStatus.AWAITING_PRINT

    @property
    def hold_reasons(self) -> tuple[HoldReason, ...]:
        """The operators' words for the holds, each once."""
        return reasons(self.holds)
