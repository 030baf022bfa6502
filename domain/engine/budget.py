"""How many calls a shop may make, and who goes first when they are short (CLS-2)."""

from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from domain.engine.cadence import TOKYO


class Limit(StrEnum):
    """What can run out."""

    PACE = "pace"
    HOUR = "hour"
    DAY = "day"


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CLOCKS_DIFFER = timedelta(minutes=2)
AFTER_A_RESET = timedelta(minutes=1)


def ceiling(reserve: Fraction, calls: int) -> int:
    """Return the count of calls from which on an action has to wait (CLS-2).

    Args:
        reserve: the share of the budget that the action leaves to what is served before it.
        calls: the whole budget of the hour or day.

    Returns: `calls` itself for shipments, less for the others, at least 1 of a budget that has any.
    """
    if calls <= 0:
        return 0
    return max(1, calls - int(calls * reserve))


def waits_from(priority: int, limit: Limit, *, by_cart: bool) -> int:
    """Return the priority number from which on a shop's work waits after a call was refused.

    Args:
        priority: of what wanted to call; more urgent work has a larger share and goes on.
        limit: what has run out; the pace is everybody's.
        by_cart: the cart itself refused, so nothing is left for anybody.
    """
    return 0 if by_cart or limit is Limit.PACE else priority


def is_just_reset(limit: Limit, now: datetime) -> bool:
    """Tell whether the hour or day began so recently that the cart may count in the one before.

    Its clock may be behind ours, and its answer may belong to a call of the old hour.
    """
    length, following = (HOUR, next_hour(now)) if limit is Limit.HOUR else (DAY, next_day(now))
    return now - (following - length) < CLOCKS_DIFFER


def resumes_at(limit: Limit, now: datetime) -> datetime:
    """Return when to call again after the cart said that its limit is reached (CLS-2)."""
    if is_just_reset(limit, now):
        return now + AFTER_A_RESET
    return next_hour(now) if limit is Limit.HOUR else next_day(now)


def next_hour(now: datetime) -> datetime:
    """Return when the limit of the hour starts again: the next full hour of Tokyo."""
    return now.astimezone(TOKYO).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def next_day(now: datetime) -> datetime:
    """Return when the limit of the day starts again: the next midnight of Tokyo."""
    midnight = now.astimezone(TOKYO).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1)
