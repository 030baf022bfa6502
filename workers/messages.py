"""Which messages a worker takes: those a process of ours sends, and no others (SEC-1).

A message asks to look at a row, or is a tick. It never carries a time (CLK-1): one to be done
later would lie in a worker's memory, and enough of them would stop the worker from taking others.
What is dropped here was never work: rows that are due are announced again.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from celery.worker.consumer import Consumer
from kombu import Message

from beat_schedule import BEAT_SCHEDULE
from domain.actions import ACTIONS
from workers import names

_log = logging.getLogger(__name__)

LARGEST_BODY = 4096
"""Bytes; ours have less than two hundred."""

_LARGEST_ID = 2**63 - 1
_TOLD_EVERY_S = 60.0
# Names of tasks whose one argument is the id of a row.
_ABOUT_A_ROW = frozenset({names.PLAN_RUN, *(facts.task for facts in ACTIONS.values())})
_TICKS = frozenset((entry["task"], *entry["args"]) for entry in BEAT_SCHEDULE.values())
_KNOWN = _ABOUT_A_ROW | {kind[0] for kind in _TICKS}
_TIMED = ("eta", "expires")
_NOT_OURS = ("group", "retries", "shadow")


def refusal(message: Message) -> str | None:
    """Return why no process of ours sent this message, None for one of ours.

    The answer names no text of the message: nobody knows what is in it.
    """
    headers = message.headers
    if str(headers.get("task")) not in _KNOWN:
        return "no task of ours"
    if any(headers.get(name) for name in _TIMED):
        return "a time to begin or to end"
    if any(headers.get(name) for name in _NOT_OURS) or any(headers.get("timelimit") or ()):
        return "an option no task of ours uses"
    if message.content_type != "application/json":
        return "not JSON"
    return None if _has_our_arguments(str(headers["task"]), message) else "other arguments"


def _has_our_arguments(task: str, message: Message) -> bool:
    try:
        args, kwargs, embedded = message.decode()
        if kwargs or any(embedded.values()):
            return False
        if task in _ABOUT_A_ROW:
            (row_id,) = args
            ours = type(row_id) is int and 0 < row_id <= _LARGEST_ID
        else:
            ours = (task, *args) in _TICKS
    except Exception:  # noqa: BLE001 -- whatever a stranger's bytes make a decoder raise
        return False
    return ours


class Dropped:
    """Tells of dropped messages: the first of a kind at once, the others once a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Args: clock: seconds."""
        self._clock = clock
        self._guard = threading.Lock()
        self._told_at: dict[str, float] = {}
        self._untold: Counter[str] = Counter()

    def note(self, why: str) -> None:
        """Note one message. Args: why: one of few texts of ours."""
        with self._guard:
            self._untold[why] += 1
            last = self._told_at.get(why)
            if last is not None and self._clock() - last < _TOLD_EVERY_S:
                return
            self._told_at[why] = self._clock()
            count = self._untold.pop(why)
        _log.error(
            "messages that no process of ours sends were dropped: does something else write to"
            " this Redis?",
            extra={"fields": {"reason": why, "count": count}},
        )


dropped = Dropped()


class StrictConsumer(Consumer):
    """Celery's consumer of tasks, behind `refusal`."""

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Callable[[Message], None]:
        """Return what is called with each message."""
        take = super().create_task_handler(*args, **kwargs)

        def judge(message: Message) -> None:
            why = refusal(message)
            if why is None:
                take(message)
                return
            dropped.note(why)
            message.reject()

        return judge
