"""How people, files and programs write days, moments and numbers: one form for each, everywhere.

A text is first brought to NFKC (wide digits count) and loses the blanks around it; what is left
has to be of the form as a whole. Every function raises ValueError, which says the form and shows
the text.
"""

import re
import unicodedata
from datetime import UTC, date, datetime

from domain.engine.cadence import TOKYO
from domain.errors import BrokenRule

LARGEST_COUNT = 2_147_483_647
"""The largest count that is kept, of pieces for example."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
_MOMENT = re.compile(rf"{_DAY.pattern}(?:[T ]{_TIME}(?:Z|[+-][0-9]{{2}}:[0-9]{{2}})?)?")
_WHOLE = re.compile(r"[0-9]{1,19}")
_SIGNED = re.compile(r"[+-]?[0-9]{1,19}")
_BLANKS = frozenset("\t\n\r")
_DECIMAL = re.compile(r"[0-9]{1,19}(?:\.[0-9]{1,9})?")


class Misentered(BrokenRule):
    """What was entered is wrong by itself, whatever is stored."""


def plain(text: str) -> str:
    """Return a text in NFKC and without the blanks around it."""
    return unicodedata.normalize("NFKC", text).strip()


def storable(text: str) -> str:
    """Return a text as it is, if it can be kept and shown.

    Raises: ValueError for control letters but blanks, and for halves of letters (what is no UTF-8
    on a command line becomes some); PostgreSQL takes no NUL.
    """
    if text.isprintable():
        return text
    for each in text:
        if unicodedata.category(each) in {"Cc", "Cs"} and each not in _BLANKS:
            raise ValueError("contains a letter that cannot be kept")
    return text


def read_day(text: str) -> date:
    """Return a day of Tokyo's calendar: 2025-01-31 and no other form."""
    told = plain(text)
    try:
        if _DAY.fullmatch(told):
            return date.fromisoformat(told)
    except ValueError:  # of the form, but in no calendar
        pass
    raise ValueError(f"no day like 2025-01-31: {text!r}")


def read_moment(text: str) -> datetime:
    """Return a moment in UTC: 2025-01-31T18:00, with seconds or an offset, or a day alone.

    Without an offset it is Tokyo's time; a day alone is its midnight. A blank may stand for the T.
    """
    told = plain(text)
    try:
        if _MOMENT.fullmatch(told):
            read = datetime.fromisoformat(told)
            return (read if read.tzinfo else read.replace(tzinfo=TOKYO)).astimezone(UTC)
    except (ValueError, OverflowError):  # of the form, but in no calendar
        pass
    raise ValueError(f"no time like 2025-01-31T18:00 (Tokyo) or 2025-01-31T09:00:00Z: {text!r}")


def read_whole(text: str, *, low: int = 0, high: int = LARGEST_COUNT) -> int:
    """Return a whole number written in digits alone; a sign only where `low` is negative.

    Neither 1e3 nor 1.0 nor 1,000 nor 1_000 is one. Args: low, high: both allowed.
    """
    told = plain(text)
    if (_SIGNED if low < 0 else _WHOLE).fullmatch(told) and low <= int(told) <= high:
        return int(told)
    above = f"to {high}" if high < LARGEST_COUNT else "up"
    raise ValueError(f"no whole number from {low} {above}: {text!r}")


def read_decimal(text: str, *, low: float, high: float) -> float:
    """Return a number in digits with a decimal point or none: 3, 0.5. Args: both are allowed."""
    told = plain(text)
    if _DECIMAL.fullmatch(told) and low <= float(told) <= high:
        return float(told)
    raise ValueError(f"no number from {low:g} to {high:g}: {text!r}")
