"""Which carrier of the cart a delivery method of the hub means (RET-6)."""

from sqlalchemy import Connection

from adapters.postgres.statement import Statement

_SET = Statement("""
insert into carriers (shop_id, method, carrier) values (:shop_id, :method, :carrier)
on conflict (shop_id, method) do update set carrier = excluded.carrier
""")
_REMOVE = Statement("delete from carriers where shop_id = :shop_id and method = :method")
_LIST = Statement(
    """
select s.key as shop, c.method, c.carrier
  from carriers c join shops s on s.id = c.shop_id
 where s.merchant_id = :merchant_id and s.removed_at is null
   and (cast(:shop as text) is null or s.key = :shop)
 order by s.key, c.method
""",
    dict,
)
_TABLE = Statement("select method, carrier from carriers where shop_id = :shop_id", tuple)


def set_carrier(connection: Connection, shop_id: int, method: str, carrier: str) -> None:
    """Translate a delivery method of a shop to a carrier, in place of what was said before."""
    _SET.run(connection, shop_id=shop_id, method=method, carrier=carrier)


def remove_carrier(connection: Connection, shop_id: int, method: str) -> bool:
    """Forget a translation; False when there was none."""
    return bool(_REMOVE.run(connection, shop_id=shop_id, method=method))


def list_carriers(
    connection: Connection, merchant_id: int, shop: str | None = None
) -> list[dict[str, object]]:
    """Return the translations of a merchant's shops."""
    return _LIST.all(connection, merchant_id=merchant_id, shop=shop)


def carrier_table(connection: Connection, shop_id: int) -> dict[str, str]:
    """Return a shop's carriers by delivery method (RET-6)."""
    return dict(_TABLE.all(connection, shop_id=shop_id))
