"""SKUs (品番) with their counts, as people and programs see them."""

from collections.abc import Sequence

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from domain.stock.offers import free_stock, set_free_stock

Pieces = tuple[int, int, int]
"""On hand and secured of a component, and how many of it a set needs."""


def _sku(
    *, code: str, on_hand: int, secured: int, version: int, components: tuple[Pieces, ...]
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
    """Return all SKUs of a merchant, or some; a set product's free stock is its components'."""
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
