"""Which carrier of the cart a delivery method of the hub means (RET-6)."""

from typing import Any

from sqlalchemy import Connection

from adapters.postgres.statement import Statement

_SET = Statement[None]("""
insert into carriers (shop_id, method, carrier) values (:shop_id, :method, :carrier)
on conflict (shop_id, method) do update set carrier = excluded.carrier
""")
_REMOVE = Statement[None]("delete from carriers where shop_id = :shop_id and method = :method")
_TABLE = Statement[tuple[Any, ...]]("select method, carrier from carriers where shop_id = :shop_id")


def set_carrier(connection: Connection, shop_id: int, method: str, carrier: str) -> None:
    """Translate a delivery method of a shop to a carrier, in place of what was said before."""
    _SET.run(connection, shop_id=shop_id, method=method, carrier=carrier)


def remove_carrier(connection: Connection, shop_id: int, method: str) -> bool:
    """Forget a translation; False when there was none."""
    return bool(_REMOVE.run(connection, shop_id=shop_id, method=method))


def carrier_table(connection: Connection, shop_id: int) -> dict[str, str]:
    """Return a shop's carriers by delivery method (RET-6)."""
    return dict(_TABLE.all(connection, shop_id=shop_id))
