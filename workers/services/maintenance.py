"""When carts are closed, for the shops of all merchants (CLS-1)."""

from datetime import datetime

from sqlalchemy import Connection

from adapters.postgres.access.audit import Entry, record
from adapters.postgres.shops import closures
from domain.carts.cart import Cart


def coming_closures(connection: Connection, now: datetime) -> list[dict[str, object]]:
    """Return closures that hold now or are to come; writes each calendar's next one down."""
    return closures.list_closures(connection, now)


def announce_closure(
    connection: Connection, who: str, cart: Cart, api: str, span: tuple[datetime, datetime]
) -> dict[str, object]:
    """Announce a closure: no call is made in it.

    Args:
        api: `orders`, `stock` or `all`.
        span: aware moments, the first one before the second.
    """
    since, until = span
    made = closures.add_closure(connection, cart, api, since, until)
    detail = {"from": since.isoformat(), "to": until.isoformat()}
    subject = f"{cart} {api} {made['id']}"
    record(connection, Entry(None, who, "maintenance.add", subject, detail=detail))
    return made


def end_closure(connection: Connection, who: str, closure_id: int) -> dict[str, object]:
    """End a closure, or cancel one to come, for all later runs. Raises BrokenRule without one."""
    ended = closures.end_closure(connection, closure_id)
    subject = f"{ended['cart']} {ended['api']} {closure_id}"
    record(connection, Entry(None, who, "maintenance.remove", subject))
    return ended
