"""What the simulator's log says happened, and what of it came a second time.

Every action reads the cart before it sends again what may have been sent (CNF-2, CMP-4, RET-5; for
shipping results RET-2 by the read that begins each attempt), so no repetition is in order, also
none that changed nothing for the buyer. The one exception: a process that stood still for longer
than its lease, between its last look at it and its call, makes that call when it wakes up
(docs/decisions/0003-runs-and-items.md, Consequences). Nobody can fence that off; what is harmless
to repeat has no margin for it, what is not has one (docs/decisions/0005-effects.md).
"""

from collections import Counter
from collections.abc import Sequence

from simulator.client import Document, SimulatorClient
from tests.chaos.world import Placed

HARMLESS = frozenset({"order_confirmed", "delivery_shipped", "order_completed"})
AGAIN = "_again"
# The calls of a process that wakes up have been sent by then, and wait in the slowest of carts.
WOKEN_S = 8.0


class Happened:
    """The simulator's effects, by shop, kind and key.

    Attributes:
        totals: how often each kind happened.
        repeated: harmless repetitions, in words; those of the woken are only counted.
    """

    def __init__(self, simulator: SimulatorClient, woken: Sequence[float]) -> None:
        """Args: woken: when processes went on that had stood still for long, Unix seconds."""
        self.totals: Counter[str] = Counter()
        self.repeated: list[str] = []
        self._woken = woken
        self._times: Counter[tuple[str, str, str]] = Counter()
        for effect in simulator.effects():
            self._add(effect)

    def of(self, order: Placed, kind: str, key: str = "") -> int:
        """Return how often something happened to an order or a part of it."""
        return self._times[order.shop, kind, key or order.key]

    def _add(self, effect: Document) -> None:
        kind, shop, key = effect["kind"].removesuffix(AGAIN), effect["shop"], str(effect["key"])
        if kind == "delivery_shipped":
            key = f"{key}/{effect['delivery_no']}"
        before = self._times[shop, kind, key]
        if kind in HARMLESS and before:
            self._repeat(f"{shop} {key} {kind} again", effect["at"])
            return
        self._times[shop, kind, key] += 1
        self.totals[kind] += 1

    def _repeat(self, sentence: str, at: float) -> None:
        if any(0 <= at - moment < WOKEN_S for moment in self._woken):
            self.totals["harmless calls repeated by a process that had stood still"] += 1
        else:
            self.repeated.append(sentence)
