"""The shop platforms (カート), and what each allows a caller: pace, calls, seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from domain.engine.budget import Limit
from domain.errors import ApiFamily


class Cart(StrEnum):
    """The shop platforms (カート)."""

    SHOPSERVE = "shopserve"
    BASE = "thebase"


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

_CALL_DEADLINES_S: Mapping[tuple[Cart, ApiFamily], float] = MappingProxyType(
    {
        (Cart.BASE, ApiFamily.ORDERS): 20.0,
        (Cart.BASE, ApiFamily.STOCK): 20.0,
        (Cart.SHOPSERVE, ApiFamily.ORDERS): 60.0,
        (Cart.SHOPSERVE, ApiFamily.STOCK): 20.0,
    }
)
LONGEST_CALL_S = max(_CALL_DEADLINES_S.values())
LONGEST_PUSH_S = max(
    seconds for (_, api), seconds in _CALL_DEADLINES_S.items() if api is ApiFamily.STOCK
)


def limits_of(cart: Cart) -> CallLimits:
    """Return a cart's limits; a shop can have its own pace (`calls_per_second`, `in_flight`)."""
    return _LIMITS[cart]


def call_deadline_s(cart: Cart, api: ApiFamily) -> float:
    """Return the seconds one call may take in all, from the first byte to the last.

    The one place: clients give up by it, and an effect whose answer was lost is not sent again
    before it has passed (RET-5). Two that differed could charge a card twice.
    """
    return _CALL_DEADLINES_S[cart, api]
