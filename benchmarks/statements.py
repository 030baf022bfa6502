"""`python -m benchmarks.statements`: what one small statement costs this process, four ways.

Each reads one row by its key into a dataclass, in one transaction on one connection, so that what
is compared is the way from Python to the driver and back. The figures are CPU time of the thread,
the ways taking turns; docs/decisions/0010-one-kind-of-statement.md says what follows from them.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from sqlalchemy import Connection, select, text

from adapters.embedded import PrivateServers
from adapters.postgres.database import open_engine
from adapters.postgres.migrations import upgrade
from adapters.postgres.schema.shops import merchants
from adapters.postgres.statement import Statement
from benchmarks.tables import show

ROUNDS = 15
TIMES = 1_000
KEY = "default"
_SQL = "select id, key, name from merchants where key = :key"


@dataclass(frozen=True, slots=True)
class Row:
    """What each way makes of the columns."""

    id: int
    key: str
    name: str


_TEXT = text(_SQL)
_STATEMENT = Statement[Row](_SQL)


def _core(connection: Connection) -> Row:
    columns = merchants.c
    query = select(columns.id, columns.key, columns.name).where(columns.key == KEY)
    row = connection.execute(query).one()
    return Row(row.id, row.key, row.name)


def _text(connection: Connection) -> Row:
    row = connection.execute(_TEXT, {"key": KEY}).one()
    return Row(row.id, row.key, row.name)


def _statement(connection: Connection) -> Row:
    return _STATEMENT.one(connection, key=KEY)


def _driver(connection: Connection) -> Row:
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    cursor = psycopg.RawCursor(driver)
    row = cursor.execute("select id, key, name from merchants where key = $1", [KEY]).fetchone()
    return Row(*row or ())


WAYS: Mapping[str, Callable[[Connection], Row]] = {
    "SQLAlchemy Core": _core,
    "SQLAlchemy text()": _text,
    "Statement": _statement,
    "psycopg alone": _driver,
}


def measure(connection: Connection, *, rounds: int, times: int) -> dict[str, float]:
    """Return the median CPU of one statement by way, microseconds."""
    taken: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(rounds + 1):  # the first one warms up
        for name, way in WAYS.items():
            began = time.thread_time()
            for _ in range(times):
                way(connection)
            taken[name].append((time.thread_time() - began) / times * 1e6)
    return {name: median(each[1:]) for name, each in taken.items()}


def main() -> None:
    """Measure on private servers, which are gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="renkei-bench-"))
    try:
        with PrivateServers(home) as addresses:
            upgrade(addresses.database_url)
            engine = open_engine(addresses.database_url, connections=1)
            with engine.begin() as connection:
                found = measure(connection, rounds=ROUNDS, times=TIMES)
            engine.dispose()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    ours = found["Statement"]
    rows = [(name, f"{cpu:.0f}", f"{cpu / ours:.2f}") for name, cpu in found.items()]
    show("One small statement", ("way", "CPU, µs", "of a Statement"), rows)


if __name__ == "__main__":
    main()
