"""What one console process shares between its requests."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from redis import Redis
from sqlalchemy import Engine

from adapters.postgres.clock import DatabaseClock
from adapters.postgres.database import open_engine
from domain.engine.liveness import ProcessKind
from workers.app import broker_of
from workers.heartbeat import Heartbeat
from workers.places import places
from workers.schema_watch import SchemaWatch
from workers.services.runs import announce_runs
from workers.settings import Settings

# As many requests work at a time; the others wait their turn before they take a connection.
THREADS = 12

_log = logging.getLogger(__name__)


@dataclass
class Services:
    """The composition root of the console.

    Attributes:
        announce: tells the workers of runs, after the commit; may fail, since they look anyway.
        clock: PostgreSQL's.
    """

    settings: Settings
    engine: Engine
    redis: Redis
    announce: Callable[[Sequence[int]], None]
    clock: Callable[[], datetime]

    @cached_property
    def schema(self) -> SchemaWatch:
        """Whether the database is of this version."""
        return SchemaWatch(self.engine)

    @cached_property
    def heartbeat(self) -> Heartbeat:
        """The sign of life of this process, once it is started."""
        return Heartbeat(self.engine, ProcessKind.WEB)

    @classmethod
    def of(cls, settings: Settings) -> "Services":
        """Open nothing yet but the pools. Raises NotRunning."""
        found = places(settings)
        engine = open_engine(found.database_url, connections=THREADS, name="renkei console")

        def announce(run_ids: Sequence[int]) -> None:
            announce_runs(settings, run_ids)

        return cls(
            settings=settings,
            engine=engine,
            redis=broker_of(found.redis_url),
            announce=announce,
            clock=DatabaseClock(engine).now,
        )

    def tell_workers(self, run_ids: Sequence[int]) -> None:
        """Announce runs; without it the next tick finds them."""
        try:
            self.announce(run_ids)
        except Exception as error:  # noqa: BLE001 -- the runs are recorded; the broker may be away
            fields = {"runs": list(run_ids), "error": type(error).__name__}
            _log.warning("runs not announced", extra={"fields": fields})

    def close(self) -> None:
        """Let go of every connection."""
        self.heartbeat.stop()
        self.redis.close()
        self.engine.dispose()
