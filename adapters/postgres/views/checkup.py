"""What `renkei doctor` and the health of a process ask the database."""

from sqlalchemy import Connection

from adapters.postgres.engine.lanes import WORKING_SHOP
from adapters.postgres.engine.runs import UNFINISHED_RUNS
from adapters.postgres.orders.statuses import UNRETURNED
from adapters.postgres.shops.secrets import SecretBox, UnreadableSecret
from adapters.postgres.statement import Statement

_ANSWERS = Statement[int]("select 1")
_VERSION = Statement[tuple[int, str]](
    "select cast(current_setting('server_version_num') as int) as number,"
    " current_setting('server_version') as name"
)
_TIME_OUT = Statement[str]("select current_setting('statement_timeout')")
_SECRETS = Statement[tuple[bytes, bytes | None]]("select credentials, tokens from shops")
_OVERDUE = Statement[int](f"""
select count(*) from robots b join shops s on s.id = b.shop_id and {WORKING_SHOP}
 where b.enabled and not b.parked and b.next_due_at < now() - make_interval(secs => :late_s)
   and not exists (select 1 from runs r where r.shop_id = b.shop_id
                      and r.action = b.action and r.state in {UNFINISHED_RUNS})
""")
# Of an instruction i: its ship date is the day before yesterday in Tokyo, or earlier. What is
# recorded after a day's run at 18:00 waits for the next one.
LATE = "i.shipped_on < cast(now() at time zone 'Asia/Tokyo' as date) - 1"
_UNRETURNED = Statement[tuple[str, str, int, int]](f"""
select m.key as merchant, s.key as shop, count(*) as pieces, count(*) filter (where {LATE}) as late
  from shops s
  join merchants m on m.id = s.merchant_id
  join instructions i on i.shop_id = s.id and {UNRETURNED}
 where s.removed_at is null
 group by m.key, s.key order by m.key, s.key
""")
_LOST_TIME = Statement[int](
    "select count(*) from shops where lost_time_at is not null and removed_at is null"
)


def answers(connection: Connection) -> None:
    """Return when the database has answered."""
    _ANSWERS.one(connection)


def server_version(connection: Connection) -> tuple[int, str]:
    """Return PostgreSQL's version: the number it compares by, and its name."""
    return _VERSION.one(connection)


def statement_timeout(connection: Connection) -> str:
    """Return after what a statement of this session is ended, as PostgreSQL says it; 0 = never."""
    return _TIME_OUT.one(connection)


def overdue_robots(connection: Connection, late_s: float) -> int:
    """Return how many robots should have started so many seconds ago, and nothing stops them."""
    return _OVERDUE.one(connection, late_s=late_s)


def unreturned_shipments(connection: Connection) -> list[tuple[str, str, int, int]]:
    """Return merchant, shop, shipments its cart does not know of, and those that are late."""
    return _UNRETURNED.all(connection)


def shops_of_lost_time(connection: Connection) -> int:
    """Return how many shops wait for `renkei db restored` (PLC-2)."""
    return _LOST_TIME.one(connection)


def unreadable_secrets(connection: Connection, box: SecretBox) -> int:
    """Return how many shops' secrets no configured key opens."""
    failures = 0
    for credentials, tokens in _SECRETS.all(connection):
        try:
            box.open(credentials)
            if tokens is not None:
                box.open(tokens)
        except UnreadableSecret:
            failures += 1
    return failures
