"""Items: each move of docs/decisions/0003-runs-and-items.md is a statement, some in recovery.py.

What an action adds to a move comes as a value or as SQL of its own (`Beside`); no action is named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from sqlalchemy import Connection

from adapters.postgres.engine.dead_letters import CLOSE
from adapters.postgres.engine.lanes import SENDABLE, WORKING_SHOP
from adapters.postgres.statement import Statement
from domain.engine.runs import ItemState, RunMode
from domain.errors import LeaseLost

# A worker that stops renewing loses its work after this; renewed every third of it.
LEASE_S = 15
# A message that nobody picked up for this long is believed lost.
QUEUED_LEASE_S = 20


@dataclass(frozen=True, slots=True)
class ClaimedItem:
    """One item this worker owns as long as its lease holds.

    Attributes:
        generation: the fencing token: of this claim, larger than any before.
        attempts: claims that count, this one included.
        payload: what the plan read of the cart, so that it need not be read again.
        request: what the run was asked for beyond its action.
    """

    id: int
    run_id: int
    shop_id: int
    action: str
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
    action: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How a claim ends.

    Attributes:
        due_at: for state `due`: when to try again; None = at once, in its old place.
        spent: the attempt counts.
        calls: calls made to the cart during this claim.
        heals: the item's dead letter is about nothing any more.
    """

    state: ItemState
    reason: str = ""
    due_at: datetime | None = None
    spent: bool = True
    calls: int = 0
    heals: bool = False


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
        _alone(self.sql).run(connection, **self.values)


@cache  # one per kind of record
def _alone(beside: str) -> Statement[None]:
    return Statement[None](f"with done as (select) {beside}")


@dataclass(frozen=True, slots=True)
class Ended:
    """What followed from the end of an item.

    Attributes:
        handed: the item handed over in its place.
        others_open: the run had other open items when the statement began.
    """

    handed: QueuedItem | None
    others_open: bool


# The fair claim: shops with room and work take turns, least recently served first (CLS-8).
_TAKE = Statement[int](f"""
select s.id
  from lanes l
  join shops s on s.id = l.shop_id and {WORKING_SHOP}
 cross join lateral (
   select count(*) as out from run_items o
    where o.shop_id = s.id and o.state in ('queued', 'running')) now_out
 cross join lateral ({SENDABLE} limit 1) waiting
 where (cast(:shop_id as bigint) is null or l.shop_id = :shop_id)
   and now_out.out < least(s.in_flight, coalesce(l.allowed_in_flight, s.in_flight))
 order by l.last_pick
 limit :most
   for update of l skip locked
""")

# A statement of its own, so that it counts what was queued before the lanes were locked.
_ADMIT = Statement[QueuedItem](f"""
with turn as (
  select s.id,
         least(s.in_flight, coalesce(l.allowed_in_flight, s.in_flight))
         - (select count(*) from run_items o
             where o.shop_id = s.id and o.state in ('queued', 'running')) as room
    from lanes l join shops s on s.id = l.shop_id
   where l.shop_id = any(cast(:shops as bigint[]))
), picked as (
  select next.id
    from turn s
   cross join lateral ({SENDABLE} limit greatest(s.room, 0) for update of n skip locked) next
), stamped as (
  update lanes set last_pick = nextval('lane_picks')
   where shop_id = any(cast(:shops as bigint[]))
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
    taken = _TAKE.all(connection, shop_id=shop_id, most=lanes)
    return _ADMIT.all(connection, shops=taken, queued_s=QUEUED_LEASE_S) if taken else []


_REQUEUE = Statement[QueuedItem]("""
update run_items set lease_until = now() + make_interval(secs => :queued_s)
 where id in (select id from run_items where state = 'queued' for update skip locked)
returning id, action
""")


def requeue_all(connection: Connection) -> list[QueuedItem]:
    """Return every queued item, for sending again after the broker lost its messages."""
    return _REQUEUE.all(connection, queued_s=QUEUED_LEASE_S)


_CLAIM = Statement[ClaimedItem]("""
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
    return _CLAIM.first(connection, id=item_id, lease_s=LEASE_S)


_END = f"""
with done as (
  update run_items
     set state = :state, reason = :reason, calls = calls + :calls,
         attempts = attempts - :refund, lease_until = null,
         payload = case when :state = 'due' then payload end,
         due_at = coalesce(cast(:due_at as timestamptz), due_at),
         finished_at = case when :state = 'due' then null else now() end
   where id = :id and generation = :generation and state = 'running'
  returning shop_id, action, key
), healed as (
  {CLOSE}
    from done
   where :heals and d.state in ('open', 'replayed')
     and d.shop_id = done.shop_id and d.action = done.action and d.key = done.key
), handed as (
  update run_items
     set state = 'queued', lease_until = now() + make_interval(secs => :queued_s)
   where id = (
     select next.id
       from done
       join shops s on s.id = done.shop_id and {WORKING_SHOP}
       join lanes l on l.shop_id = s.id and l.allowed_in_flight is null
        and s.in_flight >= (select count(*) from run_items o
                             where o.shop_id = s.id and o.state in ('queued', 'running'))
      cross join lateral ({SENDABLE} limit 1 for update of n skip locked) next)
  returning id, action
)%s
select (select jsonb_build_object('id', id, 'action', action) from handed) as handed,
       exists (select 1 from run_items o
                where o.run_id = :run_id and o.id <> :id and o.finished_at is null) as others_open
 where exists (select from done)
"""


@cache  # one per kind of record
def _end(beside: str) -> Statement[Ended]:
    return Statement[Ended](_END % (f", beside as ({beside})" if beside else ""))


def end(
    connection: Connection, item: ClaimedItem, ending: Ending, beside: Beside | None = None
) -> Ended:
    """End a claim and hand the shop's place over to its next due item, in one statement.

    Args: beside: written in the same statement; with it no transaction is needed.
    Raises: LeaseLost: the item has a newer owner; roll back everything.
    """
    ended = _end(beside.sql if beside else "").first(
        connection,
        ending,
        **(beside.values if beside else {}),
        id=item.id,
        run_id=item.run_id,
        generation=item.generation,
        reason=ending.reason[:2000],
        refund=0 if ending.spent else 1,
        queued_s=QUEUED_LEASE_S,
    )
    if ended is None:
        raise LeaseLost(f"run {item.run_id}: a newer owner has the work")
    return ended


_RENEW = Statement[int]("""
update run_items i
   set lease_until = now() + make_interval(secs => :lease_s)
  from unnest(cast(:ids as bigint[]), cast(:generations as int[])) as held(id, generation)
 where i.id = held.id and i.generation = held.generation and i.state = 'running'
returning i.id
""")


def renew(connection: Connection, held: Sequence[tuple[int, int]]) -> set[int]:
    """Renew the leases of (id, generation) pairs; returns the ids that are still ours."""
    ids, generations = zip(*held, strict=True)
    return set(
        _RENEW.all(connection, ids=list(ids), generations=list(generations), lease_s=LEASE_S)
    )
