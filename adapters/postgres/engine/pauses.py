"""Shops that their cart does not serve for now, and the one call that finds out (CLS-9).

States and crash points: docs/decisions/0018-shops-that-are-not-served.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from domain.engine.pauses import SAME_TROUBLE_S
from domain.errors import Unserving


@dataclass(frozen=True, slots=True)
class Pause:
    """A shop whose work waits.

    Attributes:
        until: from then on one call may find out.
        left_s: seconds to `until` when it was read, negative when it is past.
        reason: what the cart, or what stood in front of it, last answered.
    """

    shop_id: int
    why: Unserving
    until: datetime
    left_s: float
    reason: str


_LIVE = Statement[Pause]("""
select shop_id, why, until, cast(extract(epoch from until - now()) as float8) as left_s, reason
  from shop_pauses where ended_at is null
""")


def live_pauses(connection: Connection) -> list[Pause]:
    """Return the shops that wait now."""
    return _LIVE.all(connection)


@dataclass(frozen=True, slots=True)
class _Before:
    lives: bool
    recent: bool
    in_a_row: int
    times: int


@dataclass(frozen=True, slots=True)
class Noted:
    """What an answer that is not the cart's meant for its shop.

    Attributes:
        begins: the shop worked until now.
        until: when one call tries again.
        again_at: when what was answered so tries again itself: later where it alone fares so,
            while other calls of the shop are answered by the cart.
    """

    begins: bool
    until: datetime
    again_at: datetime


_BORN = Statement[None]("""
insert into shop_pauses (shop_id, why, reason, ended_at) values (:shop_id, :why, '', 'epoch')
on conflict (shop_id) do nothing
""")
_BEFORE = Statement[_Before]("""
select ended_at is null as lives,
       coalesce(ended_at, now()) > now() - make_interval(secs => :same_s) as recent, in_a_row, times
  from shop_pauses where shop_id = :shop_id for update
""")
_NOTE = Statement[Noted]("""
update shop_pauses
   set why = :why, reason = :reason, last_at = now(), ended_at = null,
       since = case when cast(:goes_on as boolean) then since else now() end,
       alarmed_at = case when cast(:goes_on as boolean) then alarmed_at end,
       in_a_row = :in_a_row, times = :times,
       until = case when cast(:moves as boolean) then now() + make_interval(secs => :wait_s)
                    else until end
 where shop_id = :shop_id
returning not cast(:goes_on as boolean) as begins, until,
          greatest(until, now() + make_interval(secs => :own_wait_s)) as again_at
""")


def note(
    connection: Connection,
    shop_id: int,
    why: Unserving,
    reason: str,
    *,
    probing: bool,
    wait_s: Callable[[int], float],
) -> Noted:
    """Record that a call of a shop was not answered by its cart, or that it still is not.

    Args:
        probing: the call was to find out. Answers of calls that were under way when the trouble
            began arrive together, and tell nothing of how long it will last.
        wait_s: seconds until the next try, after so many such answers in a row.
    """
    _BORN.run(connection, shop_id=shop_id, why=why)
    before = _BEFORE.one(connection, shop_id=shop_id, same_s=SAME_TROUBLE_S)
    moves = probing or not before.lives
    in_a_row = before.in_a_row + moves if before.lives else 1
    times = before.times + moves if before.lives or before.recent else 1
    return _NOTE.one(
        connection,
        shop_id=shop_id,
        why=why,
        reason=reason[:500],
        goes_on=before.lives or before.recent,
        moves=moves,
        in_a_row=in_a_row,
        times=times,
        wait_s=wait_s(in_a_row),
        own_wait_s=wait_s(times),
    )


_CLAIM = Statement[None]("""
update shop_pauses set until = now() + make_interval(secs => :lease_s)
 where shop_id = :shop_id and ended_at is null and until <= now()
""")


def claim_try(connection: Connection, shop_id: int, *, lease_s: float) -> bool:
    """Take the right to make the one call that finds out; it comes again when nothing is heard."""
    return bool(_CLAIM.run(connection, shop_id=shop_id, lease_s=lease_s))


_END = Statement[int]("""
update shop_pauses set ended_at = now() where shop_id = :shop_id and ended_at is null
returning in_a_row
""")
# What tried last was put off until its next turn; that is now.
_WAKE_ITEMS = Statement[None]("""
update run_items set due_at = now() where shop_id = :shop_id and state = 'due' and due_at > now()
""")
_WAKE_RUNS = Statement[None]("""
update runs set due_at = now() where shop_id = :shop_id and state = 'pending' and due_at > now()
""")


def end(connection: Connection, shop_id: int) -> bool:
    """Note that the cart answers the shop again; its work goes on at once.

    One item that alone is never answered by the cart is not woken: it would stop the others again.

    Returns: whether the shop waited.
    """
    in_a_row = _END.first(connection, shop_id=shop_id)
    if in_a_row is not None and in_a_row > 1:
        _wake(connection, shop_id)
    return in_a_row is not None


def _wake(connection: Connection, shop_id: int) -> None:
    _WAKE_ITEMS.run(connection, shop_id=shop_id)
    _WAKE_RUNS.run(connection, shop_id=shop_id)


_NOW = Statement[None]("""
update shop_pauses set until = now() where shop_id = :shop_id and ended_at is null
""")
_UNBLOCK = Statement[None]("delete from lane_blocks where shop_id = :shop_id")


def try_now(connection: Connection, shop_id: int) -> None:
    """Have the shop tried at once, whatever wait was asked for: a person wants it."""
    if _NOW.run(connection, shop_id=shop_id):
        _wake(connection, shop_id)
    _UNBLOCK.run(connection, shop_id=shop_id)


@dataclass(frozen=True, slots=True)
class LongPause:
    """A shop that has waited so long that a person should know."""

    shop_id: int
    since: datetime
    reason: str


# Trouble that comes and goes is alarmed too, while it is on.
_ALARM = Statement[LongPause]("""
update shop_pauses set alarmed_at = now()
 where alarmed_at is null and since < now() - make_interval(secs => :after_s)
   and (ended_at is null or last_at > now() - interval '2 minutes')
returning shop_id, since, reason
""")


def alarm_once(connection: Connection, *, after_s: float) -> list[LongPause]:
    """Return the shops that have waited for so long, each once."""
    return _ALARM.all(connection, after_s=after_s)


_OTHERS = Statement[bool]("""
select exists (select from shop_pauses p join shops o on o.id = p.shop_id
                 join shops s on s.id = :shop_id
                where o.id <> s.id and o.cart = s.cart and o.api_url = s.api_url
                  and p.ended_at is null and p.why = 'unavailable'
                  and p.last_at > now() - make_interval(secs => :within_s))
""")


def others_unavailable(connection: Connection, shop_id: int, *, within_s: float) -> bool:
    """Tell whether another shop of the same cart and API address was refused with 503 just now."""
    return _OTHERS.one(connection, shop_id=shop_id, within_s=within_s)
