"""Which robots are due, and the runs that stand for their slots."""

from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import Connection

from adapters.postgres.engine.lanes import WORKING_SHOP
from adapters.postgres.engine.runs import ANNOUNCED_S, UNFINISHED_RUNS
from adapters.postgres.statement import Statement
from domain.engine.cadence import Cadence


@dataclass(frozen=True, slots=True)
class _DueRobot:
    id: int
    shop_id: int
    every_s: int | None
    at: time | None
    anchor_at: datetime
    next_due_at: datetime
    now: datetime


# A due robot whose last run is still under way stays due and starts as soon as that one ends.
_DUE = Statement[_DueRobot](f"""
select b.id, b.shop_id, b.every_s, b.at, b.anchor_at, b.next_due_at, now() as now
  from robots b
  join shops s on s.id = b.shop_id and {WORKING_SHOP}
 where b.action = :action and b.enabled and not b.parked and b.next_due_at <= now()
   and not exists (select 1 from runs r
                    where r.shop_id = b.shop_id and r.action = b.action
                      and r.state in {UNFINISHED_RUNS})
 order by b.next_due_at
 limit :most
 for update of b skip locked
""")

# One run a slot, for a shop each; of a slot that has one already nothing is inserted.
START_SLOTS = Statement[int]("""
insert into runs (shop_id, action, mode, slot, lease_until)
select n.shop_id, :action, :mode, n.slot, now() + make_interval(secs => :announced_s)
  from unnest(cast(:shops as bigint[]), cast(:slots as timestamptz[])) as n(shop_id, slot)
on conflict (shop_id, action, slot) do nothing
returning id
""")

# A robot of one slot a day would leave what the closure kept it from until tomorrow.
_AFTER_CLOSURE = Statement[None]("""
update robots b
   set next_due_at = least(b.next_due_at, greatest(now() + make_interval(secs => :pause_s), (
         select max(coalesce(c.ends_at, c.probe_at)) from closures c join shops s on s.cart = c.cart
          where s.id = b.shop_id and c.api in (:api, 'all') and c.ended_at is null
            and coalesce(c.api_url, s.api_url) = s.api_url
            and c.starts_at <= now())))
 where b.shop_id = :shop_id and b.action = :action and b.at is not null
""")
AFTER_CLOSURE_S = 60

_MOVE_ON = Statement[None]("""
update robots b set next_due_at = m.at
  from unnest(cast(:ids as bigint[]), cast(:ats as timestamptz[])) as m(id, at)
 where b.id = m.id
""")


def again_after_closure(connection: Connection, shop_id: int, action: str, api: str) -> None:
    """Have a daily robot run again when the cart should be open, not only at its next slot."""
    _AFTER_CLOSURE.run(connection, shop_id=shop_id, action=action, api=api, pause_s=AFTER_CLOSURE_S)


def start_due(connection: Connection, action: str, *, most: int = 1000) -> list[int]:
    """Insert one pending run per due robot and move the robots on; returns the run ids.

    Missed slots are not made up: after a stop the robot runs once, for the slot that was due
    first, and then goes on with its grid.
    """
    due = _DUE.all(connection, action=action, most=most)
    if not due:
        return []
    slots = [Cadence(every_s=b.every_s, at=b.at).next_slot(b.now, b.anchor_at) for b in due]
    _MOVE_ON.run(connection, ids=[robot.id for robot in due], ats=slots)
    return START_SLOTS.all(
        connection,
        action=action,
        mode="scheduled",
        shops=[robot.shop_id for robot in due],
        slots=[robot.next_due_at for robot in due],
        announced_s=ANNOUNCED_S,
    )
