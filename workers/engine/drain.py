"""Stopping without losing a second: what was sent here and not begun is given back at once.

SIGTERM → no new work is taken; running items end at their next call to a cart, or sooner; what only
waits in this process becomes due again instead of waiting for its lease (rolling restarts).
"""

import logging
import threading

from sqlalchemy import Engine

from adapters.postgres.database import DatabaseUnavailable
from adapters.postgres.engine import recovery

_log = logging.getLogger(__name__)


class Draining:
    """What this process was sent, and whether it is stopping.

    Attributes:
        stopping: set once the process was asked to stop.
    """

    def __init__(self) -> None:
        """Begin with nothing received."""
        self.stopping = threading.Event()
        self._guard = threading.Lock()
        self._items: set[int] = set()
        self._runs: set[int] = set()

    def stop(self) -> None:
        """Take no new work from now on."""
        self.stopping.set()

    def item_received(self, item_id: int) -> None:
        """Note that an item's message has arrived here."""
        with self._guard:
            self._items.add(item_id)

    def run_received(self, run_id: int) -> None:
        """Note that a run's message has arrived here."""
        with self._guard:
            self._runs.add(run_id)

    def begin_item(self, item_id: int) -> bool:
        """Note that an item is begun; False when it is to be given back instead."""
        if self.stopping.is_set():
            return False
        with self._guard:
            self._items.discard(item_id)
        return True

    def begin_run(self, run_id: int) -> bool:
        """Note that a run is begun; False when it is to be given back instead."""
        if self.stopping.is_set():
            return False
        with self._guard:
            self._runs.discard(run_id)
        return True

    def give_back(self, database: Engine) -> None:
        """Make due what was received and not begun."""
        with self._guard:
            items, self._items = self._items, set()
            runs, self._runs = self._runs, set()
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
