"""Ticks of beat: asked for by the second, done by whichever worker has a thread free.

Beat may have sent hours of them while no worker ran, and several beats may send at once. A tick
asks "look now", so of those that lie in one heap a process does one and lets the others go,
without a statement. Only the monotonic clock is asked (CLK-1).
"""

import threading
import time
from collections.abc import Callable, Mapping

Kind = tuple[str, ...]
"""What a tick asks for: the wire name of its task, and its arguments."""


class TickPace:
    """Which ticks this process does and which it lets go."""

    def __init__(
        self, periods_s: Mapping[Kind, float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Args: periods_s: seconds between two ticks of a kind, as beat sends them."""
        self._periods_s = periods_s
        self._clock = clock
        self._guard = threading.Lock()
        self._done_at: dict[Kind, float] = {}

    def take(self, kind: Kind) -> bool:
        """Tell whether to do what a tick asks: not within half its period of the one before."""
        with self._guard:
            now = self._clock()
            last = self._done_at.get(kind)
            if last is not None and now - last < self._periods_s[kind] / 2:
                return False
            self._done_at[kind] = now
            return True
