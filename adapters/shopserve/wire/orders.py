"""Orders as ShopServe lists them, asks for them and updates them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, cast

from adapters.http.calls import segment
from adapters.http.reading import (
    Date,
    Key,
    Later,
    Needed,
    OrEmpty,
    Text,
    Told,
    Wrong,
    read,
    sound,
    sure,
    whole,
)
from adapters.shopserve.wire.literals import NO
from domain.carts.listings import Listing, UnreadableRow, listing
from domain.carts.ports import CartParcel
from domain.engine.cadence import TOKYO
from domain.engine.runs import Window
from domain.orders.cart_order import ListedOrder

# The groups are joined with a semicolon that must reach the cart as it is.
GROUPS = "basic;payment;orderer;deliveries;memo"
RETRIEVE = f"/orders/_retrieve/{GROUPS}"
PAGE_ROWS = 100
MOST_KEYS = 100
STATE = "status"
SETTLEMENT = "settlement/_request"  # 決済依頼
COMPLETION = "_complete"  # to the completed folder (取引完了フォルダ)
SHIPPING = "deliveries/{destination}/shipping"
CARRIERS = ("YAMATO", "SAGAWA", "JAPANPOST", "SEINO", "FUKUYAMA", "OTHER")
CONFIRMATION: dict[str, object] = {"confirm_status": "Confirmed"}
# Stands for an order of an answer in which a row does not tell whose it is; undecodable.
NAMELESS: dict[str, object] = {"serial_code": None}
_TIME = "%Y-%m-%d %H:%M:%S"  # of Tokyo


def by_window(window: Window) -> dict[str, object]:
    """Return the search for all orders of a window, whatever their state."""
    since, until = window.since.astimezone(TOKYO), window.until.astimezone(TOKYO)
    return {"since": f"{since:{_TIME}}", "until": f"{until:{_TIME}}"}


def by_keys(keys: Sequence[str]) -> dict[str, object]:
    """Return the search for exactly these orders."""
    return {"serial_codes": list(keys)}


def page_of(search: dict[str, object], start: int) -> dict[str, object]:
    """Return the request for one page of a search, oldest order first."""
    sort = {"type": "OrderDate", "order": "Asc"}
    return {**search, "from": start, "size": PAGE_ROWS, "sort": sort}


def order_path(key: str, change: str) -> str:
    """Return where an order is changed. Args: change: STATE, SETTLEMENT, COMPLETION or SHIPPING."""
    return f"/orders/{segment(key)}/{change}"


def shipping_result(parcel: CartParcel) -> dict[str, object]:
    """Return the shipping result; the number goes over the provisional one."""
    day = parcel.shipped_on.isoformat()
    return {
        "carrier_code": parcel.carrier,
        "tracking_numbers": [parcel.tracking_number],
        "scheduled_shipping_date": day,
        "shipped_date": day,
        "shipping_status": "Shipped",
        "send_mail": NO,
    }


class _RowBasic(Told):
    order_number: Later[Text]
    order_date: Later[Date]


class _SearchRow(Told):
    serial_code: Later[Key]
    basic: Later[OrEmpty[_RowBasic]]


_Rows = list[OrEmpty[Later[_SearchRow]]]
Total = Later[Annotated[int, whole(low=0)]]


class _SearchAnswer(Told):
    total_count: Total
    orders: _Rows | None
    contents: Later[Needed[_Rows]]  # where there are no `orders`


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of a search, row by row: one spoilt row keeps no other order away.

    Attributes:
        total: None where the cart does not tell it in a readable way.
        size: how many rows came, readable or not.
    """

    total: int | None
    rows: Listing[ListedOrder]
    size: int


def page(body: object, start: int = 0) -> OrderPage:
    """Read one page of the order search. Args: start: how many rows come before it."""
    told = read(_SearchAnswer, body)
    name = "contents" if told.orders is None else "orders"
    rows = sure(told.contents, name) if told.orders is None else told.orders
    raw = cast("dict[str, list[dict[str, object]]]", body)[name]
    return OrderPage(
        total=sound(told.total_count, None),
        rows=listing(_listed(row, raw[at], name, at, start) for at, row in enumerate(rows)),
        size=len(rows),
    )


def _listed(
    row: _SearchRow | Wrong, raw: dict[str, object], name: str, at: int, start: int
) -> ListedOrder | UnreadableRow:
    if isinstance(row, Wrong):
        return UnreadableRow(str(row.at(f"{name}[{at}]")), start + at + 1, raw=raw)
    basic = sound(row.basic, None)
    ordered_at = sound(basic.order_date, None) if basic else None
    if not isinstance(row.serial_code, Wrong):
        return ListedOrder(row.serial_code, ordered_at, raw, whole=True)
    return UnreadableRow(
        reason=str(row.serial_code.at(f"{name}[{at}].serial_code")),
        position=start + at + 1,
        label=sound(basic.order_number, "") if basic else "",
        ordered_at=ordered_at,
        raw=raw,
    )
