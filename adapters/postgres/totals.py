"""Figures over all merchants: for one pass of every robot, for the demo, for benchmarks."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

# A pending run that may not start (parked, locked out, removed) is not waited for.
_UNDER_WAY = text("""
select count(*) from runs r join shops s on s.id = r.shop_id
 where r.state in ('planning', 'open', 'pending')
   and not s.parked and s.removed_at is null and s.auth_failed_at is null
   and not exists (select 1 from robots b
                    where b.shop_id = r.shop_id and b.action = r.action and b.parked)
""")
_ENDED = text("""
select s.key as shop, r.action, r.state, r.reason from runs r join shops s on s.id = r.shop_id
 where r.id > :after and r.finished_at is not null
 order by r.id
""")
_RUNS = text("""
select count(*) as runs, count(*) filter (where finished_at is not null) as ended,
       count(*) filter (where state in ('failed', 'partly_failed')) as failed,
       coalesce(sum(calls), 0) as calls
  from runs where id = any(:ids)
""")
_ITEMS = text("""
select count(*) as items,
       count(*) filter (where state not in ('due', 'queued', 'running')) as ended
  from run_items where run_id = any(:ids)
""")


@dataclass(frozen=True, slots=True)
class EndedRun:
    """How one run ended."""

    shop: str
    action: str
    state: str
    reason: str

    @property
    def good(self) -> bool:
        """Whether nobody has to look: it succeeded, or the cart was closed and work is kept."""
        return self.state in {"succeeded", "closed"}


@dataclass(frozen=True, slots=True)
class Standing:
    """How far some runs are. `calls` are those of the runs that ended."""

    runs: int
    runs_ended: int
    runs_failed: int
    items: int
    items_ended: int
    calls: int

    @property
    def over(self) -> bool:
        """Whether every run has ended."""
        return self.runs_ended == self.runs


def newest_run(connection: Connection) -> int:
    """Return the id of the newest run, 0 without any."""
    return int(connection.execute(text("select coalesce(max(id), 0) from runs")).scalar_one())


def under_way(connection: Connection) -> int:
    """Return how many runs are unfinished and not held back by a person or the credentials."""
    return int(connection.execute(_UNDER_WAY).scalar_one())


def ended_runs(connection: Connection, *, after: int) -> list[EndedRun]:
    """Return the ended runs with an id above `after`."""
    rows = connection.execute(_ENDED, {"after": after})
    return [EndedRun(row.shop, row.action, row.state, row.reason) for row in rows]


def standing(connection: Connection, run_ids: Sequence[int]) -> Standing:
    """Return how far these runs are."""
    ids = {"ids": list(run_ids)}
    runs = connection.execute(_RUNS, ids).one()
    items = connection.execute(_ITEMS, ids).one()
    return Standing(runs.runs, runs.ended, runs.failed, items.items, items.ended, int(runs.calls))
