"""Closures that hold now, and finding out when one whose end nobody knows is over (CLS-1)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from domain.carts.cart import Cart
from domain.engine.maintenance import Closure, ClosureSource
from domain.errors import ApiFamily

ALL = "all"
"""Stands in a row for both families of calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveClosure(Closure):
    """A closure that is written down."""

    id: int


_LIVE = text("""
select id, cart, api, starts_at, ends_at, source, probe_at, detected_by from closures
 where ended_at is null and starts_at < now() + interval '1 hour'
   and (ends_at is null or ends_at > now())
 order by id
""")


def live_closures(connection: Connection) -> list[LiveClosure]:
    """Return the closures that hold now or begin within the hour."""
    return [
        LiveClosure(
            id=row.id,
            cart=Cart(row.cart),
            api=None if row.api == ALL else ApiFamily(row.api),
            start=row.starts_at,
            end=row.ends_at,
            source=ClosureSource(row.source),
            probe_at=row.probe_at,
            detected_by=row.detected_by,
        )
        for row in connection.execute(_LIVE)
    ]


_KNOWN = text("""
select id, closed_answers from closures
 where cart = :cart and api in (:api, :all) and ended_at is null and ends_at is null
 order by id limit 1 for update
""")

_NOTE = text("""
insert into closures (cart, api, starts_at, source, probe_at, detected_by)
values (:cart, :api, now(), :source, :probe_at, :shop_id)
""")

_AGAIN = text("""
update closures set closed_answers = closed_answers + 1, probe_at = :probe_at where id = :id
""")

# One at a time per cart: two shops that find out together make one row.
_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtext('closure ' || :cart))")


def note_detected(
    connection: Connection,
    cart: Cart,
    api: ApiFamily,
    *,
    shop_id: int,
    probing: bool,
    next_probe: Callable[[int], datetime],
) -> None:
    """Record a closure found out by an answer, or that it still holds.

    Args:
        shop_id: whose call was answered.
        probing: the call was a probe. Answers of calls that were under way when the cart closed
            arrive together and tell nothing of how long it will last.
        next_probe: when to try again after so many closed answers in a row.
    """
    connection.execute(_ONE_AT_A_TIME, {"cart": cart.value})
    known = connection.execute(
        _KNOWN, {"cart": cart.value, "api": api.value, "all": ALL}
    ).one_or_none()
    if known is None:
        connection.execute(
            _NOTE,
            {
                "cart": cart.value,
                "api": api.value,
                "source": ClosureSource.DETECTED.value,
                "probe_at": next_probe(1),
                "shop_id": shop_id,
            },
        )
    elif probing:
        answers = known.closed_answers + 1
        connection.execute(_AGAIN, {"id": known.id, "probe_at": next_probe(answers)})


_CLAIM_PROBE = text("""
update closures set probe_at = now() + make_interval(secs => :lease_s)
 where id = :id and ended_at is null and ends_at is null
   and (probe_at is null or probe_at <= now() or :at_once)
returning id
""")


def claim_probe(connection: Connection, closure_id: int, *, lease_s: float, at_once: bool) -> bool:
    """Take the right to make one call during a closure whose end nobody knows.

    Args: at_once: do not wait for the time of the next probe.
    """
    row = connection.execute(
        _CLAIM_PROBE, {"id": closure_id, "lease_s": lease_s, "at_once": at_once}
    ).one_or_none()
    return row is not None


def end_detected(connection: Connection, closure_id: int) -> None:
    """Note that the cart answers again."""
    connection.execute(
        text("update closures set ended_at = now() where id = :id and ended_at is null"),
        {"id": closure_id},
    )
