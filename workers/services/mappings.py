"""What people and shops' own codes say about which SKU each item is (対応表)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.stock import mappings
from adapters.postgres.views.shops import ShopRef
from domain.carts.ports import ExternalItem, ItemKey
from domain.stock.mappings import Link, Linked
from workers.services.actors import Actor


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of reading a shop's items.

    Attributes:
        items: how many there are; of them `mapped` newly, `unmapped` still without a SKU.
        repeated: codes that several items give; none of those was mapped.
    """

    items: int
    mapped: int
    unmapped: int
    repeated: list[str]


def set_link(connection: Connection, actor: Actor, shop: ShopRef, link: Link) -> Linked:
    """Link one item of a shop to a SKU; an unknown SKU is created, not counted."""
    linked = mappings.set_links(connection, actor.merchant_id, [link])
    actor.did(
        connection,
        "mapping.set",
        item_words(shop.key, link.key),
        sku=link.sku,
        low_stock=link.low_stock,
        unlimited=link.unlimited,
    )
    return linked


def import_links(connection: Connection, actor: Actor, file: str, links: Sequence[Link]) -> Linked:
    """Link the items a file names, each at most once; audited as one change."""
    linked = mappings.set_links(connection, actor.merchant_id, links)
    actor.did(connection, "mapping.import", file, rows=len(links), changed=linked.changed)
    return linked


def remove_link(connection: Connection, actor: Actor, shop: ShopRef, key: ItemKey) -> bool:
    """Unlink an item; False when it was not linked."""
    if not mappings.remove_link(connection, shop.id, key):
        return False
    actor.did(connection, "mapping.remove", item_words(shop.key, key))
    return True


def take_listing(
    connection: Connection, actor: Actor, shop: ShopRef, listed: Iterable[ExternalItem]
) -> Fetched:
    """Remember what a shop lists, and link what nobody linked and whose code is a SKU."""
    found = {item.key: item for item in listed}
    items = list(found.values())
    mappings.name_items(connection, shop.id, items)
    mapped = mappings.mapped_keys(connection, shop.id)
    codes = mappings.known_codes(
        connection, actor.merchant_id, (item.code for item in items if item.code)
    )
    repeated = _repeated(items)
    fresh = [
        Link(shop.id, item.key, item.code)
        for item in items
        if item.key not in mapped and item.code in codes and item.code not in repeated
    ]
    mappings.set_links(connection, actor.merchant_id, fresh)
    actor.did(connection, "mapping.fetch", shop.key, items=len(items), mapped=len(fresh))
    unmapped = len(found.keys() - mapped) - len(fresh)
    return Fetched(len(items), len(fresh), unmapped, repeated)


def item_words(shop: str, key: ItemKey) -> str:
    """Return what people and the audit call an item."""
    return " ".join(part for part in (shop, key.item, key.variation) if part)


def _repeated(items: Iterable[ExternalItem]) -> list[str]:
    """Return codes that several items give: which of them is the SKU, nobody can tell (IMP-12)."""
    counts = Counter(item.code for item in items if item.code)
    return sorted(code for code, count in counts.items() if count > 1)
