"""What to do after a failure: try again, wait, or give up (CLS-3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.engine.pauses import honoured_s
from domain.errors import Permanent, Postponed, RemoteBusy, Transient

LONGEST_BUSY_S = 15 * 60
"""A cart that names a longer wait is closed rather than busy: no attempt is spent."""

LONGEST_MESSAGE = 200
_LARGEST_POWER = 62


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try again then; one attempt is spent."""

    at: datetime


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Not now; no attempt is spent. `at` is None where nobody knows the time."""

    at: datetime | None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """A dead letter. `unexpected` marks a bug, whose traceback must be kept."""

    reason: str
    unexpected: bool = False


Decision = RetryAt | WaitUntil | GiveUp


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently transient failures are tried again.

    Attributes:
        max_attempts: attempts in all, the first one included; 1 or more.
        first_delay_s: the wait after the first attempt; it doubles each time.
        longest_delay_s: where the doubling stops.
    """

    max_attempts: int = 5
    first_delay_s: float = 1
    longest_delay_s: float = 60

    def decide(
        self, error: BaseException, *, attempt: int, jitter: float, now: datetime
    ) -> Decision:
        """Return what to do after `error` (CLS-3).

        Args:
            attempt: the number of the attempt that failed, from 1.
            jitter: a random factor, 0 to 1; the wait is at least half of the full one.
        """
        if isinstance(error, Postponed):
            return WaitUntil(error.until)
        if isinstance(error, Permanent):
            return GiveUp(str(error))
        if not isinstance(error, Transient):
            # Its first line only: what follows may quote a row of ours (PostgreSQL's DETAIL).
            said = (str(error).splitlines() or [""])[0][:LONGEST_MESSAGE]
            return GiveUp(f"unexpected {type(error).__name__}: {said}", unexpected=True)
        asked_s = (error.retry_after_s or 0) if isinstance(error, RemoteBusy) else 0
        if asked_s > LONGEST_BUSY_S:
            return WaitUntil(now + timedelta(seconds=honoured_s(asked_s)))
        if attempt >= self.max_attempts:
            return GiveUp(f"gave up after {attempt} attempts: {error}")
        return RetryAt(now + timedelta(seconds=max(asked_s, self._delay_s(attempt, jitter))))

    def _delay_s(self, attempt: int, jitter: float) -> float:
        doublings = min(max(attempt, 1) - 1, _LARGEST_POWER)
        full = min(self.longest_delay_s, self.first_delay_s * 2.0**doublings)
        return full * (1 + min(max(jitter, 0.0), 1.0)) / 2


def may_have_been_sent(attempt: int) -> bool:
    """Tell whether an earlier attempt may have reached the cart: read first (CNF-2, CMP-4).

    Args: attempt: the number of the attempt that begins, from 1.
    """
    return attempt > 1


decide = RetryPolicy().decide
"""What every run and item goes by."""
