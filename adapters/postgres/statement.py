"""The one kind of statement: SQL text beside the function that runs it.

SQLAlchemy holds the pool, the transactions and the schema; a statement is handed to psycopg on the
caller's own connection, which prepares it after its second use. SQLAlchemy's part of a small
statement would cost three times the driver's (docs/decisions/0010-one-kind-of-statement.md).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Generic, TypeVar, get_type_hints

import psycopg
from psycopg.rows import RowMaker, dict_row, no_result, scalar_row
from sqlalchemy import Connection

Row = TypeVar("Row")

# A bound name, but not the second half of a cast.
_NAME = re.compile(r"(?<![:\w]):([a-z_]+)")
_SCALARS = (int, str, bool, float, datetime)


class Statement(Generic[Row]):
    """SQL with `:name` for each value, and what becomes of its rows.

    Rows are told by their type: a dataclass takes the columns by name, its enums and tuples made
    of texts and arrays; `int`, `str`, `bool`, `float` and `datetime` take the first column; `dict`
    the columns as they are; any other callable gets the columns as keyword arguments.
    """

    def __init__(self, sql: str, row: Callable[..., Row] | None = None) -> None:
        """Args: row: None for statements whose rows nobody reads."""
        self.text = sql
        places: dict[str, int] = {}
        self._sql = _NAME.sub(
            lambda name: f"${places.setdefault(name[1], len(places) + 1)}", sql
        ).encode()
        self._names = tuple(places)
        self._rows = _row_factory(row)

    def all(self, connection: Connection, /, **values: object) -> list[Row]:
        """Run it and return every row."""
        found: list[Row] = self._run(connection, values).fetchall()
        return found

    def first(self, connection: Connection, /, **values: object) -> Row | None:
        """Run it and return its first row, None without one."""
        found: Row | None = self._run(connection, values).fetchone()
        return found

    def one(self, connection: Connection, /, **values: object) -> Row:
        """Run it and return its row. Raises: LookupError without one."""
        found: Row | None = self._run(connection, values).fetchone()
        if found is None:
            raise LookupError("the statement returned no row")
        return found

    def run(self, connection: Connection, /, **values: object) -> int:
        """Run it and return how many rows it touched."""
        return int(self._run(connection, values).rowcount)

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
        """Run it once for each set of values."""
        cursor = psycopg.RawCursor(_driver(connection))
        cursor.executemany(self._sql, [[row[name] for name in self._names] for row in rows])

    def _run(self, connection: Connection, values: Mapping[str, object]) -> "psycopg.Cursor[Any]":
        driver = _driver(connection)
        cursor = psycopg.RawCursor(driver, row_factory=self._rows)
        try:
            return cursor.execute(self._sql, [values[name] for name in self._names])
        except psycopg.OperationalError:
            if driver.closed:
                # Fails too, so that SQLAlchemy finds out and renews the whole pool.
                connection.exec_driver_sql("select 1")
            raise


def _driver(connection: Connection) -> "psycopg.Connection[Any]":
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    return driver


def _row_factory(row: Callable[..., Any] | None) -> Any:  # noqa: ANN401 -- psycopg's own types are not generic here
    if row is None:
        return _unread
    if row in _SCALARS:
        return scalar_row
    if row is dict:
        return dict_row
    return _by_name(row)


def _unread(cursor: "psycopg.Cursor[Any]") -> RowMaker[Any]:
    return dict_row(cursor) if cursor.description else no_result


def _by_name(row: Callable[..., Any]) -> Any:  # noqa: ANN401 -- as above
    """Return a row factory that hands columns over by name, made of the kind their fields want."""

    def factory(cursor: "psycopg.Cursor[Any]") -> RowMaker[Any]:
        names = [column.name for column in cursor.description or ()]
        wanted = _conversions(row)
        converted = [(at, wanted[name]) for at, name in enumerate(names) if name in wanted]

        def make(values: Sequence[Any]) -> Any:  # noqa: ANN401 -- whatever `row` makes
            if converted:
                values = list(values)
                for at, convert in converted:
                    if values[at] is not None:
                        values[at] = convert(values[at])
            return row(**dict(zip(names, values, strict=True)))

        return make

    return factory


@cache
def _conversions(row: Callable[..., Any]) -> dict[str, Callable[[Any], Any]]:
    """Return what makes a column's value one of its field's type, by field, where it is not yet."""
    if not is_dataclass(row):
        return {}
    hints = get_type_hints(row)
    found: dict[str, Callable[[Any], Any]] = {}
    for field in fields(row):
        for kind in (hints[field.name], *getattr(hints[field.name], "__args__", ())):
            if isinstance(kind, type) and issubclass(kind, Enum):
                found[field.name] = kind
        if getattr(hints[field.name], "__origin__", None) in {tuple, frozenset}:
            found[field.name] = hints[field.name].__origin__
    return found
