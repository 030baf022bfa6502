"""Effects in the outside world that must happen at most once (RET-5).

planned -> sent -> confirmed | unknown -> (read the cart) -> confirmed | planned
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

SETTLING_S = 30
"""How long after a call's deadline its effect may still show up in the cart."""


class EffectState(StrEnum):
    """How far an effect got."""

    PLANNED = "planned"
    SENT = "sent"
    UNKNOWN = "unknown"
    CONFIRMED = "confirmed"


_MOVES: Mapping[EffectState, frozenset[EffectState]] = MappingProxyType(
    {
        EffectState.PLANNED: frozenset({EffectState.SENT, EffectState.CONFIRMED}),
        EffectState.SENT: frozenset(
            {EffectState.CONFIRMED, EffectState.UNKNOWN, EffectState.PLANNED}
        ),
        EffectState.UNKNOWN: frozenset({EffectState.CONFIRMED, EffectState.PLANNED}),
        EffectState.CONFIRMED: frozenset(),
    }
)


def sources(to: EffectState) -> frozenset[EffectState]:
    """Return the states from which an effect may go to `to`.

    A call is made only from planned, and recorded as sent first. planned -> confirmed: a read
    showed it done before anything was sent. sent -> planned: the cart refused the call, so it
    certainly did not happen. confirmed is final.
    """
    return frozenset(state for state, targets in _MOVES.items() if to in targets)


def must_read_first(state: EffectState) -> bool:
    """Tell whether the cart has to be read before anything else; `sent` met later is a crash."""
    return state in {EffectState.SENT, EffectState.UNKNOWN}


def may_retry_unknown(sent_at: datetime, deadline_s: float, now: datetime) -> bool:
    """Tell whether a read now can prove that a lost call did not happen (RET-5).

    Not until 30 s after the call's deadline: what a read does not show may still come. A read that
    shows the effect may be believed at any time.
    """
    return now >= unknown_until(sent_at, deadline_s)


def unknown_until(sent_at: datetime, deadline_s: float) -> datetime:
    """Return the first moment at which `may_retry_unknown` holds."""
    return sent_at + timedelta(seconds=deadline_s + SETTLING_S)


def after_reading(
    sent_at: datetime, deadline_s: float, now: datetime, *, happened: bool | None
) -> EffectState:
    """Return the state after the cart was read for an unknown effect (RET-5).

    Args:
        now: when the read began.
        happened: what the read showed, None if it does not tell.
    """
    if happened:
        return EffectState.CONFIRMED
    if happened is None or not may_retry_unknown(sent_at, deadline_s, now):
        return EffectState.UNKNOWN
    return EffectState.PLANNED
