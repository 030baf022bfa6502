"""How often, how densely and how parallel each shop was called."""

from collections import Counter
from dataclasses import dataclass, field

from simulator.messages import Document, Target

DROPPED = "dropped"


@dataclass(slots=True)
class Pace:
    """How one shop was called.

    Attributes:
        in_flight: calls being answered now.
        max_in_flight: most calls that were being answered at one time.
        last_at: arrival of the newest call, Unix seconds.
        min_gap_s: shortest time between two arrivals, seconds.
    """

    in_flight: int = 0
    max_in_flight: int = 0
    last_at: float | None = None
    min_gap_s: float | None = None


@dataclass(slots=True)
class CallCounts:
    """Counts per shop, endpoint and outcome, and the pace per shop."""

    counts: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    paces: dict[str, Pace] = field(default_factory=dict)

    def begin(self, shop: str, at: float) -> None:
        """Note that a call of a shop arrived."""
        pace = self.paces.get(shop)
        if pace is None:
            pace = self.paces[shop] = Pace()
        pace.in_flight += 1
        pace.max_in_flight = max(pace.max_in_flight, pace.in_flight)
        if pace.last_at is not None:
            gap_s = max(0.0, at - pace.last_at)
            pace.min_gap_s = gap_s if pace.min_gap_s is None else min(pace.min_gap_s, gap_s)
        pace.last_at = at

    def end(self, target: Target, outcome: str) -> None:
        """Note how a call ended: its HTTP status, or `dropped`."""
        pace = self.paces.get(target.shop)
        if pace is not None:
            pace.in_flight = max(0, pace.in_flight - 1)
        self.counts[target.cart, target.shop, target.endpoint, outcome] += 1

    def table(self) -> list[Document]:
        """Return one row per cart, shop, endpoint and outcome."""
        return [
            {"cart": cart, "shop": shop, "endpoint": endpoint, "outcome": outcome, "calls": calls}
            for (cart, shop, endpoint, outcome), calls in sorted(self.counts.items())
        ]

    def pace_table(self) -> list[Document]:
        """Return one row per shop that was called."""
        return [
            {"shop": shop, "max_in_flight": pace.max_in_flight, "min_gap_s": pace.min_gap_s}
            for shop, pace in sorted(self.paces.items())
        ]
