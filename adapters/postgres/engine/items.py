"""Items: every move of docs/decisions/0003-runs-and-items.md is one statement here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from sqlalchemy import Connection, text

from adapters.postgres.database import Hot
from domain.actions import Action
from domain.engine.runs import ItemState, RunMode

# A worker that stops renewing loses its work after this; renewed every third of it.
LEASE_S = 15
# A message that nobody picked up for this long is believed lost.
QUEUED_LEASE_S = 20


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
        due_at: for state `due`: when to try again; None = at once, in its old place.
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


# A shop s that is neither parked, removed nor locked out.
WORKING_SHOP = "not s.parked and s.removed_at is null and s.auth_failed_at is null"
# What of it may be sent now, first things first: where the lane is open for items of their priority
# and their robot is not parked. Both are looked up once a shop; `limit` must follow. In a lateral
# with a limit PostgreSQL walks ix_run_items_due from its beginning, whatever it believes about the
# number of rows: statistics are old when a flood begins, and a plan by sorting costs a second each.
SENDABLE = """
select n.id from run_items n
 where n.shop_id = s.id and n.state = 'due' and n.due_at <= now()
   and n.priority < (select coalesce(min(k.priority), 32767) from lane_blocks k
                      where k.shop_id = s.id and k.until > now())
   and n.action <> all (array(select b.action from robots b where b.shop_id = s.id and b.parked))
 order by n.priority, n.due_at, n.id
"""

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
  update dead_letters d set state = 'closed', decided_at = now()
    from done
   where (:state = 'succeeded' or :state = 'skipped'
            and done.action in ('import_orders', 'confirm_orders', 'sync_status'))
     and d.state in ('open', 'replayed')
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
select (select count(*) from done) as accepted,
       (select id from handed) as handed_id, (select action from handed) as handed_action,
       exists (select 1 from run_items o
                where o.run_id = :run_id and o.id <> :id and o.finished_at is null) as others_open
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
