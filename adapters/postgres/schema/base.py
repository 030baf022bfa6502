"""What all tables share: names of constraints, kinds of columns."""

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Table,
)
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql import text

from adapters.postgres.statement import words

# PostgreSQL's own names, so that the first migration need not say them.
metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)


def thing(name: str, *parts: SchemaItem, fillfactor: str | None = None) -> Table:
    """Return a table of things, each with an id of its own.

    Args: fillfactor: per cent of a page that new rows may fill; the rest is left for their changes.
    """
    key: Column[int] = Column("id", BigInteger, Identity(always=False), primary_key=True)
    options: dict[str, Any] = {"postgresql_with": {"fillfactor": fillfactor}} if fillfactor else {}
    return Table(name, metadata, key, *parts, **options)


def index(name: str, *columns: str, where: str | None = None, unique: bool = False) -> Index:
    """Return an index. Args: columns: or expressions, as `id desc`; where: of which rows only."""
    places = [text(column) if " " in column else column for column in columns]
    condition = None if where is None else text(where)
    return Index(name, *places, unique=unique, postgresql_where=condition)


def moment(name: str, *, default_now: bool = False, nullable: bool | None = None) -> Column[object]:
    """Return a column of a moment in UTC; without a default it may be null."""
    return Column(
        name,
        DateTime(timezone=True),
        nullable=not default_now if nullable is None else nullable,
        server_default=text("now()") if default_now else None,
    )


def reference(name: str, target: str, *, nullable: bool = False) -> Column[int]:
    """Return a column that points to another table's id and goes with its row."""
    return Column(name, BigInteger, ForeignKey(target, ondelete="CASCADE"), nullable=nullable)


def one_of(column: str, values: type[StrEnum] | tuple[str, ...]) -> CheckConstraint:
    """Return a constraint that lets only the named words into a text column."""
    return CheckConstraint(f"{column} in {words(values)}", name=column)
