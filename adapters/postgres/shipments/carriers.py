"""Which carrier of the cart a delivery method of the hub means (RET-6)."""

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.schema import carriers

_LIST = text("""
select s.key as shop, c.method, c.carrier
  from carriers c join shops s on s.id = c.shop_id
 where s.merchant_id = :merchant_id and s.removed_at is null
   and (cast(:shop as text) is null or s.key = :shop)
 order by s.key, c.method
""")


def set_carrier(connection: Connection, shop_id: int, method: str, carrier: str) -> None:
    """Translate a delivery method of a shop to a carrier, in place of what was said before."""
    connection.execute(
        insert(carriers)
        .values(shop_id=shop_id, method=method, carrier=carrier)
        .on_conflict_do_update(
            index_elements=[carriers.c.shop_id, carriers.c.method], set_={"carrier": carrier}
        )
    )


def remove_carrier(connection: Connection, shop_id: int, method: str) -> bool:
    """Forget a translation; False when there was none."""
    found = connection.execute(
        carriers.delete().where(carriers.c.shop_id == shop_id, carriers.c.method == method)
    )
    return bool(found.rowcount)


def list_carriers(
    connection: Connection, merchant_id: int, shop: str | None = None
) -> list[dict[str, object]]:
    """Return the translations of a merchant's shops."""
    rows = connection.execute(_LIST, {"merchant_id": merchant_id, "shop": shop})
    return [dict(row) for row in rows.mappings()]


def carrier_table(connection: Connection, shop_id: int) -> dict[str, str]:
    """Return a shop's carriers by delivery method (RET-6)."""
    rows = connection.execute(
        select(carriers.c.method, carriers.c.carrier).where(carriers.c.shop_id == shop_id)
    )
    return {row.method: row.carrier for row in rows}
