"""Stopping without losing a second: what was sent here and not begun is given back at once.

SIGTERM → no new work is taken; running items end at their next call to a cart, or sooner; what only
waits in this process becomes due again instead of waiting for its lease (rolling restarts).
"""

import logging
import threading
from dataclasses import dataclass, field

from sqlalchemy import Engine

from adapters.postgres.database import DatabaseUnavailable
from adapters.postgres.engine import recovery

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Draining:
    """What this process was sent, and whether it is stopping.

    Attributes:
        stopping: set once the process was asked to stop: no new work is taken from then on.
        items, runs: ids whose notes have arrived here and which were not begun. Without a lock:
            one add, discard or copy of a set is atomic.
    """

    stopping: threading.Event = field(default_factory=threading.Event)
    items: set[int] = field(default_factory=set)
    runs: set[int] = field(default_factory=set)

    def give_back(self, database: Engine) -> None:
        """Make due what was received and not begun."""
        items, runs = self.items.copy(), self.runs.copy()  # each in one step: notes may still come
        self.items.difference_update(items)
        self.runs.difference_update(runs)
        if not items and not runs:
            return
        try:
            with database.begin() as connection:
                recovery.give_back(connection, items=sorted(items), runs=sorted(runs))
        except DatabaseUnavailable as error:
            _log.warning("not given back, their leases will run out: %s", error)
            return
        _log.info(
            "given back before stopping", extra={"fields": {"items": len(items), "runs": len(runs)}}
        )
