"""Maintenance windows that hold now, and finding out when one of unknown end is over (CLS-1)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from domain.engine.maintenance import CartAddress, Closure, ClosureSource
from domain.errors import ApiFamily

ALL = "all"
"""Stands in a row for every family of calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveClosure(Closure):
    """A closure that is written down."""

    id: int


_LIVE = Statement[LiveClosure]("""
select id, cart, nullif(api, 'all') as api, starts_at as start, ends_at as end, source, probe_at,
       detected_by, api_url
  from closures
 where ended_at is null and starts_at < now() + interval '1 hour'
   and (ends_at is null or ends_at > now())
 order by id
""")


def live_closures(connection: Connection) -> list[LiveClosure]:
    """Return the closures that hold now or begin within the hour."""
    return _LIVE.all(connection)


@dataclass(frozen=True, slots=True)
class _OpenEnded:
    id: int
    closed_answers: int


_KNOWN = Statement[_OpenEnded]("""
select id, closed_answers from closures
 where cart = :cart and coalesce(api_url, :api_url) = :api_url and api in (:api, :all)
   and ended_at is null and ends_at is null
 order by id limit 1 for update
""")

_NOTE = Statement[None]("""
insert into closures (cart, api_url, api, starts_at, source, probe_at, detected_by)
values (:cart, :api_url, :api, now(), :source, :probe_at, :shop_id)
""")

_AGAIN = Statement[None]("""
update closures set closed_answers = closed_answers + 1, probe_at = :probe_at where id = :id
""")

# One at a time per cart: two shops that find out together make one row.
_ONE_AT_A_TIME = Statement[None]("select pg_advisory_xact_lock(hashtext('closure ' || :cart))")


def note_detected(
    connection: Connection,
    at: CartAddress,
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
    _ONE_AT_A_TIME.run(connection, cart=at.cart)
    known = _KNOWN.first(connection, at, api=api, all=ALL)
    if known is None:
        _NOTE.run(
            connection,
            at,
            api=api,
            source=ClosureSource.DETECTED,
            probe_at=next_probe(1),
            shop_id=shop_id,
        )
    elif probing:
        _AGAIN.run(connection, id=known.id, probe_at=next_probe(known.closed_answers + 1))


_CLAIM_PROBE = Statement[None]("""
update closures set probe_at = now() + make_interval(secs => :lease_s)
 where id = :id and ended_at is null and ends_at is null
   and (probe_at is null or probe_at <= now() or :at_once)
""")


def claim_probe(connection: Connection, closure_id: int, *, lease_s: float, at_once: bool) -> bool:
    """Take the right to make one call during a closure whose end nobody knows.

    Args: at_once: do not wait for the time of the next probe.
    """
    return bool(_CLAIM_PROBE.run(connection, id=closure_id, lease_s=lease_s, at_once=at_once))


_END = Statement[None]("update closures set ended_at = now() where id = :id and ended_at is null")


def end_detected(connection: Connection, closure_id: int) -> None:
    """Note that the cart answers again."""
    _END.run(connection, id=closure_id)
