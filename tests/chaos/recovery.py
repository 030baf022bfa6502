"""How long it takes after one fault until everything that was under way has ended."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median

from tests.chaos import faults
from tests.chaos.faults import Fault
from tests.chaos.load import Load
from tests.chaos.station import PATIENCE_S

GIVE_UP_AFTER_S = 120.0
BETWEEN_S = 4.0
FEWEST_NOTES = 10

_OUT = "select id from run_items where state in ('queued', 'running')"
_STILL = "select count(*) from run_items where id = any(:out) and finished_at is null"
_GAP = """
select extract(epoch from max(gap)) from (
  select lead(finished_at, 1, clock_timestamp()) over (order by finished_at) - finished_at as gap
    from run_items where finished_at > now() - make_interval(secs => :since_s)) g
"""


KINDS: Mapping[str, Callable[[], Fault]] = {
    "SIGKILL of one of two workers": faults.KillWorker,
    "SIGKILL of both workers": faults.KillAllWorkers,
    "SIGTERM of one of two workers": faults.TermWorker,
    "SIGSTOP of one worker for 5 s": lambda: faults.PauseWorker(5, 5),
    "SIGSTOP of one worker for 18 s": lambda: faults.PauseWorker(18, 18),
    "SIGKILL of one of two beats": faults.KillBeat,
    "FLUSHALL of Redis": faults.FlushRedis,
    "SIGKILL of Redis, 0 to 4 s down": faults.KillRedis,
    "immediate stop of PostgreSQL, 0 to 4 s down": faults.StopPostgres,
}


@dataclass(frozen=True)
class Recovery:
    """Seconds after one kind of fault, of several times.

    Attributes:
        notes: waiting in Redis when it struck.
        ended_s: until everything that was out with a worker or a message had ended.
        gap_s: longest time in which no item at all was finished.
    """

    kind: str
    notes: list[int] = field(default_factory=list)
    ended_s: list[float] = field(default_factory=list)
    gap_s: list[float] = field(default_factory=list)

    def row(self) -> str:
        """Return a row of the table."""
        figures = (median(self.ended_s), max(self.ended_s), median(self.gap_s), max(self.gap_s))
        counts = (str(len(self.ended_s)), str(min(self.notes)))
        cells = [self.kind, *counts, *(f"{one:.1f}" for one in figures)]
        return f"| {' | '.join(cells)} |"


def measure(load: Load, kind: str, times: int) -> Recovery:
    """Let one kind of fault strike several times, each after the last one is over."""
    found = Recovery(kind)
    for _ in range(times):
        time.sleep(BETWEEN_S)
        load.station.wait_until_working()
        _once(load, KINDS[kind](), found)
    return found


def _once(load: Load, fault: Fault, found: Recovery) -> None:
    found.notes.append(_crowd(load))
    out = [row[0] for row in load.rows(_OUT)]
    began_at = time.monotonic()
    fault.strike(load.scene)
    while load.number(_STILL, out=out):
        if time.monotonic() > began_at + GIVE_UP_AFTER_S:
            raise AssertionError(f"not recovered: {load.station.tail()}")
        time.sleep(0.05)
    found.ended_s.append(time.monotonic() - began_at)
    time.sleep(1.0)
    found.gap_s.append(load.number(_GAP, since_s=time.monotonic() - began_at + 1))


def _crowd(load: Load) -> int:
    """Wait until notes wait in Redis, where a fault can lose them; returns how many do."""
    give_up_at = time.monotonic() + PATIENCE_S
    while (notes := load.notes()) < FEWEST_NOTES:
        if time.monotonic() > give_up_at:
            raise AssertionError(f"{notes} notes wait in Redis\n{load.station.tail()}")
        time.sleep(0.01)
    return notes


HEAD = (
    "| fault | times | notes in Redis, at least | ended again: median, s | worst, s"
    " | no item finished: median, s | worst, s |"
)
