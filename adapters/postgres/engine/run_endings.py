"""The ends of runs: locked and closed once, and what the next run needs to know of them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from domain.actions import Action
from domain.engine.runs import RunMode, RunState, Tally

_LOCK_OPEN = text("""
select r.id, r.shop_id, r.action, r.mode, r.closed_at, r.plan_failed, r.reason
  from runs r
 where r.id = :id and r.state = 'open'
   and not exists (select 1 from run_items i
                    where i.run_id = r.id and i.finished_at is null)
   for update
""")

# Once more, with the run locked: what the first look saw may be older than the lock.
_COUNT = text("""
select count(*) filter (where finished_at is null) as open,
       count(*) filter (where state = 'succeeded') as succeeded,
       count(*) filter (where state = 'failed') as failed,
       count(*) filter (where state = 'skipped') as skipped,
       count(*) filter (where state = 'carried') as carried,
       coalesce(sum(calls), 0) as calls
  from run_items where run_id = :id
""")


@dataclass(frozen=True, slots=True)
class ClosingRun:
    """A run locked for closing whose items have all ended."""

    id: int
    shop_id: int
    action: Action
    mode: RunMode
    closed: bool
    plan_failed: bool
    tally: Tally
    calls: int


def lock_for_closing(connection: Connection, run_id: int) -> ClosingRun | None:
    """Lock a run that can be closed; None when it has open items or was closed before."""
    row = connection.execute(_LOCK_OPEN, {"id": run_id}).one_or_none()
    if row is None:
        return None
    counts = connection.execute(_COUNT, {"id": run_id}).one()
    if counts.open:
        return None
    return ClosingRun(
        id=row.id,
        shop_id=row.shop_id,
        action=Action(row.action),
        mode=RunMode(row.mode),
        closed=row.closed_at is not None,
        plan_failed=row.plan_failed,
        tally=Tally(counts.succeeded, counts.failed, counts.skipped, counts.carried),
        calls=counts.calls,
    )


_CLOSE = text("""
update runs
   set state = :state, finished_at = now(), lease_until = null, succeeded = :succeeded,
       failed = :failed, skipped = :skipped, carried_over = :carried,
       calls = calls + :calls
 where id = :id
""")


def close(connection: Connection, run: ClosingRun, state: RunState) -> None:
    """Write the final state and figures of a locked run."""
    connection.execute(
        _CLOSE,
        {
            "id": run.id,
            "state": state.value,
            "succeeded": run.tally.succeeded,
            "failed": run.tally.failed,
            "skipped": run.tally.skipped,
            "carried": run.tally.carried_over,
            "calls": run.calls,
        },
    )


_COMPLETE = text("""
select r.id from runs r
 where r.state = 'open'
   and not exists (select 1 from run_items i
                    where i.run_id = r.id and i.finished_at is null)
 limit 1000
""")


def without_open_items(connection: Connection) -> list[int]:
    """Return open runs whose closing was lost with a worker."""
    return [row.id for row in connection.execute(_COMPLETE)]


# A run about a named date or named orders says nothing about the days in between.
_LAST = text("""
select max(started_at) from runs
 where shop_id = :shop_id and action = :action and id <> :but
   and state in ('succeeded', 'partly_failed', 'failed') and not plan_failed
   and not (request ? 'ship_date') and not (request ? 'keys')
""")


def last_completed_start(
    connection: Connection, shop_id: int, action: Action, *, but: int
) -> datetime | None:
    """Return when the shop's last run of this action that read everything was started."""
    found: datetime | None = connection.execute(
        _LAST, {"shop_id": shop_id, "action": action.value, "but": but}
    ).scalar_one()
    return found


_FOLLOW_UP = text("""
insert into runs (shop_id, action, mode)
select b.shop_id, b.action, :mode
  from robots b
 where b.shop_id = :shop_id and b.action = :action and b.enabled
   and not exists (select 1 from runs r
                    where r.shop_id = b.shop_id and r.action = b.action and r.state = 'pending')
""")


def insert_follow_up(
    connection: Connection, shop_id: int, action: Action, *, mode: RunMode
) -> None:
    """Insert a run that follows another, where the shop has that robot switched on."""
    connection.execute(_FOLLOW_UP, {"shop_id": shop_id, "action": action.value, "mode": mode.value})
