"""The one clock that decides: PostgreSQL's, asked now and then, carried on by the monotonic one.

A machine's own time of day is compared with it, so that one that is off can be told (CLK-1).
"""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine

from adapters.postgres.database import DatabaseUnavailable, autocommit
from adapters.postgres.statement import Statement

# How long the answer is carried on; monotonic clocks drift far less than a millisecond in it.
ASK_EVERY_S = 10.0
# An answer that took longer says too little about when it was given; only a first one is taken.
SLOW_S = 1.0

_CLOCK = Statement[datetime]("select clock_timestamp()")


@dataclass(frozen=True, slots=True)
class _ClockReading:
    """What PostgreSQL's clock showed at a moment of the monotonic clock.

    Attributes: machine_ahead_s: this machine's time of day less PostgreSQL's, seconds.
    """

    at: datetime
    monotonic: float
    machine_ahead_s: float


def clock(connection: Connection) -> datetime:
    """Return what PostgreSQL's clock shows, aware; for one who asks once."""
    return _CLOCK.one(connection)


class DatabaseClock:
    """PostgreSQL's time in one process, without a statement per question."""

    def __init__(self, database: Engine) -> None:
        """Args: database: is asked on a connection of its own, by one thread at a time."""
        self._database = autocommit(database)
        self._guard = threading.Lock()
        self._last: _ClockReading | None = None
        self._asked_at = 0.0

    def now(self) -> datetime:
        """Return what PostgreSQL's clock shows, in UTC.

        Raises: DatabaseUnavailable: it was never reached, so nobody knows.
        """
        last = self._reading()
        return last.at + timedelta(seconds=time.monotonic() - last.monotonic)

    def machine_ahead_s(self) -> float:
        """Return how far this machine's time of day is ahead, in seconds; negative is behind.

        Raises: DatabaseUnavailable, see `now`.
        """
        return self._reading().machine_ahead_s

    def _reading(self) -> _ClockReading:
        last = self._last
        if last is None:
            with self._guard:  # all wait for the first answer
                return self._last or self._ask()
        if time.monotonic() - self._asked_at > ASK_EVERY_S and self._guard.acquire(blocking=False):
            try:
                return self._ask()
            except DatabaseUnavailable:
                return last
            finally:
                self._guard.release()
        return last

    def _ask(self) -> _ClockReading:
        self._asked_at = time.monotonic()
        with self._database.connect() as connection:
            begun, machine = time.monotonic(), datetime.now(UTC)
            there = clock(connection)
            took_s = time.monotonic() - begun
        if self._last is not None and took_s > SLOW_S:
            return self._last
        half = timedelta(seconds=took_s / 2)
        ahead_s = (machine + half - there).total_seconds()
        self._last = _ClockReading(there.astimezone(UTC) + half, begun + took_s, ahead_s)
        return self._last
