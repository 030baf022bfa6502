"""How many calls a shop may make, and who goes first when they are short (CLS-2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType

from domain.actions import TOKYO, Action
from domain.orders import Cart


class Limit(StrEnum):
    """What can run out."""

    PACE = "pace"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class CallLimits:
    """A shop's limits.

    Attributes:
        per_hour: calls in one clock hour of Tokyo, None = no limit.
        per_day: calls in one day of Tokyo, None = no limit.
        per_second: calls a second, None = no limit.
        in_flight: calls at the same time, None = no limit.
    """

    per_hour: int | None = None
    per_day: int | None = None
    per_second: float | None = None
    in_flight: int | None = None

    def calls(self, limit: Limit) -> int | None:
        """Return the calls of one hour or day, None = no limit (always for the pace)."""
        return {Limit.HOUR: self.per_hour, Limit.DAY: self.per_day}.get(limit)


_LIMITS: Mapping[Cart, CallLimits] = MappingProxyType(
    {
        Cart.BASE: CallLimits(per_hour=5_000, per_day=100_000),
        Cart.SHOPSERVE: CallLimits(per_second=1.0, in_flight=1),
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


def spent(action: Action, used: Mapping[Limit, int], limits: CallLimits) -> Limit | None:
    """Return the limit that keeps an action from calling now, None if it may.

    Args:
        action: who asks.
        used: calls of all robots of the shop in the running hour and day.
        limits: the shop's. Where both are used up, the day is named: it lasts longer.
    """
    for limit in (Limit.DAY, Limit.HOUR):
        calls = limits.calls(limit)
        if calls is not None and used.get(limit, 0) >= ceiling(action, calls):
            return limit
    return None


def hour_of(now: datetime) -> datetime:
    """Return the beginning of the hour of Tokyo that `now` lies in."""
    return now.astimezone(TOKYO).replace(minute=0, second=0, microsecond=0)


def day_of(now: datetime) -> datetime:
    """Return the beginning of the day of Tokyo that `now` lies in."""
    return hour_of(now).replace(hour=0)


def resets_at(limit: Limit, now: datetime, *, per_second: float = 1.0) -> datetime:
    """Return when a limit is open again: the next full hour, midnight, or the next turn.

    Args:
        limit: what has run out.
        now: aware.
        per_second: the pace, for `Limit.PACE` only.
    """
    if limit is Limit.HOUR:
        return hour_of(now) + timedelta(hours=1)
    if limit is Limit.DAY:
        return day_of(now) + timedelta(days=1)
    return now + timedelta(seconds=1 / per_second)
