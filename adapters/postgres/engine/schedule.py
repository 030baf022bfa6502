"""Which robots are due, and the runs that stand for their slots."""

from sqlalchemy import Connection, text

from adapters.postgres.engine.runs import ANNOUNCED_S
from domain.actions import Action
from domain.engine.cadence import Cadence
from domain.errors import ApiFamily

# A due robot whose last run is still under way stays due and starts as soon as that one ends.
_DUE = text("""
select b.id, b.shop_id, b.every_s, b.at, b.anchor_at, b.next_due_at, now() as now
  from robots b
  join shops s on s.id = b.shop_id
 where b.action = :action and b.enabled and not b.parked and b.next_due_at <= now()
   and not s.parked and s.removed_at is null and s.auth_failed_at is null
   and not exists (select 1 from runs r
                    where r.shop_id = b.shop_id and r.action = b.action
                      and r.state in ('pending', 'planning', 'open'))
 order by b.next_due_at
 limit :most
 for update of b skip locked
""")

_START = text("""
with slot as (
  select * from unnest(cast(:shops as bigint[]), cast(:slots as timestamptz[])) as s(shop_id, slot)
)
insert into runs (shop_id, action, mode, slot, lease_until)
select shop_id, :action, 'scheduled', slot, now() + make_interval(secs => :announced_s) from slot
on conflict (shop_id, action, slot) do nothing
returning id
""")

# A robot of one slot a day would leave what the closure kept it from until tomorrow.
_AFTER_CLOSURE = text("""
update robots b
   set next_due_at = least(b.next_due_at, greatest(now() + make_interval(secs => :pause_s), (
         select max(coalesce(c.ends_at, c.probe_at)) from closures c join shops s on s.cart = c.cart
          where s.id = b.shop_id and c.api in (:api, 'all') and c.ended_at is null
            and c.starts_at <= now())))
 where b.shop_id = :shop_id and b.action = :action and b.at is not null
""")
AFTER_CLOSURE_S = 60

_MOVE_ON = text("""
update robots b set next_due_at = m.at
  from unnest(cast(:ids as bigint[]), cast(:ats as timestamptz[])) as m(id, at)
 where b.id = m.id
""")


def again_after_closure(
    connection: Connection, shop_id: int, action: Action, api: ApiFamily
) -> None:
    """Have a daily robot run again when the cart should be open, not only at its next slot."""
    connection.execute(
        _AFTER_CLOSURE,
        {
            "shop_id": shop_id,
            "action": action.value,
            "api": api.value,
            "pause_s": AFTER_CLOSURE_S,
        },
    )


def start_due(connection: Connection, action: Action, *, most: int = 1000) -> list[int]:
    """Insert one pending run per due robot and move the robots on; returns the run ids.

    Missed slots are not made up: after a stop the robot runs once, for the slot that was due
    first, and then goes on with its grid.
    """
    due = connection.execute(_DUE, {"action": action.value, "most": most}).all()
    if not due:
        return []
    following = [
        Cadence(every_s=row.every_s, at=row.at).next_slot(row.now, row.anchor_at) for row in due
    ]
    connection.execute(_MOVE_ON, {"ids": [row.id for row in due], "ats": following})
    started = connection.execute(
        _START,
        {
            "shops": [row.shop_id for row in due],
            "slots": [row.next_due_at for row in due],
            "action": action.value,
            "announced_s": ANNOUNCED_S,
        },
    )
    return [row.id for row in started]
