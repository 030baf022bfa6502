"""Merchants (荷主)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.schema import merchants
from domain.errors import BrokenRule


@dataclass(frozen=True, slots=True)
class Merchant:
    """One merchant; merchants never see each other's data."""

    id: int
    key: str
    name: str
    created_at: datetime


def find_merchant(connection: Connection, key: str) -> Merchant | None:
    """Return a merchant by key."""
    row = connection.execute(select(merchants).where(merchants.c.key == key)).one_or_none()
    return None if row is None else Merchant(row.id, row.key, row.name, row.created_at)


def list_merchants(connection: Connection) -> list[Merchant]:
    """Return all merchants."""
    rows = connection.execute(select(merchants).order_by(merchants.c.key))
    return [Merchant(row.id, row.key, row.name, row.created_at) for row in rows]


def add_merchant(connection: Connection, key: str, name: str) -> int:
    """Add a merchant and return its id. Raises BrokenRule when the key is taken."""
    made: int | None = connection.execute(
        insert(merchants)
        .values(key=key, name=name)
        .on_conflict_do_nothing()
        .returning(merchants.c.id)
    ).scalar_one_or_none()
    if made is None:
        raise BrokenRule(f"merchant {key} exists already")
    return made
