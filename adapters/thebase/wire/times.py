"""How BASE writes times, and when its call limits start again."""

from datetime import datetime, timedelta, timezone

# The cart reads dates as Tokyo time, which has had no daylight saving since 1951.
TOKYO = timezone(timedelta(hours=9), "Asia/Tokyo")


def in_words(at: datetime) -> str:
    """Return a time as a request names it: Tokyo, to the second."""
    return at.astimezone(TOKYO).strftime("%Y-%m-%d %H:%M:%S")


def next_hour(now: datetime) -> datetime:
    """Return when the hourly limit starts again."""
    return now.astimezone(TOKYO).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def next_day(now: datetime) -> datetime:
    """Return when the daily limit starts again."""
    midnight = now.astimezone(TOKYO).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1)
