"""The maintenance calendars of the carts (メンテナンス; CLS-1)."""

from datetime import UTC, date, datetime, time, timedelta

from domain.carts.cart import Cart
from domain.engine.cadence import TOKYO
from domain.engine.maintenance import Closure, ClosureSource

_WEDNESDAY = 2
_CLOSES = time(2, 0)
_LENGTH = timedelta(hours=6)
_OVER_A_MONTH = timedelta(days=31)


def calendar_closures(cart: Cart, around: datetime) -> tuple[Closure, ...]:
    """Return the calendar's current or next occurrence (CLS-1).

    ShopServe: the third Wednesday of each month, 02:00 to 08:00 in Tokyo. BASE: none.
    """
    if cart is not Cart.SHOPSERVE:
        return ()
    local = around.astimezone(TOKYO)
    this_month = _occurrence(local.date())
    if this_month.end is not None and around >= this_month.end:
        return (_occurrence(local.date().replace(day=1) + _OVER_A_MONTH),)
    return (this_month,)


def third_wednesday(year: int, month: int) -> date:
    """Return the third Wednesday of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(_WEDNESDAY - first.weekday()) % 7 + 14)


def _occurrence(day: date) -> Closure:
    start = datetime.combine(third_wednesday(day.year, day.month), _CLOSES, tzinfo=TOKYO)
    return Closure(
        cart=Cart.SHOPSERVE,
        api=None,
        start=start.astimezone(UTC),
        end=(start + _LENGTH).astimezone(UTC),
        source=ClosureSource.CALENDAR,
    )
