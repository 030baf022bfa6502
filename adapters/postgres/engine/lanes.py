"""Lanes: when a shop's turn may come, and how many of its items may be out (CLS-2, CLS-8)."""

from datetime import datetime

from sqlalchemy import Connection

from adapters.postgres.statement import Statement

# A shop s that is neither parked, removed nor locked out, whose cart was read if the database lost
# time, and that its cart serves as far as known.
WORKING_SHOP = """not s.parked and s.removed_at is null and s.auth_failed_at is null
   and s.lost_time_at is null
   and not exists (select 1 from shop_pauses w
                    where w.shop_id = s.id and w.ended_at is null and w.until > now())"""
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

# Without trouble for this long a slowed-down shop gets one more place.
RECOVER_EVERY_S = 10

_BLOCK = Statement[None]("""
insert into lane_blocks (shop_id, priority, until) values (:shop_id, :priority, :until)
on conflict (shop_id, priority) do update set until = greatest(lane_blocks.until, excluded.until)
""")


def block(connection: Connection, shop_id: int, *, until: datetime, priority: int) -> None:
    """Send nothing of this shop with this priority number or a larger one before `until`."""
    _BLOCK.run(connection, shop_id=shop_id, until=until, priority=priority)


_SLOW_DOWN = Statement[None]("""
update lanes l
   set allowed_in_flight = greatest(1, coalesce(l.allowed_in_flight, s.in_flight) / 2),
       slowed_at = now()
  from shops s
 where l.shop_id = :shop_id and s.id = l.shop_id and s.in_flight > 1
   and (l.slowed_at is null or l.slowed_at < now() - interval '1 second')
""")


def slow_down(connection: Connection, shop_id: int) -> None:
    """Halve the shop's places, once a second at most: its answers say it is too much."""
    _SLOW_DOWN.run(connection, shop_id=shop_id)


_RECOVER = Statement[None]("""
update lanes l
   set allowed_in_flight = case when l.allowed_in_flight + 1 < s.in_flight
                                then l.allowed_in_flight + 1 end,
       slowed_at = now()
  from shops s
 where s.id = l.shop_id and l.allowed_in_flight is not null
   and l.slowed_at < now() - make_interval(secs => :every_s)
""")


def recover(connection: Connection) -> None:
    """Give slowed-down shops a place back where there was no trouble for a while."""
    _RECOVER.run(connection, every_s=RECOVER_EVERY_S)
