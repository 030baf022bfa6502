"""One line about anything that can stop a command."""

import traceback
from pathlib import Path

import psycopg

from adapters.embedded import ServersUnavailable
from adapters.postgres.database import DatabaseUnavailable
from domain.errors import SyncError
from workers.places import NotRunning
from workers.settings import BadSettings

# An extra that production does without.
_SIMULATOR = ("aiohttp", "simulator")
_NO_TABLES = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn)


def explain(error: Exception) -> str:
    """Return what happened and, where known, what to do about it."""
    if isinstance(error, DatabaseUnavailable):
        return f"{error}{_first_line(error.__cause__)}"
    if isinstance(error, SyncError | BadSettings | NotRunning | ServersUnavailable):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and str(error.name).split(".")[0] in _SIMULATOR:
        return "the simulated carts are not installed: pip install --editable '.[simulator]'"
    original = getattr(error, "orig", None) or error  # SQLAlchemy's errors hold the driver's
    if isinstance(original, _NO_TABLES):
        return "the database is not prepared for this version: run `renkei db upgrade`"
    if isinstance(error, OSError):
        return f"{error.filename or 'system'}: {error.strerror or error}"
    return _bug(original)


def _first_line(cause: BaseException | None) -> str:
    original = getattr(cause, "orig", cause)
    lines = str(original).strip().splitlines() if original else []
    return f" ({lines[0]})" if lines else ""


def _bug(error: BaseException) -> str:
    """Name a failure nobody foresaw, with the place of ours it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    first = (str(error).strip().splitlines() or [""])[0]
    return f"unexpected {type(error).__name__}{place}: {first}"
