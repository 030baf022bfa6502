"""How many calls a shop may make, and who goes first when they are short (CLS-2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType

from domain.actions import PRIORITY, TOKYO, Action
from domain.orders import Cart


class Limit(StrEnum):
    """What can run out."""

    PACE = "pace"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class CallLimits:
    """The limits of a shop on one cart.

    Attributes:
        per_second: calls a second, of a shop that has no pace of its own.
        in_flight: calls at the same time, likewise.
        per_hour: calls in one clock hour of Tokyo, None = no limit.
        per_day: calls in one day of Tokyo, None = no limit.
    """

    per_second: float
    in_flight: int
    per_hour: int | None = None
    per_day: int | None = None

    def calls(self, limit: Limit) -> int | None:
        """Return the calls of one hour or day, None = no limit (always for the pace)."""
        return {Limit.HOUR: self.per_hour, Limit.DAY: self.per_day}.get(limit)


# ShopServe asks for one call at a time; BASE counts by the hour, so its pace is ours.
_LIMITS: Mapping[Cart, CallLimits] = MappingProxyType(
    {
        Cart.BASE: CallLimits(per_second=10, in_flight=4, per_hour=5_000, per_day=100_000),
        Cart.SHOPSERVE: CallLimits(per_second=1, in_flight=1),
    }
)

_RESERVES: Mapping[Action, Fraction] = MappingProxyType(
    {
        Action.RETURN_SHIPMENTS: Fraction(0),
        Action.IMPORT_ORDERS: Fraction(5, 100),
        Action.CONFIRM_ORDERS: Fraction(5, 100),
        Action.COMPLETE_ORDERS: Fraction(5, 100),
        Action.SYNC_STATUS: Fraction(15, 100),
        Action.SYNC_STOCK: Fraction(30, 100),
    }
)
"""The share of an hour or day each action leaves to those that are served before it."""


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CLOCKS_DIFFER = timedelta(minutes=2)
AFTER_A_RESET = timedelta(minutes=1)


def limits_of(cart: Cart) -> CallLimits:
    """Return a cart's limits; a shop can have its own pace (`calls_per_second`, `in_flight`)."""
    return _LIMITS[cart]


def ceiling(action: Action, calls: int) -> int:
    """Return the count of calls from which on an action has to wait (CLS-2).

    Args:
        action: the more urgent it is (`actions.PRIORITY`), the more of the budget is open to it.
        calls: the whole budget of the hour or day.

    Returns:
        `calls` itself for shipments, less for the others, at least 1 of a budget that has any.
    """
    if calls <= 0:
        return 0
    return max(1, calls - int(calls * _RESERVES[action]))


def waits_from(action: Action, limit: Limit, *, by_cart: bool) -> int:
    """Return the priority number from which on a shop's work waits after a call was refused.

    Args:
        action: what wanted to call; more urgent work has a larger share and goes on.
        limit: what has run out; the pace is everybody's.
        by_cart: the cart itself refused, so nothing is left for anybody.
    """
    return 0 if by_cart or limit is Limit.PACE else PRIORITY[action]


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
