"""Process logs: one line per outcome, readable on a terminal, JSON elsewhere.

Lines carry ids, never bodies, credentials or personal data.
"""

import json
import logging
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from kombu.exceptions import BatchPublishError, OperationalError  # type: ignore[attr-defined]
from redis.exceptions import RedisError

from adapters.postgres.database import DatabaseUnavailable

# celery.app.trace and .strategy write two lines a task; what a task did is logged by us.
_QUIET = (
    "alembic",
    "amqp",
    "celery.app.trace",
    "celery.worker.strategy",
    "httpcore",
    "httpx",
    "kombu",
)


# A server that is away, as we and Celery are told of it.
_AWAY = (DatabaseUnavailable, RedisError, OperationalError, BatchPublishError, OSError)
_AGAIN_AFTER_S = 60.0


class OncePerOutage(logging.Filter):
    """Lets one line of a kind through a minute about a server that is away, and no traceback.

    Each of hundreds of statements and messages finds it out for itself (PLC-1).
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Args: clock: seconds."""
        super().__init__()
        self._clock = clock
        self._guard = threading.Lock()
        self._told_at: dict[tuple[str, str], float] = {}
        self._untold: Counter[tuple[str, str]] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to print a line; shortens it where it is about a server."""
        error = _error_of(record)
        if not isinstance(error, _AWAY):
            return True
        kind = record.name, str(record.msg)
        with self._guard:
            last = self._told_at.get(kind)
            if last is not None and self._clock() - last < _AGAIN_AFTER_S:
                self._untold[kind] += 1
                return False
            self._told_at[kind] = self._clock()
            more = self._untold.pop(kind, 0)
        said = (record.getMessage().splitlines() or [""])[0]
        named = "" if type(error).__name__ in said else f" ({type(error).__name__})"
        record.msg = said + named + (f"; {more} more like it" if more else "")
        record.args, record.exc_info, record.exc_text = (), None, None
        return True


def _error_of(record: logging.LogRecord) -> object:
    if record.exc_info:
        return record.exc_info[1]
    given = record.args if isinstance(record.args, tuple) else ()
    return next((one for one in given if isinstance(one, Exception)), None)


class JsonLines(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON; extra fields come from `extra={"fields": {...}}`."""
        entry: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry.update(getattr(record, "fields", {}))
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


class ConsoleLines(logging.Formatter):
    """Time, level, message and fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one readable line, a traceback below it if there is one."""
        fields = " ".join(f"{k}={v}" for k, v in getattr(record, "fields", {}).items())
        at = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        line = f"{at} {record.levelname:<7} {record.getMessage()}"
        if fields:
            line += f"  {fields}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def configure_logging(log_format: str | None) -> None:
    """Send the root logger to stderr. Args: log_format: console, json, None = by terminal."""
    chosen = log_format or ("console" if sys.stderr.isatty() else "json")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(ConsoleLines() if chosen == "console" else JsonLines())
    handler.addFilter(OncePerOutage())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
