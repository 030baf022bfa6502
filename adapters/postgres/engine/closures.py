"""Closures as people see, announce and end them (CLS-1)."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from adapters.postgres.engine.closure_rows import ALL
from domain.carts.cart import Cart
from domain.engine.maintenance import ClosureSource, calendar_closures
from domain.errors import BrokenRule

_COLUMNS = 'id, cart, api, starts_at as "from", ends_at as "to", source'
_LIST = text(f"""
select {_COLUMNS} from closures
 where ended_at is null and (ends_at is null or ends_at > now())
 order by starts_at, id
""")
_ONE = text(f"select {_COLUMNS} from closures where id = :id")
_ADD = text("""
insert into closures (cart, api, starts_at, ends_at, source)
values (:cart, :api, :starts_at, :ends_at, :source) returning id
""")
_END = text("""
update closures set ended_at = now()
 where id = :id and ended_at is null and (ends_at is null or ends_at > now())
""")
_CALENDAR = text("""
insert into closures (cart, api, starts_at, ends_at, source)
values (:cart, :api, :starts_at, :ends_at, :source)
on conflict (cart, api, starts_at) where source = 'calendar' do nothing
""")
_CANCELLED = text("""
select 1 from closures
 where source = :source and cart = :cart and api = :api and starts_at = :starts_at
   and ended_at is not null
""")
# A person who cancels one occurrence sees the next; nobody cancels more than two years of them.
_MOST_CANCELLED = 24


def ensure_calendar(connection: Connection, now: datetime) -> None:
    """Write down each calendar's current or next occurrence that nobody cancelled."""
    for cart in Cart:
        around = now
        for _ in range(_MOST_CANCELLED):
            latest = around
            for closure in calendar_closures(cart, around):
                row = {
                    "cart": cart.value,
                    "api": closure.api.value if closure.api else ALL,
                    "starts_at": closure.start,
                    "ends_at": closure.end,
                    "source": closure.source.value,
                }
                connection.execute(_CALENDAR, row)
                if connection.execute(_CANCELLED, row).one_or_none() and closure.end:
                    latest = max(latest, closure.end + timedelta(seconds=1))
            if latest == around:
                break
            around = latest


def list_closures(connection: Connection, now: datetime) -> list[dict[str, object]]:
    """Return closures that hold now or are to come, each calendar's next one among them."""
    ensure_calendar(connection, now)
    return [dict(row) for row in connection.execute(_LIST).mappings()]


def add_closure(
    connection: Connection, cart: Cart, api: str, starts_at: datetime, ends_at: datetime
) -> dict[str, object]:
    """Announce a closure. Args: api: `orders`, `stock` or `all`."""
    made = connection.execute(
        _ADD,
        {
            "cart": cart.value,
            "api": api,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "source": ClosureSource.PERSON.value,
        },
    ).scalar_one()
    return dict(connection.execute(_ONE, {"id": made}).mappings().one())


def end_closure(connection: Connection, closure_id: int) -> dict[str, object]:
    """End or cancel a closure for all later runs. Raises BrokenRule when there is none to end."""
    if not connection.execute(_END, {"id": closure_id}).rowcount:
        raise BrokenRule(f"no closure {closure_id} that holds now or is to come")
    return dict(connection.execute(_ONE, {"id": closure_id}).mappings().one())
