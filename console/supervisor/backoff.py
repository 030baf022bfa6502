"""How long to wait before a program that ended is started again."""

from dataclasses import dataclass

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
SETTLED_AFTER_S = 60.0


@dataclass
class BackOff:
    """Half a second, doubled up to half a minute; a program that stayed up starts over.

    Attributes:
        failures: ends in a row, each sooner than a minute after its start.
    """

    failures: int = 0

    def pause_s(self, up_s: float) -> float:
        """Return the seconds to wait now. Args: up_s: how long the program was up."""
        if up_s >= SETTLED_AFTER_S:
            self.failures = 0
        pause_s: float = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0**self.failures)
        # Bounded, so that the power above stays small on the hundredth failure.
        self.failures = min(self.failures + 1, 16)
        return pause_s
