"""The shops' items and the SKU each is linked to (外部商品, 対応表)."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from adapters.postgres.engine import dead_letters
from adapters.postgres.statement import Statement
from adapters.postgres.stock.counts import ensure_skus
from domain.actions import Action
from domain.carts.ports import ExternalItem, ItemKey
from domain.stock.mappings import Link, Linked

_NAME_ITEMS = Statement[None]("""
insert into external_items (shop_id, item, variation, name, code, seen_at)
select :shop_id, i.item, i.variation, i.name, i.code, now()
  from unnest(cast(:items as text[]), cast(:variations as text[]), cast(:names as text[]),
              cast(:codes as text[])) as i(item, variation, name, code)
 order by i.item, i.variation
on conflict (shop_id, item, variation)
do update set name = excluded.name, code = excluded.code, seen_at = excluded.seen_at
""")

_ENSURE_ITEMS = Statement[None]("""
insert into external_items (shop_id, item, variation)
select w.shop_id, w.item, w.variation
  from unnest(cast(:shops as bigint[]), cast(:items as text[]), cast(:variations as text[]))
       as w(shop_id, item, variation)
 order by w.shop_id, w.item, w.variation
on conflict (shop_id, item, variation) do nothing
""")

_LINK = Statement[tuple[int, int, int]]("""
insert into mappings (external_item_id, shop_id, sku_id, low_stock, unlimited)
select e.id, e.shop_id, w.sku_id, w.low_stock, w.unlimited
  from unnest(cast(:shops as bigint[]), cast(:items as text[]), cast(:variations as text[]),
              cast(:skus as bigint[]), cast(:low_stocks as int[]), cast(:unlimited as bool[]))
       as w(shop_id, item, variation, sku_id, low_stock, unlimited)
  join external_items e
    on e.shop_id = w.shop_id and e.item = w.item and e.variation = w.variation
 order by e.id
on conflict (external_item_id) do update
   set sku_id = excluded.sku_id, low_stock = excluded.low_stock,
       unlimited = excluded.unlimited, changed_at = now()
 where (mappings.sku_id, mappings.low_stock, mappings.unlimited)
       is distinct from (excluded.sku_id, excluded.low_stock, excluded.unlimited)
returning id, shop_id, sku_id
""")

_WANT_PUSH = Statement[None]("""
insert into stock_pushes (mapping_id, shop_id, sku_id)
select w.mapping_id, w.shop_id, w.sku_id
  from unnest(cast(:mappings as bigint[]), cast(:shops as bigint[]), cast(:skus as bigint[]))
       as w(mapping_id, shop_id, sku_id)
 order by w.mapping_id
on conflict (mapping_id) do update
   set sku_id = excluded.sku_id, wanted_version = stock_pushes.wanted_version + 1,
       uncounted_said_at = null
""")

_UNLINK = Statement[int]("""
delete from mappings m using external_items e
 where e.id = m.external_item_id and e.shop_id = :shop_id and e.item = :item
   and e.variation = :variation
returning m.sku_id
""")

# The code of a SKU nobody maps in the shop any more.
_UNMAPPED = Statement[str]("""
select code from skus s
 where s.id = :sku_id
   and not exists (select 1 from mappings m where m.shop_id = :shop_id and m.sku_id = s.id)
""")

_MAPPED_KEYS = Statement[ItemKey]("""
select e.item, e.variation from external_items e join mappings m on m.external_item_id = e.id
 where e.shop_id = :shop_id
""")

_KNOWN_CODES = Statement[str](
    "select code from skus where merchant_id = :merchant_id and code = any(:codes)"
)


def set_links(connection: Connection, merchant_id: int, links: Sequence[Link]) -> Linked:
    """Link items to SKUs; what changed wants a push, what stood like that stays untouched.

    Args: links: each item at most once.
    """
    ids, created = ensure_skus(connection, merchant_id, (link.sku for link in links))
    places = {
        "shops": [link.shop_id for link in links],
        "items": [link.key.item for link in links],
        "variations": [link.key.variation for link in links],
    }
    _ENSURE_ITEMS.run(connection, **places)
    changed = _LINK.all(
        connection,
        **places,
        skus=[ids[link.sku] for link in links],
        low_stocks=[link.low_stock for link in links],
        unlimited=[link.unlimited for link in links],
    )
    _WANT_PUSH.run(
        connection,
        mappings=[mapping_id for mapping_id, _, _ in changed],
        shops=[shop_id for _, shop_id, _ in changed],
        skus=[sku_id for _, _, sku_id in changed],
    )
    return Linked(len(changed), tuple(created))


def remove_link(connection: Connection, shop_id: int, key: ItemKey) -> bool:
    """Unlink an item; False when it was not linked. Its failure is not tried again (STK-4)."""
    sku_id = _UNLINK.first(connection, shop_id=shop_id, item=key.item, variation=key.variation)
    if sku_id is None:
        return False
    gone = _UNMAPPED.all(connection, shop_id=shop_id, sku_id=sku_id)
    dead_letters.withdraw(
        connection, shop_id, why="unmapped", actions=[Action.SYNC_STOCK], keys=gone
    )
    return True


def name_items(connection: Connection, shop_id: int, items: Sequence[ExternalItem]) -> None:
    """Remember what a shop lists, with names and codes. Args: items: each at most once."""
    _NAME_ITEMS.run(
        connection,
        shop_id=shop_id,
        items=[item.key.item for item in items],
        variations=[item.key.variation for item in items],
        names=[item.name for item in items],
        codes=[item.code for item in items],
    )


def mapped_keys(connection: Connection, shop_id: int) -> set[ItemKey]:
    """Return the items of a shop that are linked."""
    return set(_MAPPED_KEYS.all(connection, shop_id=shop_id))


def known_codes(connection: Connection, merchant_id: int, codes: Iterable[str]) -> set[str]:
    """Return which of the codes are SKUs of the merchant."""
    return set(_KNOWN_CODES.all(connection, merchant_id=merchant_id, codes=sorted(set(codes))))
