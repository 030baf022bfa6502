"""How often a robot runs: every so many seconds, or once a day (連携ロボット)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from types import MappingProxyType
from typing import Self
from zoneinfo import ZoneInfo

from domain.errors import BrokenRule

TOKYO = ZoneInfo("Asia/Tokyo")

_EVERY = re.compile(r"(?P<count>[0-9]{1,7})(?P<unit>[smh]?)")
_AT = re.compile(r"(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])")
_UNIT_S = MappingProxyType({"": 1, "s": 1, "m": 60, "h": 3600})
_LONGEST_EVERY_S = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often a robot runs: every so many seconds, or once a day at a Tokyo time.

    Attributes:
        every_s: seconds between two slots, 1 to a week; None for a daily robot.
        at: Tokyo wall time of the daily slot; None for a robot with an interval.
    """

    every_s: int | None = None
    at: time | None = None

    def __post_init__(self) -> None:
        """Reject a cadence that is neither or both."""
        if (self.every_s is None) == (self.at is None):
            raise BrokenRule("a cadence is either an interval or a time of day")
        if self.every_s is not None and not 1 <= self.every_s <= _LONGEST_EVERY_S:
            raise BrokenRule(f"an interval is 1 second to 7 days, not {self.every_s} s")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the cadence a person wrote: `300s`, `300`, `5m`, `1h` or `18:00`.

        Raises: BrokenRule: anything else, with the forms that are understood.
        """
        wished = text.strip()
        if match := _EVERY.fullmatch(wished):
            return cls(every_s=int(match["count"]) * _UNIT_S[match["unit"]])
        if match := _AT.fullmatch(wished):
            return cls(at=time(int(match["hour"]), int(match["minute"])))
        raise BrokenRule(f"not a cadence: {text!r}; write it like 300s, 5m, 1h or 18:00")

    def __str__(self) -> str:
        """Return the form `parse` reads."""
        return f"{self.every_s}s" if self.at is None else self.at.strftime("%H:%M")

    def next_slot(self, after: datetime, anchor: datetime) -> datetime:
        """Return the first slot strictly after `after`, in UTC; missed slots are not made up.

        Args:
            after: aware; usually the later of the last slot and now.
            anchor: aware; when the robot's shop was added. The first slot of an interval is one
                interval after it, the others lie on the same grid. A daily robot ignores it.
        """
        if self.every_s is not None:
            step = timedelta(seconds=self.every_s)
            slots_passed = max(0, (after - anchor) // step)
            return (anchor + (slots_passed + 1) * step).astimezone(UTC)
        local = after.astimezone(TOKYO)
        slot = datetime.combine(local.date(), self.at or time(), tzinfo=TOKYO)
        if slot <= local:
            slot = datetime.combine(local.date() + timedelta(days=1), slot.time(), tzinfo=TOKYO)
        return slot.astimezone(UTC)
