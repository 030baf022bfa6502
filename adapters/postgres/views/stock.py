"""SKUs (品番) with their counts, as people and programs see them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from domain.stock.offers import free_stock, set_free_stock

_SELECT = """
select s.code, s.on_hand, s.secured, s.version,
       (select json_agg(json_build_array(c.on_hand, c.secured, k.quantity))
          from set_components k join skus c on c.id = k.component_sku_id
         where k.set_sku_id = s.id) as components
  from skus s
 where s.merchant_id = :merchant_id
   and (cast(:codes as text[]) is null or s.code = any(:codes))
"""
_LIST = text(_SELECT + " order by s.code")
_PAGE = text(_SELECT + ' and s.code > :after collate "C" order by s.code collate "C" limit :most')


def list_stock(
    connection: Connection, merchant_id: int, codes: Sequence[str] | None = None
) -> list[dict[str, object]]:
    """Return all SKUs of a merchant, or some; a set product's free stock is its components'."""
    rows = connection.execute(
        _LIST, {"merchant_id": merchant_id, "codes": list(codes) if codes is not None else None}
    )
    return [_row(row) for row in rows]


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
    wanted = {"merchant_id": merchant_id, "codes": list(codes) if codes is not None else None}
    rows = connection.execute(_PAGE, {**wanted, "after": after, "most": most + 1}).all()
    page = [_row(row) for row in rows[:most]]
    return page, rows[most - 1].code if len(rows) > most else None


def _row(row: Row[Any]) -> dict[str, object]:
    return {
        "sku": row.code,
        "on_hand": row.on_hand,
        "secured": row.secured,
        "free": _free(row.on_hand, row.secured, row.components),
        "version": row.version,
    }


def _free(on_hand: int, secured: int, components: list[tuple[int, int, int]] | None) -> int:
    if not components:
        return free_stock(on_hand, secured)
    return set_free_stock((free_stock(pieces, kept), need) for pieces, kept, need in components)
