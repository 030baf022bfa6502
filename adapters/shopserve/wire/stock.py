"""Stock and the item list as ShopServe writes them."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, cast

from adapters.http.calls import segment
from adapters.http.reading import (
    Array,
    Key,
    Later,
    Needed,
    OrEmpty,
    Rows,
    Text,
    Told,
    Wrong,
    read,
    sound,
    sure,
    whole,
    whole_or_none,
)
from adapters.shopserve.wire.literals import NO, YES
from adapters.shopserve.wire.orders import Total
from domain.carts.listings import UnreadableRow
from domain.carts.ports import ExternalItem, ItemKey, StockLevel
from domain.errors import Undecodable

SEARCH = "/items/_search"
PAGE_ROWS = 100
HIGHEST_QUANTITY = 9999
UNLIMITED_QUANTITY = 99_999_999
BY_ITEM, BY_VARIATION = "Item", "Variation"
AXES = 3
_SEPARATOR = "/"


def stock_path(item_code: str) -> str:
    """Return where an item's stock is read and written."""
    return f"/items/{segment(item_code)}/stock"


def page_of(start: int, rows: int = PAGE_ROWS) -> dict[str, object]:
    """Return the request for one page of the item list, oldest item first."""
    return {"from": start, "size": rows, "sort": {"type": "CreateDate", "order": "Asc"}}


class _ItemRow(Told):
    item_code: Key
    item_name: Later[Text]  # no reason to leave its stock unread


class _ItemList(Told):
    total_count: Total
    contents: Needed[Rows[Later[_ItemRow]]]


class _Counted(Told):
    quantity: Annotated[int, whole(low=0)]
    alert_threshold: Annotated[int | None, whole_or_none(low=0)]


class _Pattern(_Counted):
    pattern: Array[Text]


class _Patterns(Told):
    patterns: Rows[_Pattern]


class _ItemStock(Told):
    management_type: Text
    management_item: Later[OrEmpty[_Counted]]
    management_variation: Later[OrEmpty[_Patterns]]


class _ItemStockAnswer(Told):
    stock: OrEmpty[_ItemStock]


@dataclass(frozen=True, slots=True)
class ListedItem:
    """One row of the item list."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class ItemPage:
    """One page of the item list; `total` is None where the cart does not tell it readably."""

    total: int | None
    rows: tuple[ListedItem | UnreadableRow, ...]


def item_page(body: object, start: int = 0) -> ItemPage:
    """Read one page of the item list. Args: start: how many rows come before it."""
    told = read(_ItemList, body)
    raw = cast("dict[str, list[object]]", body)["contents"]
    return ItemPage(
        total=sound(told.total_count, None),
        rows=tuple(
            UnreadableRow(str(row.at(f"contents[{at}]")), start + at + 1, raw=raw[at])
            if isinstance(row, Wrong)
            else ListedItem(row.item_code, sound(row.item_name, ""))
            for at, row in enumerate(told.contents)
        ),
    )


@dataclass(frozen=True, slots=True)
class StockPlace:
    """Stock of an item, or of one combination of choices.

    Attributes:
        choices: in axis order, empty for an item counted as a whole.
        notice: 在庫わずか notice number, None where the cart tells none.
    """

    choices: tuple[str, ...]
    quantity: int
    notice: int | None

    @property
    def variation(self) -> str:
        """The choices as one text."""
        return _SEPARATOR.join(self.choices)

    @property
    def unlimited(self) -> bool:
        """Whether the shop sells it without counting."""
        return self.quantity >= UNLIMITED_QUANTITY


def stock(body: object) -> tuple[StockPlace, ...]:
    """Read the stock of one item: one place, or one for each combination."""
    told = read(_ItemStockAnswer, body).stock
    if told.management_type == BY_ITEM:
        return (_place(sure(told.management_item, "stock.management_item"), ()),)
    if told.management_type != BY_VARIATION:
        raise Undecodable(f"stock.management_type: not {BY_ITEM} or {BY_VARIATION}")
    path = "stock.management_variation"
    patterns = sure(told.management_variation, path).patterns
    if not patterns:
        raise Undecodable(f"{path}.patterns: not there")
    return tuple(
        _place(pattern, _choices(pattern, f"{path}.patterns[{at}].pattern"))
        for at, pattern in enumerate(patterns)
    )


def _choices(told: _Pattern, path: str) -> tuple[str, ...]:
    choices = tuple(name for name in told.pattern if name)
    if not choices:
        raise Undecodable(f"{path}: not a combination of choices")
    return choices


def _place(told: _Counted, choices: tuple[str, ...]) -> StockPlace:
    return StockPlace(choices, told.quantity, told.alert_threshold)


def find(places: Sequence[StockPlace], variation: str) -> StockPlace | None:
    """Return the place a variation names; names count as equal after NFC, widths are kept."""
    wanted = unicodedata.normalize("NFC", variation)
    for place in places:
        if unicodedata.normalize("NFC", place.variation) == wanted:
            return place
    return None


def split(variation: str) -> tuple[str, ...]:
    """Return the choice names of a variation; none if it is blank."""
    return tuple(variation.split(_SEPARATOR)) if variation else ()


def update(level: StockLevel, choices: Sequence[str], notice: int | None) -> dict[str, object]:
    """Return the request that sets one place.

    Args:
        level: what to set.
        choices: in axis order, at most three.
        notice: the notice number to set; None leaves it out.
    """
    names = {f"variation_name{at}": name for at, name in enumerate(choices, start=1)}
    if level.unlimited:
        return {**names, "unlimited": YES}
    counted: dict[str, object] = {"unlimited": NO, "quantity": level.quantity}
    if notice is not None:
        counted["alert_threshold"] = min(notice, HIGHEST_QUANTITY)
    return {**names, **counted}


def external(item: ListedItem, place: StockPlace) -> ExternalItem:
    """Return one place as the rest of the system knows it."""
    return ExternalItem(
        key=ItemKey(item.code, place.variation),
        name=f"{item.name} {place.variation}".strip(),
        code=item.code,
        quantity=None if place.unlimited else place.quantity,
        unlimited=place.unlimited,
        low_stock=place.notice,
    )
