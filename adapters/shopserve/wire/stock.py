"""Stock and the item list as ShopServe writes them."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.http.calls import segment
from adapters.http.reading import Field
from adapters.shopserve.wire.literals import NO, YES
from adapters.shopserve.wire.pages import total_of
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
    answer = Field(body, "")
    if answer["contents"].value is None:
        raise answer["contents"].wrong("there")
    rows = answer["contents"].rows()
    return ItemPage(
        total=total_of(answer),
        rows=tuple(_listed(row, at) for at, row in enumerate(rows, start=start + 1)),
    )


def _listed(row: Field, position: int) -> ListedItem | UnreadableRow:
    try:
        code = row["item_code"].key()
    except Undecodable as error:
        return UnreadableRow(str(error), position, raw=row.value)
    return ListedItem(code, _name(row))


def _name(row: Field) -> str:
    try:
        return row["item_name"].text()
    except Undecodable:  # no reason to leave its stock unread
        return ""


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
    told = Field(body, "")["stock"]
    kind = told["management_type"].text()
    if kind == BY_ITEM:
        return (_place(told["management_item"], ()),)
    if kind == BY_VARIATION:
        patterns = told["management_variation"]["patterns"].rows()
        if not patterns:
            raise told["management_variation"]["patterns"].wrong("there")
        return tuple(_place(pattern, _choices(pattern["pattern"])) for pattern in patterns)
    raise told["management_type"].wrong(f"{BY_ITEM} or {BY_VARIATION}")


def _choices(pattern: Field) -> tuple[str, ...]:
    choices = tuple(name for name in (entry.text() for entry in pattern.rows()) if name)
    if not choices:
        raise pattern.wrong("a combination of choices")
    return choices


def _place(told: Field, choices: tuple[str, ...]) -> StockPlace:
    notice = told["alert_threshold"]
    return StockPlace(
        choices=choices,
        quantity=told["quantity"].integer(low=0),
        notice=None if notice.missing else notice.integer(low=0),
    )


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
