"""How long a shop waits that its cart does not serve for now (CLS-9)."""

FIRST_S = 5.0
LONGEST_S = 15 * 60.0
LONGEST_HONOURED_S = 60 * 60.0
"""A wait asked for is kept up to here; in a longer one, one call tries every `LONGEST_S`."""

ALARM_AFTER_S = 10 * 60.0
SAME_TROUBLE_S = 10 * 60.0
"""Trouble that comes back within this is the same trouble still, and alarmed as such."""

_LARGEST_POWER = 10


def wait_s(times: int, asked_s: float | None = None) -> float:
    """Return the seconds until one call tries again.

    Args:
        times: how often in a row the shop was not served, from 1; the wait doubles.
        asked_s: seconds the cart asked for, None if it named none.
    """
    own_s = min(FIRST_S * 2.0 ** min(max(times, 1) - 1, _LARGEST_POWER), LONGEST_S)
    return max(own_s, honoured_s(asked_s))


def honoured_s(asked_s: float | None) -> float:
    """Return how much of a wait the cart asks for is kept, seconds; 0 without one."""
    if asked_s is None:
        return 0.0
    return asked_s if asked_s <= LONGEST_HONOURED_S else LONGEST_S
