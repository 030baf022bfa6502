"""Orders as BASE lists them, asks for them and updates them."""

import unicodedata
from datetime import datetime

from adapters.http.calls import segment
from adapters.http.reading import Field
from adapters.thebase.wire.times import in_words
from domain.carts.listings import UnreadableRow
from domain.carts.ports import Parcel
from domain.engine.runs import Window
from domain.errors import Undecodable
from domain.orders.cart_order import Dispatch, ListedOrder, OrderSummary

LIST = "/1/orders"
EDIT_STATUS = "/1/orders/edit_status"
COMPANIES = "/1/delivery_companies"
ME = "/1/users/me"
_DISPATCHES = {status.value: status for status in Dispatch if status is not Dispatch.UNKNOWN}
_HYPHENS = str.maketrans("", "", "-‐‑‒–—―−ー ")  # noqa: RUF001 - everything typed for a hyphen


def by_window(window: Window) -> dict[str, str]:
    """Return the query for all orders of a window, whatever their state."""
    return {"start_ordered": in_words(window.since), "end_ordered": in_words(window.until)}


def detail_path(key: str) -> str:
    """Return where one whole order is read."""
    return f"/1/orders/detail/{segment(key)}"


def dispatch(line: str, parcel: Parcel) -> dict[str, str]:
    """Return the request that marks one line as dispatched."""
    return {"order_item_id": line, "status": "dispatched", **_parcel(parcel)}


def deferred_shipping(line: str, parcel: Parcel) -> dict[str, str]:
    """Return the request that marks a deferred payment's whole order as shipped."""
    return {"order_item_id": line, "atobarai_status": "shipping", **_parcel(parcel)}


def _parcel(parcel: Parcel) -> dict[str, str]:
    number = unicodedata.normalize("NFKC", parcel.tracking_number).translate(_HYPHENS)
    return {"delivery_company_id": parcel.carrier, "tracking_number": number}


def page(body: object, start: int = 0) -> list[ListedOrder | UnreadableRow]:
    """Read one page of the list. Args: start: how many rows come before it."""
    rows = Field(body, "")["orders"]
    if rows.value is None:
        raise rows.wrong("there")
    return [_listed(row, at) for at, row in enumerate(rows.rows(), start=start + 1)]


def _listed(row: Field, position: int) -> ListedOrder | UnreadableRow:
    try:
        return ListedOrder(row["unique_key"].key(), _ordered_at(row), row.object(), whole=False)
    except Undecodable as error:
        return UnreadableRow(str(error), position, ordered_at=_ordered_at(row), raw=row.value)


def _ordered_at(row: Field) -> datetime | None:
    try:
        return row["ordered"].moment()
    except Undecodable:
        return None


def summary(raw: dict[str, object]) -> OrderSummary:
    """Read one list row."""
    row = Field(raw, "")
    return OrderSummary(
        key=row["unique_key"].key(),
        ordered_at=row["ordered"].moment(),
        dispatch=dispatch_status(row["dispatch_status"]),
        payment_method=row["payment"].key(),  # without it a short bank transfer would look paid
        total_yen=row["total"].integer(),
    )


def dispatch_status(place: Field) -> Dispatch:
    """Return the status; a word nobody knows is UNKNOWN."""
    word = place.value.strip() if isinstance(place.value, str) else ""
    return _DISPATCHES.get(word, Dispatch.UNKNOWN)


def whole(body: object) -> dict[str, object]:
    """Return the order inside the answer to a detail call or an update."""
    return Field(body, "")["order"].object()


def detail(body: object, key: str) -> dict[str, object]:
    """Return the order inside the answer to a detail call. Raises Undecodable for another's."""
    raw = whole(body)
    told = Field(raw, "order")["unique_key"]
    if told.text() != key:
        raise told.wrong(f"that of the order asked for ({key})")
    return raw


def companies(body: object) -> dict[str, str]:
    """Read the delivery companies: id by name."""
    rows = Field(body, "")["delivery_companies"]
    if rows.value is None:
        raise rows.wrong("there")
    return {row["name"].key(): row["delivery_company_id"].key() for row in rows.rows()}


def shop_name(body: object) -> str:
    """Read the shop's name, its id where it set none."""
    user = Field(body, "")["user"]
    user.object()
    return user["shop_name"].text() or user["shop_id"].key()
