"""The ends of runs: locked and closed once, and what the next run needs to know of them."""

from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from domain.engine.runs import RunMode, RunState, Tally


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run locked for closing. Attributes: calls: made for its items."""

    run_id: int
    shop_id: int
    action: str
    mode: RunMode
    closed: bool
    plan_failed: bool
    tally: Tally
    calls: int


_LOCK_OPEN = Statement[None]("""
select from runs r
 where r.id = :id and r.state = 'open'
   and not exists (select 1 from run_items i
                    where i.run_id = r.id and i.finished_at is null)
   for update
""")
# With the run locked: what the look before saw may be older than the lock.
_COUNT = Statement[OpenRun]("""
select r.id as run_id, r.shop_id, r.action, r.mode, r.closed_at is not null as closed,
       r.plan_failed, c.calls, jsonb_build_object('succeeded', c.succeeded, 'failed', c.failed,
                                 'skipped', c.skipped, 'carried_over', c.carried) as tally
  from runs r
 cross join lateral (
   select count(*) filter (where finished_at is null) as open,
          count(*) filter (where state = 'succeeded') as succeeded,
          count(*) filter (where state = 'failed') as failed,
          count(*) filter (where state = 'skipped') as skipped,
          count(*) filter (where state = 'carried') as carried,
          coalesce(sum(calls), 0) as calls
     from run_items where run_id = r.id) c
 where r.id = :id and c.open = 0
""")


def lock_for_closing(connection: Connection, run_id: int) -> OpenRun | None:
    """Lock a run that can be closed; None when it has open items or was closed before."""
    locked = _LOCK_OPEN.run(connection, id=run_id)
    return _COUNT.first(connection, id=run_id) if locked else None


_CLOSE = Statement[None]("""
with closed as (
  update runs
     set state = :state, finished_at = now(), lease_until = null, succeeded = :succeeded,
         failed = :failed, skipped = :skipped, carried_over = :carried_over,
         calls = calls + :calls
   where id = :run_id
)
insert into runs (shop_id, action, mode)
select b.shop_id, b.action, 'follow_up'
  from robots b
 where b.shop_id = :shop_id and b.action = :followed_by and b.enabled
   and not exists (select 1 from runs r
                    where r.shop_id = b.shop_id and r.action = b.action and r.state = 'pending')
""")


def close(
    connection: Connection, run: OpenRun, state: RunState, *, followed_by: str | None = None
) -> None:
    """Write the final state and figures of a locked run, and insert the run that follows (CNF-3).

    Args: followed_by: an action; nothing follows where the shop has that robot switched off.
    """
    _CLOSE.run(
        connection,
        run.tally,
        run_id=run.run_id,
        shop_id=run.shop_id,
        calls=run.calls,
        state=state,
        followed_by=followed_by,
    )


_COMPLETE = Statement[int]("""
select r.id from runs r
 where r.state = 'open'
   and not exists (select 1 from run_items i
                    where i.run_id = r.id and i.finished_at is null)
 limit 1000
""")


def without_open_items(connection: Connection) -> list[int]:
    """Return open runs whose closing was lost with a worker."""
    return _COMPLETE.all(connection)


# Of a run r: it read everything, whatever became of its items; not one about named ones alone.
COMPLETED = """
r.state in ('succeeded', 'partly_failed', 'failed') and not r.plan_failed
   and not r.request ?| array['ship_date', 'keys']
"""
