"""Pages of the order search, row by row: one spoilt row keeps no other order away."""

from dataclasses import dataclass
from datetime import datetime

from adapters.http.reading import Field
from adapters.shopserve.wire.literals import moment
from domain.carts.listings import Listing, UnreadableRow, listing
from domain.errors import Undecodable
from domain.orders.cart_order import ListedOrder

# Stands for an order of an answer in which a row does not tell whose it is; undecodable.
NAMELESS: dict[str, object] = {"serial_code": None}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search.

    Attributes:
        total: None where the cart does not tell it in a readable way.
        size: how many rows came, readable or not.
    """

    total: int | None
    rows: Listing[ListedOrder]
    size: int


def page(body: object, start: int = 0) -> Page:
    """Read one page of the order search. Args: start: how many rows come before it."""
    answer = Field(body, "")
    rows = answer["orders"]
    if rows.value is None:
        rows = answer["contents"]
    if rows.value is None:
        raise rows.wrong("there")
    found = rows.rows()
    return Page(
        total=total_of(answer),
        rows=listing(_listed(row, at) for at, row in enumerate(found, start=start + 1)),
        size=len(found),
    )


def total_of(answer: Field) -> int | None:
    """Return how many rows a search has in all, None where that cannot be read."""
    try:
        return answer["total_count"].integer(low=0)
    except Undecodable:
        return None


def _listed(row: Field, position: int) -> ListedOrder | UnreadableRow:
    try:
        return ListedOrder(row["serial_code"].key(), _ordered_at(row), row.object(), whole=True)
    except Undecodable as error:
        return UnreadableRow(
            reason=str(error),
            position=position,
            label=_number(row),
            ordered_at=_ordered_at(row),
            raw=row.value,
        )


def _ordered_at(row: Field) -> datetime | None:
    try:
        return moment(row["basic"]["order_date"])
    except Undecodable:
        return None


def _number(row: Field) -> str:
    try:
        return row["basic"]["order_number"].text()
    except Undecodable:
        return ""
