"""How BASE writes times."""

from datetime import datetime

from domain.engine.cadence import TOKYO


def in_words(at: datetime) -> str:
    """Return a time as a request names it: Tokyo, to the second."""
    return at.astimezone(TOKYO).strftime("%Y-%m-%d %H:%M:%S")
