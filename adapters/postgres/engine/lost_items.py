"""Items whose message or worker was lost: due again, or given up as what kills its workers."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from adapters.postgres.engine.items import ClaimedItem
from domain.actions import Action
from domain.engine.runs import RunMode

# Claims that ended with a dead worker before an item counts as what kills them.
LOST_CLAIMS_LIMIT = 10
# Lost claims after which an item keeps its place in its shop's queue.
LOST_CLAIMS_PATIENCE = 2


@dataclass(frozen=True, slots=True)
class LostClaim:
    """An item or a run whose lease ended with a worker or a message."""

    id: int
    shop_id: int
    generation: int


# A push that was under way may still arrive at the shop, after a newer number: it is in doubt.
# An item keeps its place before what came later, or a flood would delay it by as long as it lasts;
# what goes on losing its workers has to stand behind the others.
_SWEEP = text("""
with lost as (
  select id, state, action, shop_id, subject_id from run_items
   where state in ('queued', 'running') and lease_until < now()
     and not (state = 'running' and attempts >= :limit)
   limit 5000
   for update skip locked
), doubted as (
  update stock_pushes p set doubted_at = now()
    from lost
   where lost.state = 'running' and lost.action = 'sync_stock'
     and p.shop_id = lost.shop_id and p.sku_id = lost.subject_id
)
update run_items i
   set state = 'due', lease_until = null,
       due_at = case when i.attempts <= :patience then i.due_at else now() end
  from lost
 where i.id = lost.id
returning i.id, i.shop_id, i.generation
""")

_POISONED = text("""
select id, run_id, shop_id, action, key, subject_id, generation, attempts
  from run_items
 where state = 'running' and lease_until < now() and attempts >= :limit
 limit 100
 for update skip locked
""")


def sweep(connection: Connection) -> list[LostClaim]:
    """Make due again what was lost with a message or a worker; returns it."""
    rows = connection.execute(
        _SWEEP, {"limit": LOST_CLAIMS_LIMIT, "patience": LOST_CLAIMS_PATIENCE}
    )
    return [LostClaim(row.id, row.shop_id, row.generation) for row in rows]


def poisoned(connection: Connection) -> list[ClaimedItem]:
    """Lock and return items whose every claim ended with a dead worker."""
    rows = connection.execute(_POISONED, {"limit": LOST_CLAIMS_LIMIT})
    return [
        ClaimedItem(
            id=row.id,
            run_id=row.run_id,
            shop_id=row.shop_id,
            action=Action(row.action),
            key=row.key,
            subject_id=row.subject_id,
            generation=row.generation,
            attempts=row.attempts,
            mode=RunMode.SCHEDULED,
            request={},
        )
        for row in rows
    ]
