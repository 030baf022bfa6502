"""Merchants (荷主)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from domain.errors import BrokenRule

# Plain statements: every command looks up its merchant, and the tables take 25 ms to import.
_FIND = text("select id, key, name, created_at from merchants where key = :key")
_LIST = text("select id, key, name, created_at from merchants order by key")
_ADD = text("""
insert into merchants (key, name) values (:key, :name)
on conflict (key) do nothing
returning id
""")


@dataclass(frozen=True, slots=True)
class Merchant:
    """One merchant; merchants never see each other's data."""

    id: int
    key: str
    name: str
    created_at: datetime


def find_merchant(connection: Connection, key: str) -> Merchant | None:
    """Return a merchant by key."""
    row = connection.execute(_FIND, {"key": key}).one_or_none()
    return None if row is None else Merchant(row.id, row.key, row.name, row.created_at)


def list_merchants(connection: Connection) -> list[Merchant]:
    """Return all merchants."""
    rows = connection.execute(_LIST)
    return [Merchant(row.id, row.key, row.name, row.created_at) for row in rows]


def add_merchant(connection: Connection, key: str, name: str) -> int:
    """Add a merchant and return its id. Raises BrokenRule when the key is taken."""
    made: int | None = connection.execute(_ADD, {"key": key, "name": name}).scalar_one_or_none()
    if made is None:
        raise BrokenRule(f"merchant {key} exists already")
    return made
