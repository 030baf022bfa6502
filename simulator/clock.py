"""Tokyo wall-clock time, the only time zone both carts know."""

from datetime import date, datetime, timedelta, timezone

TOKYO = timezone(timedelta(hours=9), "Asia/Tokyo")
SECOND_FORMAT = "%Y-%m-%d %H:%M:%S"
HOUR_S = 3600
DAY_S = 86_400
TOKYO_OFFSET_S = 9 * HOUR_S

_SECOND_LENGTH = 19
_DATE_LENGTH = 10


def tokyo_text(at: float) -> str:
    """Return `yyyy-MM-dd HH:mm:ss` of a Unix time."""
    return datetime.fromtimestamp(at, TOKYO).strftime(SECOND_FORMAT)


def tokyo_date(at: float) -> str:
    """Return `yyyy-MM-dd` of a Unix time."""
    return datetime.fromtimestamp(at, TOKYO).date().isoformat()


def read_second(text: str) -> int:
    """Return the Unix time of `yyyy-MM-dd HH:mm:ss`; ValueError on anything else."""
    if len(text) != _SECOND_LENGTH:
        raise ValueError(text)
    return int(datetime.strptime(text, SECOND_FORMAT).replace(tzinfo=TOKYO).timestamp())


def read_date(text: str) -> date:
    """Return the date of `yyyy-MM-dd`; ValueError on anything else."""
    if len(text) != _DATE_LENGTH:
        raise ValueError(text)
    return date.fromisoformat(text)


def read_moment(value: float | str) -> int:
    """Return the Unix time of a number or of an ISO 8601 text (without offset: Tokyo)."""
    if isinstance(value, int | float):
        return int(value)
    moment = datetime.fromisoformat(value)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=TOKYO)).timestamp())


def hour_of(at: float) -> int:
    """Return the number of the Tokyo hour a Unix time lies in."""
    return int(at + TOKYO_OFFSET_S) // HOUR_S


def day_of(at: float) -> int:
    """Return the number of the Tokyo day a Unix time lies in."""
    return int(at + TOKYO_OFFSET_S) // DAY_S


def years_before(at: float, years: int) -> int:
    """Return the Unix time of the same Tokyo wall-clock time some years earlier."""
    moment = datetime.fromtimestamp(at, TOKYO)
    leap_day = moment.month == 2 and moment.day == 29
    day = 28 if leap_day else moment.day
    return int(moment.replace(year=moment.year - years, day=day).timestamp())
