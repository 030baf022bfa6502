"""Moments in headers of HTTP (RFC 9110): the time of an answer, and how long it asks to wait."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST_ASKED_S = 10.0**9


def http_date(text: str) -> datetime | None:
    """Return a date of HTTP in UTC, None where the text is none, whatever stands there."""
    try:
        told = parsedate_to_datetime(text)
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def seconds_asked(asked: str, date: str) -> float | None:
    """Return the seconds asked for, told as a number or as an HTTP date (RFC 9110, 10.2.3).

    Args: date: what the other side's clock shows; a date asked for without it means nothing.
    """
    if not asked:
        return None
    if asked.isascii() and asked.isdigit():
        return min(float(asked), _LONGEST_ASKED_S)
    until, now = http_date(asked), http_date(date)
    return None if until is None or now is None else max(0.0, (until - now).total_seconds())
