"""Throwing away what nobody looks at any more, in small bites."""

from sqlalchemy import Connection, text

KEEP_DAYS = 35
KEEP_LOG_DAYS = 400
_BITE = 5000

# The newest run of each pair stays, however old: return_shipments asks it for its date (RET-1).
_RUNS = text("""
delete from runs where id in (
  select r.id from runs r
   where r.finished_at < now() - make_interval(days => :days)
     and exists (select 1 from runs n
                  where n.shop_id = r.shop_id and n.action = r.action and n.id > r.id
                    and n.state in ('succeeded', 'partly_failed') and not n.plan_failed
                    and not (n.request ? 'ship_date') and not (n.request ? 'keys'))
   order by r.id limit :bite)
""")
_LOG = text("""
delete from api_log where id in (
  select id from api_log where at < now() - make_interval(days => :days) order by id limit :bite)
""")
_COUNTS = text("delete from call_counts where hour < now() - interval '3 days'")


def prune(connection: Connection) -> int:
    """Delete one bite of old runs with their items, log lines and call counts; returns how many.

    Orders, import tasks, effects, dead letters and the audit are kept.
    """
    deleted = connection.execute(_RUNS, {"days": KEEP_DAYS, "bite": _BITE}).rowcount
    deleted += connection.execute(_LOG, {"days": KEEP_LOG_DAYS, "bite": _BITE}).rowcount
    connection.execute(_COUNTS)
    return deleted
