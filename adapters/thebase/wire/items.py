"""Items and stock as BASE writes them."""

from typing import Annotated, cast

from adapters.http.reading import (
    Key,
    Later,
    Needed,
    OrEmpty,
    Rows,
    Text,
    Told,
    Whole,
    Wrong,
    read,
    sure,
    whole,
)
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


_Stock = Annotated[int, whole(low=-(10**9))]


class _Variation(Told):
    variation_id: Key
    variation: Text
    variation_identifier: Text
    variation_stock: _Stock


class _SoldItem(Told):
    item_id: Key
    title: Text
    identifier: Text
    variations: Rows[_Variation]
    stock: Later[_Stock]  # of an item without variations


class _ItemsAnswer(Told):
    items: Needed[Rows[Later[_SoldItem]]]


class _KeyedItem(Told):
    item_id: Key


class _VariationAfter(Told):
    variation_id: Later[Text]
    variation_stock: Later[Whole]


class _ItemAfter(Told):
    stock: Later[Whole]
    variations: Later[Rows[Later[_VariationAfter]]]


class _StockAnswer(Told):
    item: OrEmpty[_ItemAfter]


Listed = tuple[str, list[ExternalItem]] | UnreadableRow
"""An item's id and what it sells, or that it cannot be read."""


def page(body: object, start: int = 0) -> list[Listed]:
    """Read one page of the list. Args: start: how many rows come before it."""
    told = read(_ItemsAnswer, body).items
    raw = cast("dict[str, list[object]]", body)["items"]
    return [_listed(row, raw[at], at, start) for at, row in enumerate(told)]


def _listed(row: _SoldItem | Wrong, raw: object, at: int, start: int) -> Listed:
    try:
        item = sure(row, f"items[{at}]")
        return item.item_id, _sold(item, at)
    except Undecodable as error:
        return UnreadableRow(str(error), start + at + 1, key=_key_of(raw), raw=raw)


def _key_of(raw: object) -> str:
    try:
        return read(_KeyedItem, raw).item_id
    except Undecodable:
        return ""


def _sold(item: _SoldItem, at: int) -> list[ExternalItem]:
    if not item.variations:
        quantity = sure(item.stock, f"items[{at}].stock")
        return [ExternalItem(ItemKey(item.item_id), item.title, item.identifier, quantity)]
    return [
        ExternalItem(
            key=ItemKey(item.item_id, variation.variation_id),
            name=f"{item.title} {variation.variation}".strip(),
            code=item.identifier + variation.variation_identifier,
            quantity=variation.variation_stock,
        )
        for variation in item.variations
    ]


def quantity_after(body: object, item: ItemKey) -> int:
    """Return the stock an update's answer tells for the item or its variation."""
    told = read(_StockAnswer, body).item
    if not item.variation:
        return sure(told.stock, "item.stock")
    for at, row in enumerate(sure(told.variations, "item.variations")):
        path = f"item.variations[{at}]"
        variation = sure(row, path)
        if sure(variation.variation_id, f"{path}.variation_id") == item.variation:
            return sure(variation.variation_stock, f"{path}.variation_stock")
    raise Undecodable("item.variations: not naming the variation")
