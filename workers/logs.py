"""Process logs: one line per outcome, readable on a terminal, JSON elsewhere.

Lines carry ids, never bodies, credentials or personal data.
"""

import json
import logging
import sys
from datetime import UTC, datetime

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
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
