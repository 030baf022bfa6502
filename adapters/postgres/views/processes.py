"""Which processes there are, and how they do."""

from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from domain.engine.liveness import Liveness, ProcessKind, liveness


@dataclass(frozen=True, slots=True)
class ProcessSeen:
    """One process.

    Attributes:
        silent_s: since its heartbeat.
        idle_s: since it did what it is for, or since its start before it did.
    """

    name: str
    kind: ProcessKind
    version: str
    silent_s: float
    idle_s: float

    @property
    def liveness(self) -> Liveness:
        """What the ages say."""
        return liveness(self.kind, silent_s=self.silent_s, idle_s=self.idle_s)


# What was killed an hour ago, and nothing came in its place, was taken away.
_SEEN = Statement[ProcessSeen]("""
select name, kind, version, extract(epoch from now() - beat_at)::float8 as silent_s,
       extract(epoch from now() - coalesce(worked_at, started_at))::float8 as idle_s
  from processes where beat_at > now() - interval '1 hour' order by kind, name
""")


def processes_seen(connection: Connection) -> list[ProcessSeen]:
    """Return every process of the last hour that did not say good-bye."""
    return _SEEN.all(connection)
