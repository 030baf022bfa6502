"""Runs, their items and dead letters: which states exist and which a person sees.

The moves between them, who makes them and what a crash leaves are in
docs/decisions/0003-runs-and-items.md.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.errors import BrokenRule


@dataclass(frozen=True, slots=True)
class Window:
    """Order times from `since` to `until`, both aware and inclusive."""

    since: datetime
    until: datetime


class RunMode(StrEnum):
    """Why a run exists."""

    SCHEDULED = "scheduled"
    MANUAL = "manual"
    RANGE = "range"
    FOLLOW_UP = "follow_up"
    REPLAY = "replay"
    COMPARE = "compare"


class RunState(StrEnum):
    """States of a run; the last four are final."""

    PENDING = "pending"
    PLANNING = "planning"
    OPEN = "open"
    SUCCEEDED = "succeeded"
    PARTLY_FAILED = "partly_failed"
    FAILED = "failed"
    CLOSED = "closed"


FINAL_RUN_STATES = frozenset(
    {RunState.SUCCEEDED, RunState.PARTLY_FAILED, RunState.FAILED, RunState.CLOSED}
)


class ItemState(StrEnum):
    """States of an item; the last four are final."""

    DUE = "due"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CARRIED = "carried"


FINAL_ITEM_STATES = frozenset(
    {ItemState.SUCCEEDED, ItemState.FAILED, ItemState.SKIPPED, ItemState.CARRIED}
)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many items of a run ended how."""

    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    carried_over: int = 0


def final_state(tally: Tally, *, closed: bool, plan_failed: bool) -> RunState:
    """Return how a run ends whose items have all ended.

    Args:
        closed: the cart closed before the run was through (CLS-1).
        plan_failed: the list could not be read, so nothing is known about the items.
    """
    if closed:
        return RunState.CLOSED
    if plan_failed or (tally.failed and not tally.succeeded):
        return RunState.FAILED
    if tally.failed:
        return RunState.PARTLY_FAILED
    return RunState.SUCCEEDED


def shown_state(state: RunState, *, parked: bool) -> str:
    """Return the word people and programs see: an unfinished run is `running` or `parked`."""
    if state in FINAL_RUN_STATES:
        return state.value
    return "parked" if parked else "running"


def ended_line(label: str, tally: Tally) -> str:
    """Return the line every run ends with (LOG-1). Args: label: of its action."""
    return f"{label}アクションが終了しました。(成功:{tally.succeeded}失敗:{tally.failed})"


class UnknownDeadLetter(BrokenRule):
    """The merchant has no dead letter of that id."""


class LetterState(StrEnum):
    """What became of a dead letter."""

    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"
    CLOSED = "closed"


UNDECIDED = frozenset({LetterState.OPEN, LetterState.REPLAYED})
"""A person may still decide: a replay that changed nothing has decided nothing."""
