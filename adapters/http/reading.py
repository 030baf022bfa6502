"""Reading what others wrote: a model says what is there, `read` makes one of a JSON value.

Nothing here raises anything but `Undecodable`, whatever the body holds. Messages name the place
and the kind of a value, never the value itself, which may be somebody's address.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Any, LiteralString, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainValidator,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from adapters.http.calls import clean
from domain.engine.cadence import TOKYO
from domain.errors import Undecodable

LARGEST = 10**12  # beyond every amount, count and id a cart has; fits a database's bigint
_EXACT = 2**53  # a larger number with a point may have lost digits of a code
_NUMERAL = re.compile(r"[+-]?[0-9]{1,15}")
_LATEST_TIME = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp())
_DATE = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(.*)", re.ASCII | re.DOTALL)
_EARLIEST_YEAR, _LATEST_YEAR = 2000, 2200
_LITERAL_CHARS = 40
_DEEPEST = 3  # an object in an object in a list is as much as a note can be
_LEGIBLE_CHARS = 300
_TAGS = re.compile(r"<[^>]{0,500}>")
_SPACES = re.compile(r"\s+")

Value = TypeVar("Value")
Model = TypeVar("Model", bound="Told")


class Told(BaseModel):
    """An object of an answer: the names we read. One that is not there reads as null."""

    model_config = ConfigDict(frozen=True, validate_default=True, hide_input_in_errors=True)

    def __init_subclass__(cls, **options: Any) -> None:
        """Give every field null for its default."""
        super().__init_subclass__(**options)
        for name in cls.__annotations__:
            setattr(cls, name, None)


def read(model: type[Model], body: object) -> Model:
    """Return a body as what its model says; null and [] read as an object without members.

    Raises: Undecodable: naming the first field that is something else.
    """
    try:
        return model.model_validate(_or_object(body))
    except ValidationError as error:
        wrong = _wrong(error)
    raise wrong.at("")  # outside, for a ValidationError holds the values


@dataclass(frozen=True, slots=True)
class Wrong:
    """What came instead of a value, in a field that counts in some cases only.

    Attributes:
        place: below the field, blank for the field itself.
        wanted: what should have come.
    """

    place: str
    wanted: str

    def at(self, path: str) -> Undecodable:
        """Return the error. Args: path: of the field."""
        place = f"{path}{self.place}".removeprefix(".") or "the body"
        return Undecodable(f"{place}: not {self.wanted}")


def sure(value: Value | Wrong, path: str) -> Value:
    """Return a `Later` value now that it counts. Raises Undecodable."""
    if isinstance(value, Wrong):
        raise value.at(path)
    return value


def sound(value: Value | Wrong, default: Value) -> Value:
    """Return a `Later` value where it can be done without."""
    return default if isinstance(value, Wrong) else value


def word(value: object) -> str:
    """Return a literal as its table has it; a number is its digits, what is neither is blank."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def unknown(value: object, path: str) -> str:
    """Return `field=value` for a literal nobody knows, short enough for a log."""
    if value is None:
        shown = ""
    elif isinstance(value, str):
        shown = clean(value[:_LITERAL_CHARS]).strip()
    else:
        shown = word(value)[:_LITERAL_CHARS] or f"({type(value).__name__})"
    return f"{path}={shown}"


def day(text: str) -> str:
    """Return a text that is a date as `2025-01-09`, any other as it is."""
    match = _DATE.fullmatch(text)
    try:
        return date(*map(int, match.groups()[:3])).isoformat() if match else text
    except ValueError:
        return text


def named(name: str, value: str) -> str:
    """Return `name: value`, or the one that is there."""
    return ": ".join(part for part in (name, value) if part)


def spelt_out(value: object, depth: int = 0) -> str:
    """Return a note for people that came as text, a flag, a number, a list or an object."""
    if depth > _DEEPEST or value is None or value is False:
        return ""
    if isinstance(value, dict):
        within = {clean(str(name)): spelt_out(part, depth + 1) for name, part in value.items()}
        return ", ".join(named(name, text) for name, text in within.items() if text)
    if isinstance(value, list):
        return ", ".join(filter(None, (spelt_out(part, depth + 1) for part in value)))
    return "あり" if value is True else clean(str(value)).strip()


def legible(text: str | bytes) -> str:
    """Return a message or the beginning of a page for people: tags stripped, short."""
    if isinstance(text, bytes):
        text = text[: 4 * _LEGIBLE_CHARS].decode("utf-8", "replace")
    return _SPACES.sub(" ", _TAGS.sub(" ", text)).strip()[:_LEGIBLE_CHARS]


_KINDS = {"model_type": "an object", "dict_type": "an object", "list_type": "an array"}


def _wrong(error: ValidationError) -> Wrong:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in first["loc"])
    return Wrong(place, _KINDS.get(first["type"], first["msg"]))


def _not(wanted: LiteralString) -> PydanticCustomError:
    return PydanticCustomError("wrong", wanted)


def _object(value: object) -> object:
    return {} if value == [] else value  # PHP writes an empty object so (CLS-9)


def _or_object(value: object) -> object:
    return {} if value is None else _object(value)


def _or_array(value: object) -> object:
    return [] if value is None else value


def _there(value: object) -> object:
    if value is None:
        raise _not("there")
    return value


def _text(value: object) -> str:
    if isinstance(value, str):  # what is printable, as most is, needs no cleaning
        return (value if value.isprintable() else clean(value)).strip()
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _not("text")


def _text_or_null(value: object) -> str | None:
    return None if value is None else _text(value)


def _key(value: object) -> str:
    text = _text(value)
    if not text:
        raise _not("a key")
    return text


def _whole(value: object, low: int = -LARGEST, high: int = LARGEST) -> int:
    number = None
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float):
        number = int(value) if value.is_integer() else None
    elif isinstance(value, str) and _NUMERAL.fullmatch(value.strip()):
        number = int(value)
    if number is None or not low <= number <= high:
        raise _not("a whole number in its range")
    return number


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _or_zero(value: object) -> int:
    return 0 if _missing(value) else _whole(value)


def _moment(value: object) -> datetime:
    return datetime.fromtimestamp(_whole(value, 0, _LATEST_TIME), UTC)


def _date(value: object) -> datetime:
    match = _DATE.fullmatch(_text(value))
    if match is None:
        raise _not("a date")
    year, month, day, rest = match.groups()
    try:
        told = datetime.fromisoformat(f"{year}-{month:0>2}-{day:0>2}{rest.rstrip()}")
    except ValueError:
        raise _not("a date") from None
    if not _EARLIEST_YEAR <= told.year < _LATEST_YEAR:
        raise _not("a date of our time")
    return (told if told.tzinfo else told.replace(tzinfo=TOKYO)).astimezone(UTC)


def whole(low: int = -LARGEST, high: int = LARGEST) -> PlainValidator:
    """Read a whole number between `low` and `high`; numerals may come as text."""
    return PlainValidator(lambda value: _whole(value, low, high))


def whole_or_none(low: int = -LARGEST, high: int = LARGEST) -> PlainValidator:
    """Read the same, None where nothing is: absent, null or blank text."""
    return PlainValidator(lambda value: None if _missing(value) else _whole(value, low, high))


class _Later:
    """Keeps what is wrong with a value instead of refusing the whole answer."""

    def __get_pydantic_core_schema__(
        self,
        source: Any,  # noqa: ANN401 -- pydantic's own
        handler: GetCoreSchemaHandler,
    ) -> CoreSchema:
        """Read as the kind of value that `source` has besides `Wrong`."""
        kind = get_args(source)[0]
        checker = cache(lambda: TypeAdapter(kind))

        def wrong(value: object) -> object:
            try:
                return checker().validate_python(value)
            except ValidationError as error:
                return _wrong(error)

        # Checked once more only when it is wrong: that is rare, and rows are many.
        keep = core_schema.no_info_plain_validator_function(wrong)
        return core_schema.union_schema([handler.generate_schema(kind), keep], mode="left_to_right")


Text = Annotated[str, PlainValidator(_text)]
"""Trimmed text; null is blank, a whole number of any length counts as its digits (CLS-9)."""
TextOrNull = Annotated[str | None, PlainValidator(_text_or_null)]
Key = Annotated[str, PlainValidator(_key)]
"""Text that is not blank."""
Whole = Annotated[int, whole()]
WholeOrZero = Annotated[int, PlainValidator(_or_zero)]
WholeOrNone = Annotated[int | None, whole_or_none()]
Moment = Annotated[datetime, PlainValidator(_moment)]
"""A time in Unix seconds."""
Date = Annotated[datetime, PlainValidator(_date)]
"""A date or time in any of the usual forms; without an offset it is Tokyo's."""
Object = Annotated[Value, BeforeValidator(_object)]
"""An object that may not be null; an empty array is an empty object (CLS-9)."""
OrEmpty = Annotated[Value, BeforeValidator(_or_object)]
"""An object whose members are null where it is null itself, or an empty array."""
# Stops at the first wrong entry: there may be millions.
Array = Annotated[list[Value], Field(fail_fast=True), BeforeValidator(_or_array)]
"""Entries of an array; null counts as an empty one."""
Rows = Array[OrEmpty[Value]]
"""Objects in an array."""
Needed = Annotated[Value, BeforeValidator(_there)]
"""What may not be null."""
Later = Annotated[Value | Wrong, _Later()]
"""A value that may be wrong where it does not count; `sure` gives it where it does."""
