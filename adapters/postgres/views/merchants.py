"""Merchants (荷主), and the programs that may call the JSON API for them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from adapters.postgres.statement import Statement


@dataclass(frozen=True, slots=True)
class Merchant:
    """One merchant; merchants never see each other's data."""

    id: int
    key: str
    name: str
    created_at: datetime


_FIND = Statement[Merchant]("select id, key, name, created_at from merchants where key = :key")
_LIST = Statement[Merchant]("select id, key, name, created_at from merchants order by key")
_CLIENTS = Statement[dict[str, object]]("""
select name, scopes, created_at, last_used_at, revoked_at from api_clients
 where merchant_id = :merchant_id order by name, id
""")


def find_merchant(connection: Connection, key: str) -> Merchant | None:
    """Return a merchant by key."""
    return _FIND.first(connection, key=key)


def list_merchants(connection: Connection) -> list[Merchant]:
    """Return all merchants."""
    return _LIST.all(connection)


def list_clients(connection: Connection, merchant_id: int) -> list[dict[str, object]]:
    """Return a merchant's clients, revoked ones too; never anything of their tokens."""
    return _CLIENTS.all(connection, merchant_id=merchant_id)
