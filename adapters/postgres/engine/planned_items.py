"""The items a plan finds, and what a run has left when it is cut short."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from adapters.postgres.engine.runs import ClaimedRun
from adapters.postgres.statement import Statement, storable


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item a plan found. A `skipped` one is only listed, with its reason (IMP-8).

    Attributes:
        payload: what the worker gets with its claim, and would otherwise read from the cart again.
    """

    key: str
    subject_id: int | None = None
    skipped: bool = False
    reason: str = ""
    payload: Mapping[str, object] | None = field(repr=False, default=None)


_INSERT = Statement[None]("""
insert into run_items
       (run_id, shop_id, action, key, subject_id, payload, state, reason, priority, finished_at)
select :run_id, :shop_id, :action, n.key, n.subject_id, cast(n.payload as jsonb),
       case when n.skipped then 'skipped' else 'due' end, n.reason, :priority,
       case when n.skipped then now() end
  from unnest(cast(:keys as text[]), cast(:subjects as bigint[]),
              cast(:skipped as bool[]), cast(:reasons as text[]), cast(:payloads as text[]))
       as n(key, subject_id, skipped, reason, payload)
on conflict (run_id, key) do nothing
""")


def insert(connection: Connection, run: ClaimedRun, priority: int, new: Sequence[NewItem]) -> int:
    """Record what a plan found; returns how many. A key the run already has stays as it is."""
    if not new:
        return 0
    inserted = _INSERT.run(
        connection,
        run,
        run_id=run.id,
        priority=priority,
        keys=[item.key for item in new],
        subjects=[item.subject_id for item in new],
        skipped=[item.skipped for item in new],
        reasons=[item.reason for item in new],
        payloads=[None if item.payload is None else storable(item.payload) for item in new],
    )
    if inserted >= FLOOD:
        renew_statistics(connection)
    return inserted


# Whatever inserts so many items by itself has PostgreSQL look at them at once.
FLOOD = 2_000
_LOOK = Statement[None]("analyze run_items")


def renew_statistics(connection: Connection) -> None:
    """Have PostgreSQL look at a flood: plans made for an almost empty table cost seconds.

    Autovacuum would do it a minute later.
    """
    _LOOK.run(connection)


_CARRY = Statement[None]("""
update run_items set state = 'carried', finished_at = now(), lease_until = null, reason = :reason
 where run_id = :run_id and state in ('due', 'queued')
""")


def carry_over(connection: Connection, run_id: int, reason: str) -> None:
    """Give what a run has left to the next run (CLS-1)."""
    _CARRY.run(connection, run_id=run_id, reason=reason)
