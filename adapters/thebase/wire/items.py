"""Items and stock as BASE writes them."""

from adapters.http.reading import Field
from domain.carts.listings import UnreadableRow
from domain.carts.ports import ExternalItem, ItemKey
from domain.errors import Undecodable

LIST = "/1/items"
EDIT_STOCK = "/1/items/edit_stock"
# Oldest first, so that new items only add rows at the end; pictures are kept out of the answer.
ORDER = {"order": "created", "sort": "asc", "max_image_no": "1", "image_size": "76"}


def update(item: ItemKey, quantity: int) -> dict[str, str]:
    """Return the request that sets the stock of an item or of one of its variations."""
    if not item.variation:
        return {"item_id": item.item, "stock": str(quantity)}
    return {
        "item_id": item.item,
        "variation_id": item.variation,
        "variation_stock": str(quantity),
    }


Listed = tuple[str, list[ExternalItem]] | UnreadableRow
"""An item's id and what it sells, or that it cannot be read."""


def page(body: object, start: int = 0) -> list[Listed]:
    """Read one page of the list. Args: start: how many rows come before it."""
    rows = Field(body, "")["items"]
    if rows.value is None:
        raise rows.wrong("there")
    return [_listed(row, at) for at, row in enumerate(rows.rows(), start=start + 1)]


def _listed(row: Field, position: int) -> Listed:
    key = ""
    try:
        key = row["item_id"].key()
        return key, _sold(row)
    except Undecodable as error:
        return UnreadableRow(str(error), position, key=key, raw=row.value)


def _sold(row: Field) -> list[ExternalItem]:
    item, title, code = row["item_id"].key(), row["title"].text(), row["identifier"].text()
    variations = row["variations"].rows()
    if not variations:
        quantity = row["stock"].integer(low=-(10**9))
        return [ExternalItem(ItemKey(item), title, code, quantity)]
    return [
        ExternalItem(
            key=ItemKey(item, variation["variation_id"].key()),
            name=f"{title} {variation['variation'].text()}".strip(),
            code=code + variation["variation_identifier"].text(),
            quantity=variation["variation_stock"].integer(low=-(10**9)),
        )
        for variation in variations
    ]


def quantity_after(body: object, item: ItemKey) -> int:
    """Return the stock an update's answer tells for the item or its variation."""
    told = Field(body, "")["item"]
    if not item.variation:
        return told["stock"].integer()
    for variation in told["variations"].rows():
        if variation["variation_id"].text() == item.variation:
            return variation["variation_stock"].integer()
    raise told["variations"].wrong("naming the variation")
