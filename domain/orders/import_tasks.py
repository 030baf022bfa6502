"""Import tasks (タスク): every order a shop's list named, until it is an instruction."""

from datetime import datetime, timedelta
from enum import StrEnum

from domain.engine.runs import RunMode

# IMP-12: a scheduled run looks at an order that breaks a rule at most once an hour.
BROKEN_ORDER_PAUSE = timedelta(hours=1)
# Ours: orders the shop cannot ship yet (IMP-5) change slowly, and each look is one call.
WAITING_ORDER_PAUSE = timedelta(minutes=10)


class TaskState(StrEnum):
    """listed → converted, or waiting/failed until a later look succeeds, or skipped."""

    LISTED = "listed"
    CONVERTED = "converted"
    WAITING = "waiting"
    FAILED = "failed"
    SKIPPED = "skipped"


def next_look(state: TaskState, *, permanent: bool, at: datetime) -> datetime | None:
    """Return when a scheduled run may look at an unfinished task again; None = at once.

    Args: permanent: the failure was a broken rule, not an outage (IMP-12).
    """
    if state is TaskState.WAITING:
        return at + WAITING_ORDER_PAUSE
    if state is TaskState.FAILED and permanent:
        return at + BROKEN_ORDER_PAUSE
    return None


def may_look(retry_after: datetime | None, mode: RunMode, now: datetime) -> bool:
    """Tell whether a run may look at an unfinished task: a scheduled one leaves it its pause.

    Args: retry_after: what `next_look` said (IMP-12).
    """
    return mode is not RunMode.SCHEDULED or retry_after is None or retry_after <= now
