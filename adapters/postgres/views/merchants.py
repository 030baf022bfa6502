"""Merchants (荷主), and the programs that may call the JSON API for them."""

from sqlalchemy import Connection

from adapters.postgres.statement import Statement

_ID = Statement[int]("select id from merchants where key = :key")
_LIST = Statement[dict[str, object]]("select key, name, created_at from merchants order by key")
_CLIENTS = Statement[dict[str, object]]("""
select name, scopes, created_at, last_used_at, revoked_at from api_clients
 where merchant_id = :merchant_id order by name, id
""")


def merchant_of(connection: Connection, key: str) -> int | None:
    """Return the id of a merchant."""
    return _ID.first(connection, key=key)


def list_merchants(connection: Connection) -> list[dict[str, object]]:
    """Return all merchants: `key`, `name`, `created_at`."""
    return _LIST.all(connection)


def list_clients(connection: Connection, merchant_id: int) -> list[dict[str, object]]:
    """Return a merchant's clients, revoked ones too; never anything of their tokens."""
    return _CLIENTS.all(connection, merchant_id=merchant_id)
