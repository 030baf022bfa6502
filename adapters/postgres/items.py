"""Items: every move of docs/decisions/0003-runs-and-items.md is one statement here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Protocol

from sqlalchemy import Connection, text

from adapters.postgres.database import Hot
from domain.actions import Action
from domain.runs import ItemState, RunMode

# A worker that stops renewing loses its work after this; renewed every third of it.
LEASE_S = 15
# A message that nobody picked up for this long is believed lost.
QUEUED_LEASE_S = 20
# Claims that ended with a dead worker before an item counts as what kills them.
LOST_CLAIMS_LIMIT = 10


@dataclass(frozen=True, slots=True)
class ClaimedItem:
    """One item this worker owns as long as its lease holds.

    Attributes:
        attempts: claims that count, this one included.
        payload: what the plan read of the cart, so that it need not be read again.
        request: what the run was asked for beyond its action.
    """

    id: int
    run_id: int
    shop_id: int
    action: Action
    key: str
    subject_id: int | None
    generation: int
    attempts: int
    mode: RunMode
    request: dict[str, object]
    payload: dict[str, object] | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class QueuedItem:
    """An item whose message is to be sent now."""

    id: int
    action: Action


@dataclass(frozen=True, slots=True)
class Ending:
    """How a claim ends.

    Attributes:
        due_at: for state `due`: when to try again; None = now.
        spent: the attempt counts.
        calls: calls made to the cart during this claim.
    """

    state: ItemState
    reason: str = ""
    due_at: datetime | None = None
    spent: bool = True
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Beside:
    """A record that can be written by the very statement that ends its item.

    Attributes:
        sql: one statement without returned rows; it writes only where `exists (select from done)`.
    """

    sql: str
    values: Mapping[str, object]

    def __call__(self, connection: Connection) -> None:
        """Write it by itself, in the transaction that has ended the item."""
        connection.execute(text(f"with done as (select) {self.sql}"), dict(self.values))


@dataclass(frozen=True, slots=True)
class Ended:
    """Whether the ending was accepted, and the item handed over in its place.

    Attributes:
        others_open: the run had other open items when the statement began.
    """

    accepted: bool
    handed: QueuedItem | None
    others_open: bool


_CLAIM = Hot("""
update run_items i
   set state = 'running', generation = i.generation + 1, attempts = i.attempts + 1,
       lease_until = now() + make_interval(secs => :lease_s)
  from runs r
 where i.id = :id and i.state = 'queued' and r.id = i.run_id
returning i.id, i.run_id, i.shop_id, i.action, i.key, i.subject_id, i.generation, i.attempts,
          i.payload, r.mode, r.request
""")


def claim(connection: Connection, item_id: int) -> ClaimedItem | None:
    """Take a queued item; None when somebody else did, or it is not queued any more."""
    found = _CLAIM.rows(connection, {"id": item_id, "lease_s": LEASE_S})
    if not found:
        return None
    row = found[0]
    return ClaimedItem(
        id=row.id,
        run_id=row.run_id,
        shop_id=row.shop_id,
        action=Action(row.action),
        key=row.key,
        subject_id=row.subject_id,
        generation=row.generation,
        attempts=row.attempts,
        mode=RunMode(row.mode),
        request=row.request,
        payload=row.payload,
    )


# What of a shop s with lane l may be sent now: the shop is neither parked, removed nor locked
# out, the robot is not parked, and the lane is open for items of this priority.
_WORKING_SHOP = "not s.parked and s.removed_at is null and s.auth_failed_at is null"
_SENDABLE = """
       n.state = 'due' and n.due_at <= now()
   and (l.blocked_until is null or l.blocked_until <= now() or n.priority < l.blocked_priority)
   and not exists (select 1 from robots b
                    where b.shop_id = n.shop_id and b.action = n.action and b.parked)
"""

_END = f"""
with done as (
  update run_items
     set state = :state, reason = :reason, calls = calls + :calls,
         attempts = attempts - :refund, lease_until = null,
         payload = case when :state = 'due' then payload end,
         due_at = coalesce(cast(:due_at as timestamptz), now()),
         finished_at = case when :state = 'due' then null else now() end
   where id = :id and generation = :generation and state = 'running'
  returning shop_id, action, key
), healed as (
  update dead_letters d set state = 'closed', decided_at = now()
    from done
   where :state = 'succeeded' and d.state in ('open', 'replayed')
     and d.shop_id = done.shop_id and d.action = done.action and d.key = done.key
), handed as (
  update run_items
     set state = 'queued', lease_until = now() + make_interval(secs => :queued_s)
   where id = (
     select n.id
       from done
       join shops s on s.id = done.shop_id and {_WORKING_SHOP}
       join lanes l on l.shop_id = s.id and l.allowed_in_flight is null
       join run_items n on n.shop_id = s.id
      where {_SENDABLE} and n.id <> :id
      order by n.priority, n.due_at, n.id
      limit 1
      for update of n skip locked)
  returning id, action
)%s
select (select count(*) from done) as accepted,
       (select id from handed) as handed_id, (select action from handed) as handed_action,
       exists (select 1 from run_items o
                where o.run_id = :run_id and o.id <> :id
                  and o.state in ('due', 'queued', 'running')) as others_open
"""


@cache  # one per kind of record
def _end(beside: str) -> Hot:
    return Hot(_END % (f", beside as ({beside})" if beside else ""))


def end(
    connection: Connection, item: ClaimedItem, ending: Ending, beside: Beside | None = None
) -> Ended:
    """End a claim and hand the shop's place over to its next due item, in one statement.

    Args: beside: written in the same statement; with it no transaction is needed.
    Returns: `accepted` False when the item has a newer owner: roll back everything.
    """
    (row,) = _end(beside.sql if beside else "").rows(
        connection,
        {
            **(beside.values if beside else {}),
            "id": item.id,
            "run_id": item.run_id,
            "generation": item.generation,
            "state": ending.state.value,
            "reason": ending.reason[:2000],
            "calls": ending.calls,
            "refund": 0 if ending.spent else 1,
            "due_at": ending.due_at,
            "queued_s": QUEUED_LEASE_S,
        },
    )
    handed = None
    if row.handed_id is not None:
        handed = QueuedItem(row.handed_id, Action(row.handed_action))
    return Ended(bool(row.accepted), handed, row.others_open)


# The fair claim: shops with room take turns, least recently served first (CLS-8).
_ADMIT = text(f"""
with turn as (
  select l.shop_id,
         least(s.in_flight, coalesce(l.allowed_in_flight, s.in_flight))
         - (select count(*) from run_items o
             where o.shop_id = l.shop_id and o.state in ('queued', 'running')) as room
    from lanes l
    join shops s on s.id = l.shop_id
   where {_WORKING_SHOP}
     and (cast(:shop_id as bigint) is null or l.shop_id = :shop_id)
     and exists (select 1 from run_items n where n.shop_id = l.shop_id and {_SENDABLE})
   order by l.last_pick_at
   limit :lanes
   for update of l skip locked
), picked as (
  select p.id
    from turn t
    join lanes l on l.shop_id = t.shop_id
   cross join lateral (
     select n.id from run_items n
      where n.shop_id = t.shop_id and {_SENDABLE}
      order by n.priority, n.due_at, n.id
      limit greatest(t.room, 0)
      for update of n skip locked) p
), stamped as (
  update lanes l set last_pick_at = clock_timestamp()
    from turn t where l.shop_id = t.shop_id and t.room > 0
)
update run_items i
   set state = 'queued', lease_until = now() + make_interval(secs => :queued_s)
  from picked
 where i.id = picked.id
returning i.id, i.action
""")


def admit(
    connection: Connection, *, shop_id: int | None = None, lanes: int = 500
) -> list[QueuedItem]:
    """Queue what has room, shop by shop in turn; the caller sends the messages after commit."""
    rows = connection.execute(
        _ADMIT, {"shop_id": shop_id, "lanes": lanes, "queued_s": QUEUED_LEASE_S}
    )
    return [QueuedItem(row.id, Action(row.action)) for row in rows]


_RENEW = text("""
update run_items i
   set lease_until = now() + make_interval(secs => :lease_s)
  from unnest(cast(:ids as bigint[]), cast(:generations as int[])) as held(id, generation)
 where i.id = held.id and i.generation = held.generation and i.state = 'running'
returning i.id
""")


def renew(connection: Connection, held: Sequence[tuple[int, int]]) -> set[int]:
    """Renew the leases of (id, generation) pairs; returns the ids that are still ours."""
    rows = connection.execute(
        _RENEW,
        {
            "ids": [item_id for item_id, _ in held],
            "generations": [generation for _, generation in held],
            "lease_s": LEASE_S,
        },
    )
    return {row.id for row in rows}


@dataclass(frozen=True, slots=True)
class LostClaim:
    """An item or a run whose lease ended with a worker or a message."""

    id: int
    shop_id: int
    generation: int


_SWEEP = text("""
update run_items
   set state = 'due', due_at = now(), lease_until = null
 where id in (
   select id from run_items
    where state in ('queued', 'running') and lease_until < now()
      and not (state = 'running' and attempts >= :limit)
    limit 5000
    for update skip locked)
returning id, shop_id, generation
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
    rows = connection.execute(_SWEEP, {"limit": LOST_CLAIMS_LIMIT})
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


_REQUEUE = text("""
update run_items set lease_until = now() + make_interval(secs => :queued_s)
 where id in (select id from run_items where state = 'queued' for update skip locked)
returning id, action
""")


def requeue_all(connection: Connection) -> list[QueuedItem]:
    """Return every queued item, for sending again after the broker lost its messages."""
    rows = connection.execute(_REQUEUE, {"queued_s": QUEUED_LEASE_S})
    return [QueuedItem(row.id, Action(row.action)) for row in rows]


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item a plan found. A `skipped` one is only listed, with its reason (IMP-8).

    Attributes:
        payload: JSON the worker gets with its claim.
    """

    key: str
    subject_id: int | None = None
    skipped: bool = False
    reason: str = ""
    payload: str | None = field(repr=False, default=None)


class PlannedRun(Protocol):
    """The run the items belong to."""

    @property
    def id(self) -> int:
        """Of the run."""

    @property
    def shop_id(self) -> int:
        """Of its shop."""

    @property
    def action(self) -> Action:
        """What it does."""


_INSERT = text("""
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


def insert(connection: Connection, run: PlannedRun, priority: int, new: Sequence[NewItem]) -> None:
    """Record what a plan found; a key the run already has stays as it is."""
    if not new:
        return
    connection.execute(
        _INSERT,
        {
            "run_id": run.id,
            "shop_id": run.shop_id,
            "action": run.action.value,
            "priority": priority,
            "keys": [item.key for item in new],
            "subjects": [item.subject_id for item in new],
            "skipped": [item.skipped for item in new],
            "reasons": [item.reason for item in new],
            "payloads": [item.payload for item in new],
        },
    )


_CARRY = text("""
update run_items set state = 'carried', finished_at = now(), lease_until = null, reason = :reason
 where run_id = :run_id and state in ('due', 'queued')
""")


def carry_over(connection: Connection, run_id: int, reason: str) -> None:
    """Give what a run has left to the next run (CLS-1)."""
    connection.execute(_CARRY, {"run_id": run_id, "reason": reason})
