"""Whose turn it is: queueing items, shop by shop (CLS-8), and again after the broker lost them."""

from sqlalchemy import Connection

from adapters.postgres.engine.items import QUEUED_LEASE_S, QueuedItem
from adapters.postgres.engine.lanes import SENDABLE, WORKING_SHOP
from adapters.postgres.statement import Statement

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
 order by l.last_pick_at
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
  update lanes set last_pick_at = clock_timestamp() where shop_id = any(cast(:shops as bigint[]))
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
