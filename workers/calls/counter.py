"""Calls that were let through, per shop and hour: the budget's memory (CLS-2)."""

import logging
import threading
import time
from collections import Counter

from sqlalchemy import Engine

from adapters.postgres.engine import call_counts
from domain.errors import Transient

_log = logging.getLogger(__name__)

# Counts are written down this often; a killed process loses that much of them.
WRITE_EVERY_S = 5.0


class CallCounter:
    """Counts the calls of one process and writes them down now and then.

    A killed process loses a few seconds of counts; the cart's own answer corrects the rest.
    """

    def __init__(self, database: Engine) -> None:
        """Args: database: where the counts go."""
        self._database = database
        self._guard = threading.Lock()
        self._calls: Counter[int] = Counter()
        self._written_at = time.monotonic()

    def count(self, shop_id: int) -> None:
        """Count one call; whoever finds the last writing long past writes for all."""
        with self._guard:
            self._calls[shop_id] += 1
            if time.monotonic() - self._written_at < WRITE_EVERY_S:
                return
            self._written_at = time.monotonic()
        self.write()

    def write(self) -> None:
        """Write what is counted; on a database failure keep it for the next time."""
        with self._guard:
            calls, self._calls = self._calls, Counter()
        if not calls:
            return
        try:
            with self._database.begin() as connection:
                call_counts.add(connection, calls)
        except Transient as error:
            _log.warning("calls not written down: %s", error)
            with self._guard:
                self._calls.update(calls)

    def remembered(self, shop_id: int) -> tuple[int, int]:
        """Return the calls of this hour and this day in Tokyo, from PostgreSQL."""
        self.write()
        with self._database.begin() as connection:
            made = call_counts.of_shop(connection, shop_id)
        return made.hour, made.day
