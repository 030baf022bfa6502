"""Whose turn it is: queueing items, shop by shop (CLS-8), and again after the broker lost them."""

from sqlalchemy import Connection, text

from adapters.postgres.items import QUEUED_LEASE_S, SENDABLE, WORKING_SHOP, QueuedItem
from domain.actions import Action

# The fair claim: shops with room take turns, least recently served first (CLS-8).
_ADMIT = text(f"""
with turn as (
  select l.shop_id,
         least(s.in_flight, coalesce(l.allowed_in_flight, s.in_flight))
         - (select count(*) from run_items o
             where o.shop_id = l.shop_id and o.state in ('queued', 'running')) as room
    from lanes l
    join shops s on s.id = l.shop_id
   where {WORKING_SHOP}
     and (cast(:shop_id as bigint) is null or l.shop_id = :shop_id)
     and exists (select 1 from run_items n where n.shop_id = l.shop_id and {SENDABLE})
   order by l.last_pick_at
   limit :lanes
   for update of l skip locked
), picked as (
  select p.id
    from turn t
    join lanes l on l.shop_id = t.shop_id
   cross join lateral (
     select n.id from run_items n
      where n.shop_id = t.shop_id and {SENDABLE}
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


_REQUEUE = text("""
update run_items set lease_until = now() + make_interval(secs => :queued_s)
 where id in (select id from run_items where state = 'queued' for update skip locked)
returning id, action
""")


def requeue_all(connection: Connection) -> list[QueuedItem]:
    """Return every queued item, for sending again after the broker lost its messages."""
    rows = connection.execute(_REQUEUE, {"queued_s": QUEUED_LEASE_S})
    return [QueuedItem(row.id, Action(row.action)) for row in rows]
