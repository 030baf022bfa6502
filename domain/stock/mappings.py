"""Which SKU an item of a shop is linked to (対応表)."""

import unicodedata
from dataclasses import dataclass

from domain.carts.ports import ItemKey


def composed(key: ItemKey) -> ItemKey:
    """Return a key as keys are compared: letters composed one way or the other are the same."""
    return ItemKey(key.item, unicodedata.normalize("NFC", key.variation))


@dataclass(frozen=True, slots=True)
class Link:
    """One wished row of the table.

    Attributes:
        low_stock: ShopServe 在庫わずか通知の数; None = the cart keeps its own.
    """

    shop_id: int
    key: ItemKey
    sku: str
    low_stock: int | None = None
    unlimited: bool = False


@dataclass(frozen=True, slots=True)
class Linked:
    """What came of setting links.

    Attributes:
        changed: links made or changed; the others stood like that already.
        created: SKUs that were unknown and now exist, not counted.
    """

    changed: int
    created: tuple[str, ...]
