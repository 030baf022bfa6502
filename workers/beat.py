"""Celery's beat by the monotonic clock: what the time of day shows decides nothing (CLK-1).

Celery's own schedulers compare the time of day with that of the last tick, which one of them keeps
in a file: a clock that steps back, or a file from the future, stops them until that time has come.
"""

import logging
import time
from typing import Any

from celery import Celery
from celery.beat import Scheduler, SchedulingError
from kombu.exceptions import OperationalError

from beat_schedule import BEAT_SCHEDULE
from domain.actions import Queue

_log = logging.getLogger(__name__)

LONGEST_PAUSE_S = 1.0
# So many ticks lie in the queue when no worker takes them: twenty seconds' worth.
LONGEST_BACKLOG = 100


class SteadyScheduler(Scheduler):
    """Sends each entry once a period, the first time at once; keeps no file.

    Attributes:
        clock: seconds.
        worked: told each time it looked what is due.
    """

    clock = staticmethod(time.monotonic)

    def worked(self) -> None:
        """Tell nobody; the program puts its heartbeat here."""

    def __init__(self, app: Celery, *args: Any, **kwargs: Any) -> None:
        """Args: those of Celery's, which knows more of them than are used here."""
        self._due_at: dict[str, float] = {}
        super().__init__(app, *args, **kwargs)

    def tick(self, *_: Any, **__: Any) -> float:
        """Send what is due; return the seconds until something is again.

        While nobody takes ticks nothing is sent, and everything stays due.
        """
        self.worked()
        now = self.clock()
        due = [name for name in self.schedule if self._due_at.get(name, now) <= now]
        if due and self._backlog() >= LONGEST_BACKLOG:
            return LONGEST_PAUSE_S
        for name in due:
            self.apply_entry(self.schedule[name], producer=self.producer)
            period_s = float(BEAT_SCHEDULE[name]["schedule"])
            after = self._due_at.get(name, now) + period_s
            # A beat that stood still does not make up for it.
            self._due_at[name] = after if after > now else now + period_s
        return self._pause_s()

    def apply_entry(self, entry: Any, producer: Any = None) -> None:  # noqa: ANN401 -- Celery's own
        """Send one tick; one that cannot be sent is a line in the log, and due again next time."""
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except SchedulingError as error:
            _log.error("tick not sent: %s", str(error).splitlines()[0])

    def _pause_s(self) -> float:
        now = self.clock()
        next_at = min((self._due_at.get(name, now) for name in self.schedule), default=now)
        return min(max(0.0, next_at - now), LONGEST_PAUSE_S)

    def _backlog(self) -> int:
        """Return how many ticks wait; a broker that does not answer has none that we know of."""
        connection: Any = self.producer.connection
        try:
            channel = connection.default_channel
            return int(channel.queue_declare(queue=Queue.TICKS.value).message_count)
        except (*connection.connection_errors, OperationalError):
            return 0
