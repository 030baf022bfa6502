"""Lanes: when a shop's turn may come, and how many of its items may be out (CLS-2, CLS-8)."""

from datetime import datetime

from sqlalchemy import Connection, text

# Without trouble for this long a slowed-down shop gets one more place.
RECOVER_EVERY_S = 10

_BLOCK = text("""
insert into lane_blocks (shop_id, priority, until) values (:shop_id, :priority, :until)
on conflict (shop_id, priority) do update set until = greatest(lane_blocks.until, excluded.until)
""")


def block(connection: Connection, shop_id: int, *, until: datetime, priority: int) -> None:
    """Send nothing of this shop with this priority number or a larger one before `until`."""
    connection.execute(_BLOCK, {"shop_id": shop_id, "until": until, "priority": priority})


_SLOW_DOWN = text("""
update lanes l
   set allowed_in_flight = greatest(1, coalesce(l.allowed_in_flight, s.in_flight) / 2),
       slowed_at = now()
  from shops s
 where l.shop_id = :shop_id and s.id = l.shop_id and s.in_flight > 1
   and (l.slowed_at is null or l.slowed_at < now() - interval '1 second')
""")


def slow_down(connection: Connection, shop_id: int) -> None:
    """Halve the shop's places, once a second at most: its answers say it is too much."""
    connection.execute(_SLOW_DOWN, {"shop_id": shop_id})


_RECOVER = text("""
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
    connection.execute(_RECOVER, {"every_s": RECOVER_EVERY_S})
