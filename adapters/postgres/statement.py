"""The one kind of statement: SQL text beside the function that runs it.

SQLAlchemy holds the pool, the transactions and the schema; a statement is handed to psycopg on the
caller's own connection, which prepares it after its second use. SQLAlchemy's part of a small
statement would cost a multiple of the driver's (docs/decisions/0010-one-kind-of-statement.md).
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache, cached_property, partial
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import psycopg
from psycopg.rows import RowMaker, dict_row, kwargs_row, scalar_row, tuple_row
from sqlalchemy import Connection

from adapters.postgres.connections import driver_of
from adapters.postgres.database import refuse

Row = TypeVar("Row")

# A bound name, but not the second half of a cast.
_NAME = re.compile(r"(?<![:\w]):([a-z_]+)")


def _unread(_: "psycopg.Cursor[Any]") -> RowMaker[Any]:
    """Refuse to make rows of a statement that says nobody reads them."""

    def make(_: Sequence[Any]) -> Any:  # noqa: ANN401 -- as psycopg's
        raise TypeError("Statement[None] returns no rows; say what they are made of")

    return make


_ROWS: Mapping[object, Any] = {
    NoneType: _unread,
    tuple: tuple_row,
    dict: dict_row,
    **dict.fromkeys((int, str, bool, float, datetime), scalar_row),
}


class Statement(Generic[Row]):
    """SQL with `:name` for each value, and what becomes of its rows.

    Its parameter tells what rows are made of: a scalar takes the first column, `tuple` and `dict`
    take the columns as they are, a dataclass takes them by name, made of what its fields are
    annotated with; `None` where nobody reads them. Values are what psycopg knows, string enums
    too; a sequence of them has to be a list. They come by name, or are attributes of `source`.
    """

    def __init__(self, sql: str, row: Callable[..., Row] | None = None) -> None:
        """Args: row: in place of a parameter: a function that takes the columns by name."""
        self.text = sql
        places: dict[str, int] = {}
        self._sql = _NAME.sub(
            lambda name: f"${places.setdefault(name[1], len(places) + 1)}", sql
        ).encode()
        self._names = tuple(places)
        self._row = row

    @cached_property
    def _rows(self) -> Any:  # noqa: ANN401 -- psycopg's own types are not generic here
        # typing keeps for us what `Statement[kind](...)` was made with.
        kind = self._row or next(iter(get_args(getattr(self, "__orig_class__", None))), None)
        if kind is None:
            raise TypeError(f"say what rows are made of, as in Statement[int](...): {self.text}")
        return _ROWS.get(get_origin(kind) or kind) or kwargs_row(partial(_made, kind))

    def all(self, connection: Connection, source: object = None, /, **values: object) -> list[Row]:
        """Run it and return every row."""
        found: list[Row] = self._run(connection, source, values).fetchall()
        return found

    def first(
        self, connection: Connection, source: object = None, /, **values: object
    ) -> Row | None:
        """Run it and return its first row, None without one."""
        found: Row | None = self._run(connection, source, values).fetchone()
        return found

    def one(self, connection: Connection, source: object = None, /, **values: object) -> Row:
        """Run it and return its row. Raises: LookupError without one."""
        found: Row | None = self._run(connection, source, values).fetchone()
        if found is None:
            raise LookupError("the statement returned no row")
        return found

    def run(self, connection: Connection, source: object = None, /, **values: object) -> int:
        """Run it and return how many rows it touched."""
        return self._run(connection, source, values).rowcount

    def run_many(self, connection: Connection, rows: Iterable[Mapping[str, object]]) -> None:
        """Run it once for each set of values."""
        driver = driver_of(connection)
        try:
            psycopg.RawCursor(driver).executemany(
                self._sql, [[row[name] for name in self._names] for row in rows]
            )
        except psycopg.Error as error:
            refuse(connection, error)

    def _run(
        self, connection: Connection, source: object, values: Mapping[str, object]
    ) -> "psycopg.Cursor[Any]":
        driver = driver_of(connection)
        cursor = psycopg.RawCursor(driver, row_factory=self._rows)
        try:
            return cursor.execute(
                self._sql,
                [
                    values[name] if source is None or name in values else getattr(source, name)
                    for name in self._names
                ],
            )
        except psycopg.Error as error:
            refuse(connection, error)


def made_of(kind: Callable[..., Row], columns: Mapping[str, Any]) -> Row:
    """Return a dataclass made of columns by name.

    Enums are made of their values, tuples and frozensets of arrays, floats of numerics and
    dataclasses of JSON objects, within each other too.
    """
    return _made(kind, **columns)


def _made(kind: Callable[..., Row], /, **columns: Any) -> Row:
    for name, convert in _converters(kind).items():
        if columns.get(name) is not None:
            columns[name] = convert(columns[name])
    return kind(**columns)


def words(values: Iterable[str]) -> str:
    """Return `('a', 'b')` for constants, which PostgreSQL compares with a partial index's own."""
    return "(" + ", ".join(f"'{value!s}'" for value in values) + ")"


def storable(raw: Mapping[str, object]) -> str:
    """Return JSON text PostgreSQL's jsonb takes: it knows neither NUL nor lone surrogates."""
    encoded = json.dumps(raw, ensure_ascii=False).encode("utf-8", "replace").decode()
    return encoded.replace("\\u0000", "")


@cache
def _converters(kind: Callable[..., Any]) -> dict[str, Callable[[Any], Any]]:
    found = {name: _converter(hint) for name, hint in get_type_hints(kind).items()}
    return {name: convert for name, convert in found.items() if convert is not None}


def _converter(hint: Any) -> Callable[[Any], Any] | None:  # noqa: ANN401 -- a type of any form
    """Return what makes a column's value one of the type, None where it is one already."""
    origin, parts = get_origin(hint), [part for part in get_args(hint) if part is not NoneType]
    if origin is UnionType:
        return _converter(parts[0])
    if origin in {tuple, frozenset}:
        each = _converter(parts[0])
        return origin if each is None else lambda values: origin(map(each, values))
    if isinstance(hint, type) and is_dataclass(hint):
        return partial(made_of, hint)
    wanted = hint is float or (isinstance(hint, type) and issubclass(hint, Enum))
    return hint if wanted else None
