"""Reading JSON that others wrote: every value comes out typed, or `Undecodable` names the field.

Nothing here raises anything else, whatever the body holds. Messages name the place and the kind
of a value, never the value itself, which may be somebody's address.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeGuard

from domain.errors import Undecodable

LARGEST = 10**12  # beyond every amount, count and id a cart has; fits a database's bigint
_NUMERAL = re.compile(r"[+-]?[0-9]{1,15}")
_ESCAPES = (b"\\u0000", b"\\ud", b"\\uD")
_LATEST_TIME = datetime(2200, 1, 1, tzinfo=UTC).timestamp()
_LITERAL_CHARS = 40


def parse_json(body: bytes) -> object:
    """Return the JSON value of a body, made storable.

    NUL characters are dropped and halves of surrogate pairs replaced: neither has a place in a
    database or in UTF-8.

    Raises: Undecodable: the body is not JSON.
    """
    try:
        value: object = json.loads(body, parse_constant=_refuse)
        if any(escape in body for escape in _ESCAPES):
            return _storable(value)
    except (ValueError, RecursionError) as error:
        raise Undecodable("the body is not JSON") from error
    return value


def _refuse(name: str) -> object:
    raise ValueError(name)


def _storable(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_storable(entry) for entry in value]
    if isinstance(value, dict):
        return {clean(str(key)): _storable(entry) for key, entry in value.items()}
    return value


def clean(text: str) -> str:
    """Return text that UTF-8 and a database can hold."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _is_whole(value: object) -> TypeGuard[float | str]:
    """Tell whether a float or a text is a whole number."""
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, str) and _NUMERAL.fullmatch(value.strip()) is not None


@dataclass(frozen=True, slots=True)
class Field:
    """One place in a JSON value, with its path for messages. A missing place reads as null."""

    value: object
    path: str

    def __getitem__(self, name: str) -> "Field":
        """Return a member of an object; null has none, so all its members are null."""
        path = f"{self.path}.{name}" if self.path else name
        if self.value is None:
            return Field(None, path)
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return Field(self.value.get(name), path)

    @property
    def missing(self) -> bool:
        """Whether there is nothing: absent, null or blank text."""
        return self.value is None or (isinstance(self.value, str) and not self.value.strip())

    def wrong(self, wanted: str) -> Undecodable:
        """Return the error that this place does not hold what is wanted."""
        return Undecodable(f"{self.path or 'the body'}: not {wanted}")

    def object(self) -> dict[str, object]:
        """Return the object itself."""
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return self.value

    def rows(self) -> list["Field"]:
        """Return the entries of an array; null counts as an empty one."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise self.wrong("an array")
        return [Field(entry, f"{self.path}[{at}]") for at, entry in enumerate(self.value)]

    def text(self) -> str:
        """Return trimmed text; null is blank, a whole number counts as its digits."""
        if self.value is None:
            return ""
        if isinstance(self.value, str):
            return clean(self.value).strip()
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return str(self.integer())
        raise self.wrong("text")

    def key(self) -> str:
        """Return text that is not blank."""
        text = self.text()
        if not text:
            raise self.wrong("a key")
        return text

    def integer(self, *, low: int = -LARGEST, high: int = LARGEST) -> int:
        """Return a whole number between `low` and `high`; numerals may come as text."""
        number: int | None = None
        value = self.value
        if isinstance(value, int) and not isinstance(value, bool):
            number = value
        elif _is_whole(value):
            number = int(value)
        if number is None or not low <= number <= high:
            raise self.wrong("a whole number in its range")
        return number

    def integer_or(self, default: int, *, low: int = -LARGEST, high: int = LARGEST) -> int:
        """Return a whole number, `default` where nothing is."""
        return default if self.missing else self.integer(low=low, high=high)

    def moment(self) -> datetime:
        """Return Unix seconds as a time."""
        return datetime.fromtimestamp(self.integer(low=0, high=int(_LATEST_TIME)), UTC)

    def unknown(self) -> str:
        """Return `field=value` for a literal nobody knows, short enough for a log."""
        if self.value is None:
            shown = ""
        elif isinstance(self.value, str):
            shown = clean(self.value[:_LITERAL_CHARS]).strip()
        else:
            shown = f"({type(self.value).__name__})"
        return f"{self.path}={shown}"
