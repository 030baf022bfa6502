"""Values in rules, in the notation that the fields themselves have."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from domain.errors import BrokenRule
from domain.notation import read_day, read_whole

_NOTATION: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {"part": read_whole, "total_yen": read_whole, "wished_date": read_day}
)


def as_written(field: str, value: str) -> str:
    """Return a value as its field is written, or it would never be equal to it.

    Raises: BrokenRule: the field is a number or a day, and the value is none.
    """
    try:
        return str(_NOTATION[field](value)) if field in _NOTATION else value
    except ValueError as error:
        raise BrokenRule(f"{field}: {error}") from error
