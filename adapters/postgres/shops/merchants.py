"""Merchants (荷主)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from domain.errors import BrokenRule


@dataclass(frozen=True, slots=True)
class Merchant:
    """One merchant; merchants never see each other's data."""

    id: int
    key: str
    name: str
    created_at: datetime


_FIND = Statement("select id, key, name, created_at from merchants where key = :key", Merchant)
_LIST = Statement("select id, key, name, created_at from merchants order by key", Merchant)
_ADD = Statement(
    """
insert into merchants (key, name) values (:key, :name) on conflict (key) do nothing returning id
""",
    int,
)


def find_merchant(connection: Connection, key: str) -> Merchant | None:
    """Return a merchant by key."""
    return _FIND.first(connection, key=key)


def list_merchants(connection: Connection) -> list[Merchant]:
    """Return all merchants."""
    return _LIST.all(connection)


def add_merchant(connection: Connection, key: str, name: str) -> int:
    """Add a merchant and return its id. Raises BrokenRule when the key is taken."""
    made = _ADD.first(connection, key=key, name=name)
    if made is None:
        raise BrokenRule(f"merchant {key} exists already")
    return made
