"""The sign of life of a process: one row, written every few seconds (PLC-1).

A process that cannot write it begins no call: others have to see who might be calling a cart.
docs/decisions/0020-places.md
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version

from sqlalchemy import Engine

from adapters.postgres.database import DatabaseUnavailable, autocommit, within
from adapters.postgres.engine import processes
from adapters.postgres.engine.processes import ThisProcess
from domain.engine.liveness import SILENT_AFTER_S, ProcessKind
from domain.orders.windows import CLOCKS_AGREE

EVERY_S = 3.0
# So small a statement is late after this; the next one takes another connection.
ANSWER_S = 5.0
TELL_CLOCK_EVERY_S = 3600.0

_log = logging.getLogger(__name__)


class Heartbeat:
    """Writes the row of this process from a thread of its own."""

    def __init__(
        self,
        database: Engine,
        kind: ProcessKind,
        name: str = "",
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is written before `start`.

        Args:
            name: unique among those that run; by default made of kind, machine and process id.
            clock: seconds.
        """
        host, pid = socket.gethostname(), os.getpid()
        self.who = ThisProcess(
            name or f"{kind}@{host}:{pid}", kind, host, pid, version=version("renkei")
        )
        self._database = database
        self._autocommit = autocommit(database)
        self._clock = clock
        self._worked_at: float | None = None
        self._clock_told_at: float | None = None
        self._written_at: float | None = None
        self._missed_at: float | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="heartbeat", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether others see that this process lives; true for one that never said it would."""
        if self._thread.ident is None:
            return True
        return (
            self._missed_at is None
            and self._written_at is not None
            and self._clock() - self._written_at < SILENT_AFTER_S
        )

    def worked(self) -> None:
        """Note that the process did what it is for."""
        self._worked_at = self._clock()

    def start(self) -> None:
        """Write now and every few seconds; harmless when it was started."""
        if self._thread.ident is None:
            self._thread.start()

    def stop(self) -> None:
        """Stop writing and take the row away; without a database it is seen as silent."""
        if self._thread.ident is None or self._stop.is_set():
            return
        self._stop.set()
        self._thread.join(ANSWER_S)
        with (
            suppress(DatabaseUnavailable),
            self._autocommit.connect() as connection,
            within(connection, ANSWER_S),
        ):
            processes.end(connection, self.who)

    def _keep(self) -> None:
        self.beat(first=True)
        while not self._stop.wait(EVERY_S):
            self.beat()

    def beat(self, *, first: bool = False) -> None:
        """Write once, and tell when the database stops answering and when it answers again.

        A new primary is found this way, too: a pool that refuses to write is renewed.
        """
        asked_at = self._clock()
        try:
            self._write(first=first)
        except DatabaseUnavailable as error:
            self._missed(error)
        except Exception as error:  # noqa: BLE001 -- a thread that ended would stop us for good
            self._missed(error)
        else:
            self._written(asked_at)

    def _write(self, *, first: bool) -> None:
        idle_s = None if self._worked_at is None else max(0.0, self._clock() - self._worked_at)
        with self._autocommit.connect() as connection, within(connection, ANSWER_S):
            if first:
                processes.forget_predecessors(connection, self.who)
            machine = datetime.now(UTC)
            ahead_s = processes.beat(connection, self.who, idle_s=idle_s, machine=machine)
        self._tell_clock(ahead_s)

    def _tell_clock(self, ahead_s: float) -> None:
        """Alarm, once an hour, of a machine whose clock is off: nothing of ours goes by it."""
        off = abs(ahead_s) > CLOCKS_AGREE.total_seconds()
        told_at = self._clock_told_at
        if off and (told_at is None or self._clock() - told_at > TELL_CLOCK_EVERY_S):
            self._clock_told_at = self._clock()
            fields = {"process": self.who.name, "ahead_s": round(ahead_s)}
            _log.error(
                "this machine's clock differs from PostgreSQL's: set it by NTP",
                extra={"fields": fields},
            )

    def _missed(self, error: Exception) -> None:
        if self._missed_at is not None:
            return
        self._missed_at = self._clock()
        said = (str(error.__cause__ or error).strip().splitlines() or [""])[0]
        fields = {"process": self.who.name, "error": f"{type(error).__name__}: {error}"}
        _log.warning("heartbeat not written: %s", said, extra={"fields": fields})

    def _written(self, asked_at: float) -> None:
        if self._missed_at is not None:
            seconds = round(self._clock() - self._missed_at, 1)
            fields = {"process": self.who.name, "seconds": seconds}
            _log.info("heartbeat written again", extra={"fields": fields})
        self._missed_at, self._written_at = None, asked_at
