"""SKUs (品番) with their counts, shops' items and sets, as people and programs see them."""

from collections.abc import Sequence

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from adapters.postgres.stock.counts import COUNTED
from adapters.postgres.stock.pushes import TELLABLE
from domain.stock.offers import free_stock, set_free_stock

Pieces = tuple[int | None, int, int]
"""On hand (None = not counted) and secured of a component, and how many of it a set needs."""

UNCOUNTED = "未カウント"


def _sku(
    *, code: str, on_hand: int | None, secured: int, version: int, components: tuple[Pieces, ...]
) -> dict[str, object]:
    if components:
        free = set_free_stock((free_stock(has, kept), need) for has, kept, need in components)
    else:
        free = free_stock(on_hand, secured)
    return {"sku": code, "on_hand": on_hand, "secured": secured, "free": free, "version": version}


_SELECT = """
select s.code, s.on_hand, s.secured, s.version,
       coalesce((select json_agg(json_build_array(c.on_hand, c.secured, k.quantity))
                   from set_components k join skus c on c.id = k.component_sku_id
                  where k.set_sku_id = s.id), '[]') as components
  from skus s
 where s.merchant_id = :merchant_id
   and (cast(:codes as text[]) is null or s.code = any(:codes))
"""
_LIST = Statement(f"{_SELECT} order by s.code", _sku)
_PAGE = Statement(
    f"""{_SELECT} and s.code > :after collate "C" order by s.code collate "C" limit :most""", _sku
)


def list_stock(
    connection: Connection, merchant_id: int, codes: Sequence[str] | None = None
) -> list[dict[str, object]]:
    """Return all SKUs of a merchant, or some; a set product's free stock is its components'.

    `on_hand` and `free` are None of what nobody counted (STK-8).
    """
    return _LIST.all(
        connection, merchant_id=merchant_id, codes=None if codes is None else list(codes)
    )


def page_stock(
    connection: Connection,
    merchant_id: int,
    codes: Sequence[str] | None = None,
    *,
    after: str,
    most: int,
) -> tuple[list[dict[str, object]], str | None]:
    """Return SKUs by their letters' numbers, and where the next page begins.

    Args: after: what the page before returned; blank = the first page.
    """
    found = _PAGE.all(
        connection,
        merchant_id=merchant_id,
        codes=None if codes is None else list(codes),
        after=after,
        most=most + 1,
    )
    return found[:most], str(found[most - 1]["sku"]) if len(found) > most else None


_MAPPINGS = Statement[dict[str, object]](f"""
select sh.key as shop, e.item, e.variation, s.code as sku, e.name, e.code, m.low_stock,
       coalesce(m.unlimited, false) as unlimited, p.pushed_quantity, p.pushed_at,
       coalesce(p.pushed_version < p.wanted_version and {TELLABLE}, false) as waiting,
       case when s.id is not null then {COUNTED} end as counted,
       coalesce(p.failure, '') as failure
  from external_items e
  join shops sh on sh.id = e.shop_id
  left join mappings m on m.external_item_id = e.id
  left join skus s on s.id = m.sku_id
  left join stock_pushes p on p.mapping_id = m.id
 where sh.merchant_id = :merchant_id and sh.removed_at is null
   and (cast(:shop as text) is null or sh.key = :shop)
   and (m.id is not null) <> :unmapped
 order by sh.key, e.item, e.variation
""")

_SETS = Statement[dict[str, object]]("""
select s.code as sku, json_object_agg(c.code, k.quantity order by c.code) as components
  from set_components k
  join skus s on s.id = k.set_sku_id
  join skus c on c.id = k.component_sku_id
 where s.merchant_id = :merchant_id
 group by s.code order by s.code
""")


def list_mappings(
    connection: Connection, merchant_id: int, *, shop: str | None = None, unmapped: bool = False
) -> list[dict[str, object]]:
    """Return the mapped items of a merchant's shops, or those that nobody mapped.

    `counted`: whether somebody counted the SKU, None without one; `note`: 未カウント if nobody did.
    """
    rows = _MAPPINGS.all(connection, merchant_id=merchant_id, shop=shop, unmapped=unmapped)
    return [{**row, "note": UNCOUNTED if row["counted"] is False else ""} for row in rows]


def list_sets(connection: Connection, merchant_id: int) -> list[dict[str, object]]:
    """Return the set products of a merchant: `sku`, `components` (pieces by SKU)."""
    return _SETS.all(connection, merchant_id=merchant_id)
