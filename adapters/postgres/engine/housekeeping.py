"""Throwing away what nobody looks at any more, in small bites."""

from sqlalchemy import Connection

from adapters.postgres.engine.run_endings import COMPLETED
from adapters.postgres.statement import Statement

KEEP_DAYS = 35
KEEP_LOG_DAYS = 400
_BITE = 5000

# The last completed run of each pair stays, however old: people ask when it last went well.
_RUNS = Statement[None](f"""
delete from runs where id in (
  select o.id from runs o
   where o.finished_at < now() - make_interval(days => :days)
     and exists (select 1 from runs r
                  where r.shop_id = o.shop_id and r.action = o.action and r.id > o.id
                    and {COMPLETED})
   order by o.id limit :bite)
""")
_LOG = Statement[None]("""
delete from api_log where id in (
  select id from api_log where at < now() - make_interval(days => :days) order by id limit :bite)
""")
_COUNTS = Statement[None]("delete from call_counts where hour < now() - interval '3 days'")


def prune(connection: Connection) -> int:
    """Delete one bite of old runs with their items, log lines and call counts; returns how many.

    Orders, import tasks, effects, dead letters and the audit are kept.
    """
    deleted = _RUNS.run(connection, days=KEEP_DAYS, bite=_BITE)
    deleted += _LOG.run(connection, days=KEEP_LOG_DAYS, bite=_BITE)
    _COUNTS.run(connection)
    return deleted
