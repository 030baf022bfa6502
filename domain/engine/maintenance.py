"""When a cart is closed for maintenance (メンテナンス; CLS-1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from domain.engine.pauses import honoured_s
from domain.errors import ApiFamily

MESSAGE = "メンテナンス期間中のためAPIは使用できません。"
"""The words of the API log."""

FIRST_PROBE_S = 30
LONGEST_PROBE_S = 15 * 60

_LARGEST_POWER = 10


class ClosureSource(StrEnum):
    """How we know of a closure."""

    CALENDAR = "calendar"
    DETECTED = "detected"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class CartAddress:
    """A cart where some shops call it: its own address, or that of a test or a proxy."""

    cart: str
    api_url: str


@dataclass(frozen=True, slots=True)
class Closure:
    """A time in which a cart takes no calls: from `start` on, `end` itself is open again.

    Attributes:
        api: the family that is closed, None = all of them.
        end: aware; None while nobody knows, as for most detected closures.
        probe_at: while nobody knows the end: when one call may try; None = at once.
        detected_by: id of the shop whose call was answered with it.
        api_url: of a detected one: it is about the shops of this address; None = all of the cart.
    """

    cart: str
    api: ApiFamily | None
    start: datetime
    end: datetime | None
    source: ClosureSource
    probe_at: datetime | None = None
    detected_by: int | None = None
    api_url: str | None = None

    def covers(self, at: CartAddress, api: ApiFamily, now: datetime) -> bool:
        """Tell whether calls of that family to that address are closed at `now`."""
        return (
            self.cart == at.cart
            and self.api_url in {None, at.api_url}
            and self.api in {None, api}
            and self.start <= now
            and (self.end is None or now < self.end)
        )

    def is_probed_at_once(self, shop_id: int, *, by_hand: bool) -> bool:
        """Tell whether a caller need not wait for the next probe: a person at the finder's shop."""
        return by_hand and self.detected_by == shop_id

    def may_probe(self, now: datetime, *, at_once: bool) -> bool:
        """Tell whether one call may try whether the cart is open again."""
        return self.end is None and (at_once or self.probe_at is None or self.probe_at <= now)


AnyClosure = TypeVar("AnyClosure", bound=Closure)


def closed_now(
    closures: Iterable[AnyClosure], at: CartAddress, api: ApiFamily, now: datetime
) -> AnyClosure | None:
    """Return the closure in force, None while calls may be made.

    Of several the one that lasts longest; one whose end is known counts before one that would be
    probed, for no call is made in it.
    """
    in_force = [closure for closure in closures if closure.covers(at, api, now)]
    earliest = datetime.min.replace(tzinfo=UTC)
    return max(in_force, key=lambda closure: closure.end or earliest, default=None)


def next_probe_at(
    last_closed_answer_at: datetime, closed_answers: int, asked_s: float | None = None
) -> datetime:
    """Return when one worker may try a single call during a closure whose end nobody knows.

    Args:
        last_closed_answer_at: aware; when the cart last said that it is closed.
        closed_answers: how often in a row it said so, from 1; the wait doubles from half a minute
            to a quarter of an hour.
        asked_s: seconds the cart asked to wait, None if it named none.
    """
    doublings = min(max(closed_answers, 1) - 1, _LARGEST_POWER)
    wait_s = min(FIRST_PROBE_S * 2.0**doublings, LONGEST_PROBE_S)
    return last_closed_answer_at + timedelta(seconds=max(wait_s, honoured_s(asked_s)))
