"""The row of each process, by which others see that it lives (PLC-1)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from domain.engine.liveness import SILENT_AFTER_S, ProcessKind


@dataclass(frozen=True, slots=True)
class ThisProcess:
    """Who writes. Attributes: name: unique among those that run."""

    name: str
    kind: ProcessKind
    host: str
    pid: int
    version: str


# A row that is gone (another database after a fail-over, a restored one) is there again at once.
_BEAT = Statement[float]("""
insert into processes as p (name, kind, host, pid, version, worked_at, clock_ahead_s)
values (:name, :kind, :host, :pid, :version, now() - make_interval(secs => :idle_s),
        extract(epoch from cast(:machine as timestamptz) - clock_timestamp()))
on conflict (name) do update
   set kind = excluded.kind, host = excluded.host, pid = excluded.pid, version = excluded.version,
       started_at = case when (p.host, p.pid) = (excluded.host, excluded.pid) then p.started_at
                         else now() end,
       beat_at = now(), worked_at = excluded.worked_at, clock_ahead_s = excluded.clock_ahead_s
returning clock_ahead_s
""")
# Killed ones of this machine, in whose place this one came, and what nobody will see again.
_FORGET = Statement[None]("""
delete from processes
 where (kind = :kind and host = :host and beat_at < now() - make_interval(secs => :silent_s))
    or beat_at < now() - interval '1 day'
""")
_END = Statement[None]("delete from processes where name = :name and pid = :pid and host = :host")


def beat(
    connection: Connection, who: ThisProcess, *, idle_s: float | None, machine: datetime
) -> float:
    """Write that a process lives, and return how far its machine's clock is ahead, in seconds.

    Args:
        idle_s: since it did what it is for, None before.
        machine: aware; what its clock shows.
    """
    return _BEAT.one(connection, who, idle_s=idle_s, machine=machine)


def forget_predecessors(connection: Connection, who: ThisProcess) -> None:
    """Delete the rows of processes that ended without a word and were replaced."""
    _FORGET.run(connection, who, silent_s=SILENT_AFTER_S)


def end(connection: Connection, who: ThisProcess) -> None:
    """Delete the row of a process that ends as it was asked to."""
    _END.run(connection, who)
