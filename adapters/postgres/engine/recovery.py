"""What was lost with a message, a worker or the broker: due again, or given up (CLS-7)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.engine.items import ClaimedItem
from adapters.postgres.statement import Statement

# Claims that ended with a dead worker before an item counts as what kills them.
LOST_CLAIMS_LIMIT = 10
# Lost claims after which an item keeps its place in its shop's queue.
LOST_CLAIMS_PATIENCE = 2


@dataclass(frozen=True, slots=True)
class LostClaim:
    """An item or a run whose lease ended with a worker or a message.

    Attributes: was_running: a worker had begun it, so calls of its may be under way still.
    """

    id: int
    shop_id: int
    generation: int
    action: str
    subject_id: int | None
    was_running: bool
    run_id: int


# An item keeps its place before what came later, or a flood would delay it by as long as it lasts;
# what goes on losing its workers has to stand behind the others.
_LOST_ITEMS = Statement[LostClaim]("""
with lost as (
  select id, state from run_items
   where state in ('queued', 'running') and lease_until < now()
     and not (state = 'running' and attempts >= :limit)
   limit 5000
   for update skip locked
)
update run_items i
   set state = 'due', lease_until = null,
       due_at = case when i.attempts <= :patience then i.due_at else now() end
  from lost
 where i.id = lost.id
returning i.id, i.shop_id, i.generation, i.action, i.subject_id,
          lost.state = 'running' as was_running, i.run_id
""")

_POISONED_ITEMS = Statement[ClaimedItem]("""
select i.id, i.run_id, i.shop_id, i.action, i.key, i.subject_id, i.generation, i.attempts, r.mode,
       r.request
  from run_items i join runs r on r.id = i.run_id
 where i.state = 'running' and i.lease_until < now() and i.attempts >= :limit
 limit 100
 for update of i skip locked
""")

_LOST_RUNS = Statement[LostClaim]("""
update runs set state = 'pending', due_at = now(), lease_until = null
 where id in (select id from runs
               where state = 'planning' and lease_until < now() and attempts < :limit
               for update skip locked)
returning id, shop_id, generation, action, cast(null as bigint) as subject_id,
          true as was_running, id as run_id
""")

_POISONED_RUNS = Statement[LostClaim]("""
update runs set state = 'open', lease_until = null, plan_failed = true, reason = :reason
 where id in (select id from runs
               where state = 'planning' and lease_until < now() and attempts >= :limit
               for update skip locked)
returning id, shop_id, generation, action, cast(null as bigint) as subject_id,
          true as was_running, id as run_id
""")


def lost_items(connection: Connection) -> list[LostClaim]:
    """Make due again what was lost with a message or a worker; returns it."""
    return _LOST_ITEMS.all(connection, limit=LOST_CLAIMS_LIMIT, patience=LOST_CLAIMS_PATIENCE)


def poisoned_items(connection: Connection) -> list[ClaimedItem]:
    """Lock and return items whose every claim ended with a dead worker."""
    return _POISONED_ITEMS.all(connection, limit=LOST_CLAIMS_LIMIT)


def lost_runs(connection: Connection) -> list[LostClaim]:
    """Make pending again what a dead worker was planning; returns it."""
    return _LOST_RUNS.all(connection, limit=LOST_CLAIMS_LIMIT)


def poisoned_runs(connection: Connection, reason: str) -> list[LostClaim]:
    """End plans that ended every worker that touched them; returns them."""
    return _POISONED_RUNS.all(connection, limit=LOST_CLAIMS_LIMIT, reason=reason)


_GIVE_BACK_ITEMS = Statement[None]("""
update run_items set state = 'due', lease_until = null
 where id = any(:ids) and state = 'queued'
""")
# A pending run is announced again as soon as its announcement lease is gone.
_GIVE_BACK_RUNS = Statement[None]("""
update runs set lease_until = null where id = any(:ids) and state = 'pending'
""")


def give_back(connection: Connection, *, items: Sequence[int], runs: Sequence[int]) -> None:
    """Make due what a stopping worker has received and not begun, by id."""
    _GIVE_BACK_ITEMS.run(connection, ids=list(items))
    _GIVE_BACK_RUNS.run(connection, ids=list(runs))
