"""What beat asks for. Which shops are due is in PostgreSQL; two beats do no harm.

A tick carries no time: neither when it was sent nor when it ends (CLK-1). One that comes too soon
after another of its kind is let go by the worker (workers.engine.ticks).
"""

from typing import Any

from domain.actions import ACTIONS
from workers import names

_SECOND = 1.0


def _entry(task: str, every_s: float, *args: str) -> dict[str, Any]:
    return {
        "task": task,
        "schedule": every_s,
        "args": args,
        "options": {"queue": names.QUEUE_OF[task].value},
    }


BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    **{
        f"start due {action}": _entry(names.START_DUE_RUNS, 2 * _SECOND, action)
        for action in ACTIONS
    },
    "admit items in fair turns": _entry(names.ADMIT, _SECOND),
    "sweep lost work": _entry(names.SWEEP, 2 * _SECOND),
    "count secured pieces anew": _entry(names.RECALCULATE, 2 * _SECOND),
    "start full compares at night": _entry(names.START_COMPARES, 60 * _SECOND),
    "let full compares yield": _entry(names.YIELD_COMPARES, 5 * _SECOND),
    "throw away old runs": _entry(names.PRUNE, 900 * _SECOND),
    "look after shops that stand still": _entry(names.LOOK_AFTER_SHOPS, 10 * _SECOND),
    "refresh tokens ahead of their end": _entry(names.REFRESH_TOKENS, 60 * _SECOND),
}
