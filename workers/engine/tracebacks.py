"""Tracebacks without data: where it happened and what kind of error, not what was in the rows."""

import traceback

from domain.engine.retry import LONGEST_MESSAGE


def first_line(error: BaseException) -> str:
    """Return an error's own first line; what follows may quote a row (PostgreSQL's DETAIL)."""
    lines = str(error).splitlines()
    return lines[0][:LONGEST_MESSAGE] if lines else ""


def without_data(error: BaseException) -> str:
    """Return the frames and the first line of an error and of what caused it, cause first."""
    parts = []
    current: BaseException | None = error
    while current is not None:
        frames = "".join(traceback.format_tb(current.__traceback__))
        parts.append(f"{frames}{type(current).__name__}: {first_line(current)}")
        current = current.__cause__ or current.__context__
    return "\n\n".join(reversed(parts))
