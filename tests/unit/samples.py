"""Orders and instructions to test the rules with; every field has an unremarkable default."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from adapters.shopserve.wire.payments import listed
from domain.carts.cart import Cart
from domain.engine.runs import Window
from domain.errors import BrokenRule
from domain.orders.cart_order import (
    BaseStatus,
    CartLine,
    CartOrder,
    Charges,
    Contact,
    Destination,
    Dispatch,
    Folder,
    LineState,
    OrderSummary,
    Settlement,
    ShippingCharge,
    ShopServeStatus,
)
from domain.orders.conversion import ShopTables, convert
from domain.orders.instructions import Hold, HoldCause, HoldReason, Status, move
from domain.orders.new_instructions import NewInstruction

NOON = datetime(2025, 1, 15, 3, 0, tzinfo=UTC)  # 12:00 in Tokyo, a Wednesday
BUYER = Contact(
    "佐伯 結衣", "5300001", "大阪府大阪市北区梅田9-9-9", "0600000000", "buyer@example.jp"
)
FRIEND = Contact("試験 花子", "1000001", "東京都千代田区千代田0-0-0", "0300000000")

WAITING = Hold(HoldReason.PAYMENT, HoldCause.UNPAID, "not paid yet")
NO_METHOD = Hold(HoldReason.CHECK, HoldCause.NO_DELIVERY_METHOD, "no method")
BY_HAND = Hold(HoldReason.ADDRESS, HoldCause.PERSON, "a person")


def line(
    key: str = "1",
    total: int = 1000,
    method: str = "",
    state: LineState = LineState.OPEN,
    fee: int = 0,
    rate: int = 10,
    *,
    code: str = "A",
) -> CartLine:
    """One piece of one item."""
    return CartLine(
        key=key,
        destination=1,
        item_code=code,
        name=f"item {key}",
        quantity=1,
        unit_price_yen=total,
        options_yen=0,
        total_yen=total,
        tax_rate=rate,
        delivery_method=method,
        shipping_fee_yen=fee,
        state=state,
    )


def charges(total: int, **known: int) -> Charges:
    """Amounts of an order; what is not named is 0."""
    return replace(Charges(0, 0, 0, 0, 0, total), **known)  # type: ignore[arg-type]


def charged(method: str, fee: int) -> ShippingCharge:
    """A fee BASE names for one method."""
    return ShippingCharge(method, fee)


def base_order(
    *lines: CartLine,
    dispatch: Dispatch = Dispatch.ORDERED,
    status: BaseStatus | None = None,
    payment: str = "creditcard",
    costs: Charges | None = None,
    recipient: Contact | None = None,
) -> CartOrder:
    """A BASE order; its total is the sum of its lines unless `costs` says otherwise."""
    kept = lines or (line(),)
    live = sum(each.total_yen for each in kept if each.state is not LineState.CANCELLED)
    return CartOrder(
        cart=Cart.BASE,
        key="3C07A19F5B2E84D6",
        number="3C07A19F5B2E84D6",
        ordered_at=NOON,
        status=status or BaseStatus(dispatch),
        payment_method=payment,
        payment_name="",
        buyer=BUYER,
        destinations=(Destination(1, FRIEND if recipient is None else recipient),),
        lines=kept,
        charges=costs or charges(live),
    )


READY = ShopServeStatus(
    folder=Folder.LEDGER,
    confirmed=False,
    shipped=False,
    paid=False,
    settlement=Settlement.AUTHORIZED,
    cancelled=False,
    test=False,
)


def shop_line(key: str = "1-1", destination: int = 1, choices: tuple[str, ...] = ()) -> CartLine:
    """One piece of a ShopServe item that goes to a destination."""
    plain = line(key, code="TS-100")
    return replace(plain, destination=destination, choices=choices, has_variation=bool(choices))


def numbered(number: int, tracking: str = "0000-0000", carrier: str = "ヤマト運輸") -> Destination:
    """A destination with a provisional tracking number and a carrier."""
    return Destination(number, FRIEND, carrier, (tracking,) if tracking else ())


def shopserve_order(
    *lines: CartLine,
    status: ShopServeStatus = READY,
    method: str = "CreditCard",
    name: str = "",
    destinations: tuple[Destination, ...] | None = None,
    costs: Charges | None = None,
) -> CartOrder:
    """A ShopServe order, one destination per number its lines name unless told otherwise."""
    kept = lines or (shop_line(),)
    places = tuple(numbered(number) for number in sorted({each.destination for each in kept}))
    return CartOrder(
        cart=Cart.SHOPSERVE,
        key="SC-20250115-000417",
        number="10004217",
        ordered_at=NOON,
        status=status,
        payment_method=method,
        payment_name=name,
        buyer=BUYER,
        destinations=places if destinations is None else destinations,
        lines=kept,
        charges=costs or charges(sum(each.total_yen for each in kept)),
        payment_listed=listed(method, name),
    )


def summary(dispatch: Dispatch, *, payment: str = "creditcard", total: int = 1000) -> OrderSummary:
    """A row of BASE's list."""
    return OrderSummary("3C07A19F5B2E84D6", NOON, dispatch, payment, total)


def instruction(order: CartOrder | None = None) -> NewInstruction:
    """The first instruction an order becomes."""
    made = convert(order or base_order(), ShopTables())
    return made.instructions[0]


def moves_from(current: Status) -> list[Status]:
    """Return where an instruction may go, told by trying."""
    reached = []
    for to in Status:
        with suppress(BrokenRule):
            reached.append(move(current, to))
    return reached


def covers(windows: Iterable[Window], moment: datetime) -> bool:
    """Tell whether an order placed at a moment is asked for, in the carts' whole seconds."""
    second = moment.replace(microsecond=0)
    return any(window.since <= second <= window.until for window in windows)
