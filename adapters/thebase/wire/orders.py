"""Orders as BASE lists them, asks for them and updates them."""

import unicodedata
from typing import cast

from adapters.http.calls import segment
from adapters.http.reading import (
    Key,
    Later,
    Moment,
    Needed,
    Object,
    Rows,
    Text,
    Told,
    Whole,
    Wrong,
    read,
    sound,
    sure,
    word,
)
from domain.carts.listings import UnreadableRow
from domain.carts.ports import CartParcel, ShopIdentity
from domain.engine.cadence import TOKYO
from domain.engine.runs import Window
from domain.errors import Undecodable
from domain.orders.cart_order import Dispatch, ListedOrder, OrderSummary

LIST = "/1/orders"
EDIT_STATUS = "/1/orders/edit_status"
COMPANIES = "/1/delivery_companies"
ME = "/1/users/me"
DISPATCHES = {status.value: status for status in Dispatch if status is not Dispatch.UNKNOWN}
_HYPHENS = str.maketrans("", "", "-‐‑‒–—―−ー ")  # noqa: RUF001 - everything typed for a hyphen
_TIME = "%Y-%m-%d %H:%M:%S"  # of Tokyo


def by_window(window: Window) -> dict[str, str]:
    """Return the query for all orders of a window, whatever their state."""
    since, until = window.since.astimezone(TOKYO), window.until.astimezone(TOKYO)
    return {"start_ordered": f"{since:{_TIME}}", "end_ordered": f"{until:{_TIME}}"}


def detail_path(key: str) -> str:
    """Return where one whole order is read."""
    return f"/1/orders/detail/{segment(key)}"


def dispatch(line: str, parcel: CartParcel) -> dict[str, str]:
    """Return the request that marks one line as dispatched."""
    return {"order_item_id": line, "status": "dispatched", **_parcel(parcel)}


def deferred_shipping(line: str, parcel: CartParcel) -> dict[str, str]:
    """Return the request that marks a deferred payment's whole order as shipped."""
    return {"order_item_id": line, "atobarai_status": "shipping", **_parcel(parcel)}


def _parcel(parcel: CartParcel) -> dict[str, str]:
    number = unicodedata.normalize("NFKC", parcel.tracking_number).translate(_HYPHENS)
    return {"delivery_company_id": parcel.carrier, "tracking_number": number}


class _OrderRow(Told):
    unique_key: Later[Key]
    ordered: Later[Moment]


class _ListAnswer(Told):
    orders: Needed[Rows[Later[_OrderRow]]]


class _SummaryRow(Told):
    unique_key: Key
    ordered: Moment
    dispatch_status: object
    payment: Key  # without it a short bank transfer would look paid
    total: Whole


class _UpdateAnswer(Told):
    order: Object[dict[str, object]]


class _KeyedOrder(Told):
    unique_key: Text


class _DetailAnswer(Told):
    order: Object[_KeyedOrder]


class _Company(Told):
    name: Key
    delivery_company_id: Key


class _Companies(Told):
    delivery_companies: Needed[Rows[_Company]]


class _User(Told):
    shop_id: Later[Key]
    shop_name: Text


class _Me(Told):
    user: Object[_User]


def page(body: object, start: int = 0) -> list[ListedOrder | UnreadableRow]:
    """Read one page of the list. Args: start: how many rows come before it."""
    told = read(_ListAnswer, body).orders
    raw = cast("dict[str, list[dict[str, object]]]", body)["orders"]
    return [_listed(row, raw[at], at, start) for at, row in enumerate(told)]


def _listed(
    row: _OrderRow | Wrong, raw: dict[str, object], at: int, start: int
) -> ListedOrder | UnreadableRow:
    if isinstance(row, Wrong):
        return UnreadableRow(str(row.at(f"orders[{at}]")), start + at + 1, raw=raw)
    ordered_at = sound(row.ordered, None)
    if isinstance(row.unique_key, Wrong):
        reason = str(row.unique_key.at(f"orders[{at}].unique_key"))
        return UnreadableRow(reason, start + at + 1, ordered_at=ordered_at, raw=raw)
    return ListedOrder(row.unique_key, ordered_at, raw, whole=False)


def summary(raw: dict[str, object]) -> OrderSummary:
    """Read one list row."""
    row = read(_SummaryRow, raw)
    return OrderSummary(
        key=row.unique_key,
        ordered_at=row.ordered,
        dispatch=DISPATCHES.get(word(row.dispatch_status), Dispatch.UNKNOWN),
        payment_method=row.payment,
        total_yen=row.total,
    )


def updated(body: object) -> dict[str, object]:
    """Return the order inside the answer to an update."""
    return read(_UpdateAnswer, body).order


def detail(body: object, key: str) -> dict[str, object]:
    """Return the order inside the answer to a detail call. Raises Undecodable for another's."""
    if read(_DetailAnswer, body).order.unique_key != key:
        raise Undecodable(f"order.unique_key: not that of the order asked for ({key})")
    return cast("dict[str, dict[str, object]]", body)["order"]


def companies(body: object) -> dict[str, str]:
    """Read the delivery companies: id by name."""
    told = read(_Companies, body).delivery_companies
    return {company.name: company.delivery_company_id for company in told}


def identity(body: object) -> ShopIdentity:
    """Read the shop's id and its name, which is the id where it set none."""
    user = read(_Me, body).user
    account = sure(user.shop_id, "user.shop_id")
    return ShopIdentity(account, user.shop_name or account)
