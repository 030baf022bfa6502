"""One order as a cart tells it, in words that fit both carts."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.carts.cart import Cart


class Folder(StrEnum):
    """Where ShopServe keeps an order."""

    LEDGER = "Ledger"
    COMPLETED = "Completed"
    CANCELED = "Canceled"
    TRASH = "Trash"
    UNKNOWN = "unknown"


class Settlement(StrEnum):
    """ShopServe's settlement status (決済ステータス), newest state only.

    `UNTOLD`: the answer has none, which is no `NONE`; `UNKNOWN`: a word nobody knows.
    """

    NONE = "None"
    AUTHORIZED = "Authorized"
    REQUESTING = "Requesting"
    REQUESTED = "Requested"
    SLIP_SENT = "SlipSent"
    COLLECTION_SCHEDULED = "CollectionScheduled"
    COLLECTED = "Collected"
    CANCELED = "Canceled"
    ERROR = "Error"
    UNTOLD = "untold"
    UNKNOWN = "unknown"


class PaymentClass(StrEnum):
    """What a ShopServe payment method means for us (PAY-1).

    prepaid: paid once 入金済. deferred: paid once 与信OK. deferred_at_once: the same checks at
    completion, but paid from the start. card: settlement is requested. cod, none: nothing is.
    """

    PREPAID = "prepaid"
    DEFERRED = "deferred"
    DEFERRED_AT_ONCE = "deferred_at_once"
    CARD = "card"
    COD = "cod"
    NONE = "none"


class Dispatch(StrEnum):
    """BASE's dispatch status of an order."""

    UNPAID = "unpaid"
    ORDERED = "ordered"
    UNSHIPPABLE = "unshippable"
    SHIPPING = "shipping"
    DISPATCHED = "dispatched"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class LineState(StrEnum):
    """What became of one line in the cart. ShopServe lines are always `OPEN`."""

    OPEN = "ordered"
    DISPATCHED = "dispatched"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ShopServeStatus:
    """ShopServe's view of an order.

    Attributes:
        confirmed: 確認済 (True), 未確認 (False) or a literal we do not know (None).
        shipped: 発送済, or None for an unknown literal.
        paid: payment status 入金済, or None for an unknown literal.
        cancelled: the order's cancel flag is Yes; None if the cart does not tell.
        test: a test order, never shipped; None if the cart does not tell.
        unknown_literals: `field=value` of each literal we do not know; they change nothing.
    """

    folder: Folder
    confirmed: bool | None
    shipped: bool | None
    paid: bool | None
    settlement: Settlement
    cancelled: bool | None
    test: bool | None
    unknown_literals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BaseStatus:
    """BASE's view of an order.

    Attributes:
        transfer_short: the bank transfer arrived with too little money (`shortage`).
        deferred: `atobarai_payment_transaction.status`, empty if none.
        unknown_literals: `field=value` of each literal we do not know; they change nothing.
    """

    dispatch: Dispatch
    transfer_short: bool = False
    deferred: str = ""
    unknown_literals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contact:
    """A buyer or a recipient. Every field may be blank.

    Attributes:
        address: prefecture, town, number and building in one string.
    """

    name: str = ""
    postal_code: str = ""
    address: str = ""
    tel: str = ""
    email: str = ""

    @property
    def blank(self) -> bool:
        """Whether the cart told nothing at all about this person."""
        told = (self.name, self.postal_code, self.address, self.tel)
        return not any(text.strip() for text in told)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the buyer wants of one parcel (IMP-19). Every field may be blank.

    Attributes:
        date: desired delivery date (配達希望日), `2025-01-09` where the cart's text is a date.
        time: desired time slot (時間帯) in the cart's words: `1416` on BASE, 午前中 on ShopServe.
        remarks: what the buyer wrote (備考).
        gift: ShopServe's のし, wrapping and message card, each behind its name.
    """

    date: str = ""
    time: str = ""
    remarks: str = ""
    gift: str = ""


NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True)
class Destination:
    """One place an order is sent to.

    Attributes:
        number: 1-based; ShopServe's `delivery_no`, always 1 on BASE.
        carrier: ShopServe's `carrier_name`, else `carrier_code`, else blank.
        tracking_numbers: ShopServe's provisional or real numbers.
        wishes: of this destination alone; remarks on the whole order are each one's.
    """

    number: int
    recipient: Contact
    carrier: str = ""
    tracking_numbers: tuple[str, ...] = ()
    shipped: bool = False
    wishes: Wishes = NO_WISHES


@dataclass(frozen=True, slots=True)
class CartLine:
    """One line of an order.

    Attributes:
        key: BASE `order_item_id` as text; ShopServe `<delivery_no>-<position>`.
        item: which item or variation of the shop it is; what two lines of one thing share.
        item_code: BASE 商品コード (`item_identifier`), ShopServe `item_code`; may be blank.
        has_variation: the line names a variation.
        variation_code: BASE 種類コード, blank if none.
        choices: ShopServe choice names in axis order.
        unit_price_yen: tax included, without options.
        options_yen: all options of the line together.
        options: what was chosen or written (商品オプション), `name: value` each.
        total_yen: what the buyer pays for the line, options included, tax included.
        tax_rate: percent, 8 or 10.
        delivery_method: BASE: from `shipping_lines`, else the line, else the order, else blank.
        shipping_fee_yen: BASE: the line's own fee where no `shipping_lines` entry covers it.
    """

    key: str
    destination: int
    item_code: str
    name: str
    quantity: int
    unit_price_yen: int
    options_yen: int
    total_yen: int
    tax_rate: int
    item: tuple[str, ...] = ()
    has_variation: bool = False
    variation_code: str = ""
    choices: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    delivery_method: str = ""
    shipping_fee_yen: int = 0
    state: LineState = LineState.OPEN


@dataclass(frozen=True, slots=True)
class ShippingCharge:
    """A fee BASE names for one delivery method (an entry of `shipping_lines`)."""

    delivery_method: str
    fee_yen: int


@dataclass(frozen=True, slots=True)
class Charges:
    """Amounts of an order beside its lines, in yen.

    Attributes:
        shipping_yen: the order's whole shipping fee.
        per_method: BASE: fees named per delivery method.
        fee_yen: cash-on-delivery or handling fee.
        discount_yen: coupons and discounts, positive.
        points_yen: BASE coins, ShopServe points, positive.
        adjustment_yen: changed by the shop afterwards; may be negative.
        total_yen: what the cart says the buyer pays.
    """

    shipping_yen: int
    fee_yen: int
    discount_yen: int
    points_yen: int
    adjustment_yen: int
    total_yen: int
    per_method: tuple[ShippingCharge, ...] = ()


@dataclass(frozen=True, slots=True)
class CartOrder:
    """One order as the cart tells it now.

    Attributes:
        key: unique in the shop for ever: ShopServe `serial_code`, BASE `unique_key`.
        number: what people call it: ShopServe 注文番号 (can repeat), BASE `unique_key`.
        payment_method: the cart's code; the name where ShopServe sends no code.
        payment_name: the cart's display name, blank on BASE.
        payment_listed: ShopServe: what the built-in list says of code and name (PAY-1). Empty for
            a method that is not on it; two classes contradict each other.
    """

    cart: Cart
    key: str
    number: str
    ordered_at: datetime
    status: ShopServeStatus | BaseStatus
    payment_method: str
    payment_name: str
    buyer: Contact
    destinations: tuple[Destination, ...]
    lines: tuple[CartLine, ...]
    charges: Charges
    payment_listed: frozenset[PaymentClass] = frozenset()


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """One row of a cart's order list.

    Attributes:
        ordered_at: aware; None where the row does not tell it in a readable way.
        raw: the row as it came. ShopServe's list holds whole orders, BASE's only summaries.
        whole: `raw` is the whole order, so no further read is needed to convert it.
    """

    key: str
    ordered_at: datetime | None
    raw: dict[str, object] = field(repr=False)
    whole: bool


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """What BASE's list tells of an order without a detail call."""

    key: str
    ordered_at: datetime
    dispatch: Dispatch
    payment_method: str
    total_yen: int
