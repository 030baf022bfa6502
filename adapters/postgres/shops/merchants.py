"""Merchants (荷主)."""

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from domain.errors import BrokenRule

_ADD = Statement[int](
    """
insert into merchants (key, name) values (:key, :name) on conflict (key) do nothing returning id
"""
)


def add_merchant(connection: Connection, key: str, name: str) -> int:
    """Add a merchant and return its id. Raises BrokenRule when the key is taken."""
    made = _ADD.first(connection, key=key, name=name)
    if made is None:
        raise BrokenRule(f"merchant {key} exists already")
    return made
