"""What all tables share: names of constraints, kinds of columns."""

from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, Identity, MetaData
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


def identity() -> Column[int]:
    """Return the primary key every table of things has."""
    return Column("id", BigInteger, Identity(always=False), primary_key=True)


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
