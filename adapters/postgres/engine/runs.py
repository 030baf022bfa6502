"""Runs from their request to a recorded plan; run_endings.py closes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from adapters.postgres.engine.items import LEASE_S
from adapters.postgres.engine.lost_items import LOST_CLAIMS_LIMIT, LostClaim
from domain.actions import Action
from domain.carts.ports import Window
from domain.engine.runs import RunMode

# A pending run's message is believed lost after this.
ANNOUNCED_S = 10


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """One run this worker plans as long as its lease holds."""

    id: int
    shop_id: int
    action: Action
    mode: RunMode
    request: dict[str, object]
    window: Window | None
    read_until: datetime | None
    generation: int
    attempts: int
    started_at: datetime


_INSERT = text("""
insert into runs (shop_id, action, mode, slot, request, window_from, window_to)
values (:shop_id, :action, :mode, :slot, cast(:request as jsonb), :since, :until)
on conflict (shop_id, action, slot) do nothing
returning id
""")


def insert(  # noqa: PLR0913 -- one argument per column a run is born with
    connection: Connection,
    *,
    shop_id: int,
    action: Action,
    mode: RunMode,
    slot: datetime | None = None,
    window: Window | None = None,
    request: Mapping[str, object] | None = None,
) -> int | None:
    """Insert a pending run; None when its slot already has one."""
    return connection.execute(
        _INSERT,
        {
            "shop_id": shop_id,
            "action": action.value,
            "mode": mode.value,
            "slot": slot,
            "request": json.dumps(dict(request or {}), ensure_ascii=False),
            "since": window.since if window else None,
            "until": window.until if window else None,
        },
    ).scalar_one_or_none()


_GO_ON = text("""
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
    connection.execute(_GO_ON, {"id": run_id})


# Pending, due, of a shop and robot that may work, and no other run of the pair is under way:
# neither planned or open, nor put back in the middle of its plan with items that are out.
_STARTABLE = """
       r.state = 'pending' and r.due_at <= now()
   and exists (select 1 from shops s where s.id = r.shop_id
                  and not s.parked and s.removed_at is null and s.auth_failed_at is null)
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

_CLAIM = text(f"""
update runs r
   set state = 'planning', generation = r.generation + 1, attempts = r.attempts + 1,
       lease_until = now() + make_interval(secs => :lease_s),
       started_at = coalesce(r.started_at, now())
 where r.id = :id and {_STARTABLE} and (:compares or r.mode <> 'compare')
returning r.id, r.shop_id, r.action, r.mode, r.request, r.window_from, r.window_to, r.read_until,
          r.generation, r.attempts, r.started_at
""")


def claim(connection: Connection, run_id: int, *, compares: bool = True) -> ClaimedRun | None:
    """Take a pending run for planning; None when it is not to be started now.

    Args: compares: a full compare may be taken, too.
    """
    values = {"id": run_id, "lease_s": LEASE_S, "compares": compares}
    try:
        row = connection.execute(_CLAIM, values).one_or_none()
    except IntegrityError:
        return None  # another run of the same (shop, action) won the partial unique index
    if row is None:
        return None
    window = Window(row.window_from, row.window_to) if row.window_from else None
    return ClaimedRun(
        id=row.id,
        shop_id=row.shop_id,
        action=Action(row.action),
        mode=RunMode(row.mode),
        request=row.request,
        window=window,
        read_until=row.read_until,
        generation=row.generation,
        attempts=row.attempts,
        started_at=row.started_at,
    )


_RENEW = text("""
update runs set lease_until = now() + make_interval(secs => :lease_s)
 where id = :id and generation = :generation and state = 'planning'
""")


def renew(connection: Connection, run_id: int, generation: int) -> bool:
    """Renew the lease of a run that is being planned; False when it is not ours any more."""
    found = connection.execute(_RENEW, {"id": run_id, "generation": generation, "lease_s": LEASE_S})
    return bool(found.rowcount)


_STEP = text("""
update runs
   set state = case when :last then 'open' else state end,
       lease_until = case when :last then null else now() + make_interval(secs => :lease_s) end,
       window_from = coalesce(:since, window_from), window_to = coalesce(:until, window_to),
       read_until = coalesce(:read_until, read_until), calls = calls + :calls
 where id = :id and generation = :generation and state = 'planning'
""")


def record_step(
    connection: Connection,
    run: ClaimedRun,
    *,
    last: bool,
    window: Window | None,
    read_until: datetime | None,
    calls: int,
) -> bool:
    """Record how far a plan came; False when the run has a newer owner: roll back everything."""
    found = connection.execute(
        _STEP,
        {
            "id": run.id,
            "generation": run.generation,
            "last": last,
            "since": window.since if window else None,
            "until": window.until if window else None,
            "read_until": read_until,
            "calls": calls,
            "lease_s": LEASE_S,
        },
    )
    return bool(found.rowcount)


_BACK = text("""
update runs
   set state = 'pending', due_at = coalesce(cast(:due_at as timestamptz), now()),
       lease_until = null, attempts = attempts - :refund, calls = calls + :calls, reason = :reason
 where id = :id and generation = :generation and state = 'planning'
""")


def put_back(
    connection: Connection,
    run: ClaimedRun,
    *,
    due_at: datetime | None,
    spent: bool,
    calls: int,
    reason: str,
) -> bool:
    """Plan it again later; False when the run has a newer owner."""
    found = connection.execute(
        _BACK,
        {
            "id": run.id,
            "generation": run.generation,
            "due_at": due_at,
            "refund": 0 if spent else 1,
            "calls": calls,
            "reason": reason[:2000],
        },
    )
    return bool(found.rowcount)


_CUT_SHORT = text("""
update runs
   set state = 'open', lease_until = null, plan_failed = :failed, calls = calls + :calls,
       reason = :reason
 where id = :id and generation = :generation and state = 'planning'
""")


def cut_short(
    connection: Connection, run: ClaimedRun, *, failed: bool, calls: int, reason: str
) -> bool:
    """End a plan that did not read its list to the end; False when the run has a newer owner.

    Args: failed: the run fails; otherwise the cart closed.
    """
    found = connection.execute(
        _CUT_SHORT,
        {
            "id": run.id,
            "generation": run.generation,
            "failed": failed,
            "calls": calls,
            "reason": reason[:2000],
        },
    )
    return bool(found.rowcount)


def mark_closed_by_cart(connection: Connection, run_id: int) -> bool:
    """Note that the cart closed during this run; True the first time."""
    found = connection.execute(
        text("update runs set closed_at = now() where id = :id and closed_at is null"),
        {"id": run_id},
    )
    return bool(found.rowcount)


_ANNOUNCE = text(f"""
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
    rows = connection.execute(
        _ANNOUNCE, {"announced_s": ANNOUNCED_S, "most": most, "shop_id": shop_id}
    )
    return [row.id for row in rows]


_SWEEP = text("""
update runs set state = 'pending', due_at = now(), lease_until = null
 where id in (select id from runs
               where state = 'planning' and lease_until < now() and attempts < :limit
               for update skip locked)
returning id, shop_id, generation
""")

_GIVE_UP = text("""
update runs set state = 'open', lease_until = null, plan_failed = true, reason = :reason
 where id in (select id from runs
               where state = 'planning' and lease_until < now() and attempts >= :limit
               for update skip locked)
returning id, shop_id, action
""")


def sweep(connection: Connection) -> list[LostClaim]:
    """Make pending again what a dead worker was planning; returns it."""
    rows = connection.execute(_SWEEP, {"limit": LOST_CLAIMS_LIMIT})
    return [LostClaim(row.id, row.shop_id, row.generation) for row in rows]


def give_up_poisoned(connection: Connection, reason: str) -> list[tuple[int, int, Action]]:
    """End plans that ended every worker that touched them; returns run, shop and action."""
    rows = connection.execute(_GIVE_UP, {"limit": LOST_CLAIMS_LIMIT, "reason": reason})
    return [(row.id, row.shop_id, Action(row.action)) for row in rows]
