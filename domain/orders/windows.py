"""Which order times a run asks the cart for, and where the next run starts (IMP-1 to IMP-4).

The carts tell order times in whole seconds and take both ends of a window as inclusive, so two
neighbouring windows may share their edge second: an order there is seen twice and kept once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.carts.cart import Cart
from domain.engine.runs import Window
from domain.errors import BrokenRule

DEFAULT_OVERLAP = timedelta(minutes=10)
"""IMP-4: how much of the time before the cursor is read again."""

CLOCKS_AGREE = timedelta(seconds=5)
"""CLK-1, CLK-2: a larger difference is told."""

PULLED_BACK = timedelta(hours=1)
LONGEST_REQUEST = timedelta(days=7)
TWO_YEARS = timedelta(days=730)
"""The shorter of the two readings of "2 years", so that no cart finds it too long."""

_FIRST_RUN = {Cart.SHOPSERVE: timedelta(days=7), Cart.BASE: timedelta(days=7, hours=9)}
_FLOOR_MARGIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Clocks:
    """One moment by two clocks (CLK-2).

    Attributes:
        ours: aware; PostgreSQL's.
        cart_ahead: how far the cart's is ahead of it, as measured; zero where nobody measured.
    """

    ours: datetime
    cart_ahead: timedelta = timedelta(0)

    @property
    def cart(self) -> datetime:
        """What the cart's clock shows."""
        return self.ours + self.cart_ahead

    @property
    def earlier(self) -> datetime:
        """The clock that is behind."""
        return min(self.ours, self.cart)

    @property
    def later(self) -> datetime:
        """The clock that is ahead."""
        return max(self.ours, self.cart)


@dataclass(frozen=True, slots=True)
class ListCursor:
    """How far a shop's list was read.

    Attributes:
        position: aware; where the next run begins, before overlap and differences of clocks.
        newest_ordered_at: the newest order time ever seen, by the cart's clock.
        moved_at: when that was written down, by ours.
    """

    position: datetime
    newest_ordered_at: datetime | None = None
    moved_at: datetime | None = None


def believed(cursor: ListCursor, clocks: Clocks) -> ListCursor:
    """Return the cursor to go by: one later than the cart's now is pulled back (CLK-2).

    Then somebody's clock was wrong, and where the list was read to is not known any more: it is
    begun an hour before the earliest of what is.
    """
    if cursor.position <= clocks.cart + CLOCKS_AGREE:
        return cursor
    told = (clocks.earlier, cursor.newest_ordered_at, cursor.moved_at)
    known = min(moment for moment in told if moment is not None)
    return replace(cursor, position=known - PULLED_BACK)


def difference_window(
    cart: Cart,
    *,
    cursor: ListCursor | None,
    clocks: Clocks,
    overlap: timedelta = DEFAULT_OVERLAP,
) -> Window:
    """Return the window of a scheduled run (差分取得; IMP-1, IMP-2, IMP-4, CLK-2).

    Args:
        cart: decides how far the first run looks back.
        cursor: what `next_cursor` said after the last run whose list was read to its end, None
            before the first.
        clocks: at the start of this run.
        overlap: re-read before the cursor; not used on a first run.
    """
    until = _whole_second(clocks.later)
    if cursor is None:
        since = _whole_second(clocks.earlier) - _FIRST_RUN[cart]
    else:
        # Of ShopServe the cursor is the cart's time already.
        widened = abs(clocks.cart_ahead) if cart is Cart.BASE else timedelta(0)
        since = _whole_second(cursor.position - overlap - widened)
    return Window(since=min(since, until), until=until)


def slices(window: Window, cart: Cart, now: datetime) -> list[Window]:
    """Return the calls that read a difference window, oldest first (IMP-1).

    ShopServe takes at most 7 days a call and nothing before now - 2 years; the oldest slice keeps
    ten minutes away from that edge, for the edge moves on while the run works. BASE takes any
    window in one piece.
    """
    if cart is Cart.BASE:
        return [window]
    floor = _whole_second(now) - TWO_YEARS + _FLOOR_MARGIN
    return _cut(Window(min(max(window.since, floor), window.until), window.until))


def range_slices(cart: Cart, since: datetime, until: datetime, now: datetime) -> list[Window]:
    """Return the requests of at most 7 days that read a range (範囲指定取得; IMP-3), oldest first.

    An end in the future is read as "until now".

    Raises:
        BrokenRule: reversed, beginning in the future, or older than 2 years on ShopServe; the
            message says which.
    """
    return _cut(_checked(cart, since, until, now))


def next_cursor(
    cart: Cart,
    *,
    cursor: ListCursor | None,
    clocks: Clocks,
    newest_ordered_at: datetime | None,
) -> ListCursor:
    """Return the cursor after a difference run that read its list to the end (IMP-1, IMP-2, IMP-4).

    Call it for no other run: a range run and a run cut short move nothing.

    Args:
        clocks: at the start of the run.
        newest_ordered_at: order time of the newest order of this run's list, None if it was empty.

    Returns:
        The newest order time ever seen, but no later than the start of the run, and never before
        `cursor`. While no order was ever seen: of BASE the start of the run, of ShopServe where
        the first run began to look, so that its first order is found however late it comes.
    """
    seen = (newest_ordered_at, cursor.newest_ordered_at if cursor is not None else None)
    newest = max((moment for moment in seen if moment is not None), default=None)
    if newest is not None:
        reached = min(newest, clocks.earlier)
    elif cart is Cart.BASE:
        reached = clocks.earlier
    elif cursor is None:
        reached = _whole_second(clocks.earlier) - _FIRST_RUN[cart]
    else:
        reached = cursor.position
    return ListCursor(reached if cursor is None else max(cursor.position, reached), newest)


def newest_within(window: Window, ordered_at: Iterable[datetime | None]) -> datetime | None:
    """Return the newest order time of a list; one after the window's end is no time (IMP-4).

    A single hostile date would carry the cursor past every later order.
    """
    return max((at for at in ordered_at if at is not None and at <= window.until), default=None)


def held_cursor(
    moved: datetime, window: Window, unreadable_at: Iterable[datetime | None]
) -> datetime:
    """Return a cursor that moves past no row nobody can read: it is listed again (IMP-4).

    Args:
        window: what was asked for, from its first slice to its last.
        unreadable_at: the order time each such row tells; None or one outside the window tells
            nothing, and everything is read again.
    """
    held = (
        at if at is not None and window.since <= at <= window.until else window.since
        for at in unreadable_at
    )
    return min([moved, *held])


def _checked(cart: Cart, since: datetime, until: datetime, now: datetime) -> Window:
    if since > until:
        raise BrokenRule("the range is reversed: its end lies before its beginning")
    if since > now:
        raise BrokenRule("the range lies in the future: no order can be there yet")
    if cart is Cart.SHOPSERVE and since < now - TWO_YEARS:
        raise BrokenRule(
            "ShopServe gives no orders older than 2 years; download those as CSV in its admin"
        )
    return Window(_whole_second(since), _whole_second(min(until, now)))


def _cut(window: Window) -> list[Window]:
    parts: list[Window] = []
    since = window.since
    while window.until - since > LONGEST_REQUEST:
        parts.append(Window(since, since + LONGEST_REQUEST))
        since += LONGEST_REQUEST
    return [*parts, Window(since, window.until)]


def _whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
