"""Runs from their request to a recorded plan; run_endings.py closes them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from sqlalchemy import Connection

from adapters.postgres.engine.items import LEASE_S
from adapters.postgres.engine.lanes import WORKING_SHOP
from adapters.postgres.statement import Statement, words
from domain.engine.runs import FINAL_RUN_STATES, RunMode, RunState, Window
from domain.errors import LeaseLost

# Written out, so that PostgreSQL finds its partial indexes.
UNFINISHED_RUNS = words(state for state in RunState if state not in FINAL_RUN_STATES)

# A pending run's message is believed lost after this.
ANNOUNCED_S = 10


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """One run this worker plans as long as its lease holds.

    Attributes:
        generation: the fencing token: of this claim, larger than any before.
        read_until: a range run is recorded up to here.
        replayed: the keys a replay is about, None for every other run.
    """

    id: int
    shop_id: int
    action: str
    mode: RunMode
    request: dict[str, object]
    replayed: list[str] | None
    window_from: datetime | None
    window_to: datetime | None
    read_until: datetime | None
    generation: int
    attempts: int
    started_at: datetime

    @property
    def run_id(self) -> int:
        """The same, under the name that items have it by."""
        return self.id

    @property
    def window(self) -> Window | None:
        """The order times asked for or read so far."""
        if self.window_from is None or self.window_to is None:
            return None
        return Window(self.window_from, self.window_to)


_INSERT = Statement[int]("""
insert into runs (shop_id, action, mode, slot, request, window_from, window_to)
select s.id, :action, :mode, :slot, cast(:request as jsonb), :since, :until
  from shops s where s.id = :shop_id and s.removed_at is null
   for share
on conflict (shop_id, action, slot) do nothing
returning id
""")


def insert(  # noqa: PLR0913 -- one argument per column a run is born with
    connection: Connection,
    *,
    shop_id: int,
    action: str,
    mode: RunMode,
    slot: datetime | None = None,
    window: Window | None = None,
    request: Mapping[str, object] | None = None,
) -> int | None:
    """Insert a pending run; None when its slot already has one, or the shop was removed."""
    return _INSERT.first(
        connection,
        shop_id=shop_id,
        action=action,
        mode=mode,
        slot=slot,
        request=json.dumps(dict(request or {}), ensure_ascii=False),
        since=window.since if window else None,
        until=window.until if window else None,
    )


_GO_ON = Statement[None]("""
update runs r set read_until = o.read_until
  from runs o
 where r.id = :id and o.read_until <= r.window_to
   and o.id = (select max(p.id) from runs p
                where p.shop_id = r.shop_id and p.action = r.action and p.mode = r.mode
                  and p.window_from = r.window_from and p.id < r.id)
   and (o.closed_at is not null or o.plan_failed)
""")


def go_on(connection: Connection, run_id: int) -> None:
    """Have a range run begin where the last one of the same range was cut short (IMP-3)."""
    _GO_ON.run(connection, id=run_id)


# Pending, due, of a shop and robot that may work, and no other run of the pair is under way:
# neither planned or open, nor put back in the middle of its plan with items that are out.
_STARTABLE = f"""
       r.state = 'pending' and r.due_at <= now()
   and exists (select 1 from shops s where s.id = r.shop_id and {WORKING_SHOP})
   and not exists (select 1 from robots b
                    where b.shop_id = r.shop_id and b.action = r.action and b.parked)
   and not exists (select 1 from runs o
                    where o.shop_id = r.shop_id and o.action = r.action
                      and o.state in ('planning', 'open'))
   and not exists (select 1 from runs o
                    where o.shop_id = r.shop_id and o.action = r.action and o.id <> r.id
                      and o.state = 'pending'
                      and exists (select 1 from run_items i
                                   where i.run_id = o.id and i.finished_at is null))
"""


_CLAIM = Statement[ClaimedRun](f"""
update runs r
   set state = 'planning', generation = r.generation + 1, attempts = r.attempts + 1,
       lease_until = now() + make_interval(secs => :lease_s),
       started_at = coalesce(r.started_at, now())
 where r.id = :id and {_STARTABLE} and r.mode <> all(:but)
returning r.id, r.shop_id, r.action, r.mode, r.request, r.window_from, r.window_to, r.read_until,
          r.generation, r.attempts, r.started_at,
          case when r.mode = 'replay' then coalesce(r.request -> 'keys', '[]') end as replayed
""")


def claim(connection: Connection, run_id: int, *, but: Sequence[RunMode] = ()) -> ClaimedRun | None:
    """Take a pending run for planning; None when it is not to be started now.

    Args: but: modes that are not taken.
    """
    try:
        return _CLAIM.first(connection, id=run_id, lease_s=LEASE_S, but=list(but))
    except psycopg.errors.UniqueViolation:
        return None  # another run of the same (shop, action) won the partial unique index


# What every later move of a claimed run asks: it is still this claim's.
_OURS = "id = :id and generation = :generation and state = 'planning'"

_RENEW = Statement[None](f"""
update runs set lease_until = now() + make_interval(secs => :lease_s) where {_OURS}
""")


def renew(connection: Connection, run_id: int, generation: int) -> bool:
    """Renew the lease of a run that is being planned; False when it is not ours any more."""
    return bool(_RENEW.run(connection, id=run_id, generation=generation, lease_s=LEASE_S))


_STEP = Statement[None](f"""
update runs
   set state = case when :last then 'open' else state end,
       lease_until = case when :last then null else now() + make_interval(secs => :lease_s) end,
       window_from = coalesce(:since, window_from), window_to = coalesce(:until, window_to),
       read_until = coalesce(:read_until, read_until), calls = calls + :calls
 where {_OURS}
""")


def _lost(run: ClaimedRun) -> LeaseLost:
    """Return what rolls everything back when the run has a newer owner."""
    return LeaseLost(f"run {run.id}: a newer owner has the work")


def record_step(
    connection: Connection,
    run: ClaimedRun,
    *,
    last: bool,
    window: Window | None,
    read_until: datetime | None,
    calls: int,
) -> None:
    """Record how far a plan came. Raises LeaseLost, as whatever ends a plan does."""
    ours = _STEP.run(
        connection,
        run,
        last=last,
        since=window.since if window else None,
        until=window.until if window else None,
        read_until=read_until,
        calls=calls,
        lease_s=LEASE_S,
    )
    if not ours:
        raise _lost(run)


_BACK = Statement[None](f"""
update runs
   set state = 'pending', due_at = coalesce(cast(:due_at as timestamptz), now()),
       lease_until = null, attempts = attempts - :refund, calls = calls + :calls, reason = :reason
 where {_OURS}
""")


def put_back(
    connection: Connection,
    run: ClaimedRun,
    *,
    due_at: datetime | None,
    spent: bool,
    calls: int,
    reason: str,
) -> None:
    """Plan it again later."""
    ours = _BACK.run(
        connection,
        run,
        due_at=due_at,
        refund=0 if spent else 1,
        calls=calls,
        reason=reason[:2000],
    )
    if not ours:
        raise _lost(run)


_CUT_SHORT = Statement[None](f"""
update runs
   set state = 'open', lease_until = null, plan_failed = :failed, calls = calls + :calls,
       reason = :reason
 where {_OURS}
""")


def cut_short(
    connection: Connection, run: ClaimedRun, *, failed: bool, calls: int, reason: str
) -> None:
    """End a plan that did not read its list to the end.

    Args: failed: the run fails; otherwise the cart closed.
    """
    if not _CUT_SHORT.run(connection, run, failed=failed, calls=calls, reason=reason[:2000]):
        raise _lost(run)


_CLOSED = Statement[None]("update runs set closed_at = now() where id = :id and closed_at is null")


def mark_closed_by_cart(connection: Connection, run_id: int) -> bool:
    """Note that the cart closed during this run; True the first time."""
    return bool(_CLOSED.run(connection, id=run_id))


_ANNOUNCE = Statement[int](f"""
update runs r
   set lease_until = now() + make_interval(secs => :announced_s)
 where r.id in (
   select r.id from runs r
    where {_STARTABLE} and (r.lease_until is null or r.lease_until < now())
      and (cast(:shop_id as bigint) is null or r.shop_id = :shop_id)
      and not exists (select 1 from runs e
                       where e.shop_id = r.shop_id and e.action = r.action
                         and e.state = 'pending' and e.due_at <= now() and e.id < r.id)
    order by r.due_at limit :most for update skip locked)
returning r.id
""")


def announce_pending(
    connection: Connection, *, shop_id: int | None = None, most: int = 1000
) -> list[int]:
    """Return runs whose planning message is to be sent (again), oldest of its pair first."""
    return _ANNOUNCE.all(connection, announced_s=ANNOUNCED_S, most=most, shop_id=shop_id)
