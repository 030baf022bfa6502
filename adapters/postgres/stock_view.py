"""SKUs (品番) with their counts, as people and programs see them."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from domain.stock import free_stock, set_free_stock

_LIST = text("""
select s.code, s.on_hand, s.secured, s.version,
       (select json_agg(json_build_array(c.on_hand, c.secured, k.quantity))
          from set_components k join skus c on c.id = k.component_sku_id
         where k.set_sku_id = s.id) as components
  from skus s
 where s.merchant_id = :merchant_id
   and (cast(:codes as text[]) is null or s.code = any(:codes))
 order by s.code
""")


def list_stock(
    connection: Connection, merchant_id: int, codes: Sequence[str] | None = None
) -> list[dict[str, object]]:
    """Return all SKUs of a merchant, or some; a set product's free stock is its components'."""
    rows = connection.execute(
        _LIST, {"merchant_id": merchant_id, "codes": list(codes) if codes is not None else None}
    )
    return [
        {
            "sku": row.code,
            "on_hand": row.on_hand,
            "secured": row.secured,
            "free": _free(row.on_hand, row.secured, row.components),
            "version": row.version,
        }
        for row in rows
    ]


def _free(on_hand: int, secured: int, components: list[tuple[int, int, int]] | None) -> int:
    if not components:
        return free_stock(on_hand, secured)
    return set_free_stock((free_stock(pieces, kept), need) for pieces, kept, need in components)
