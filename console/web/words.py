"""Kinds of values in requests."""

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from domain.notation import read_day, read_moment, read_whole, storable

LONGEST_WORD = 200
LARGEST_ID = 2**63 - 1


def _storable(text: str) -> str:
    """Return the text without blanks around it."""
    return storable(text).strip()


def _said(text: str) -> str:
    if not text:
        raise ValueError("is blank")
    return text


def _written(read: Callable[[str], object]) -> Callable[[object], object]:
    """Return a validator of what JSON or a query gives as a text in the product's one notation."""

    def validate(told: object) -> object:
        if not isinstance(told, str):
            raise ValueError("is no text")  # noqa: TRY004 -- pydantic's word for a wrong value
        return read(told)

    return validate


def whole(low: int, high: int) -> BeforeValidator:
    """Return the reader of a whole number in a path or a query. Args: low, high: both allowed."""
    return BeforeValidator(_written(partial(read_whole, low=low, high=high)))


Day = Annotated[date, BeforeValidator(_written(read_day))]
"""A day of Tokyo's calendar: 2025-01-31, as everywhere else."""
Moment = Annotated[datetime, BeforeValidator(_written(read_moment))]
"""2025-01-31T18:00, as everywhere else; without an offset in Tokyo."""
Id = Annotated[int, whole(1, LARGEST_ID)]
"""What we number: runs, dead letters."""

Text = Annotated[str, AfterValidator(_storable)]
"""What may be blank."""
Word = Annotated[str, AfterValidator(_storable), AfterValidator(_said)]
"""What may not."""

ShopKey = Annotated[Word, Path(max_length=LONGEST_WORD, description="Key of the shop.")]
Number = Annotated[Word, Path(max_length=LONGEST_WORD, description="Number of the instruction.")]
OrderKey = Annotated[
    Word | None,
    Query(max_length=LONGEST_WORD, description="Cart order key, where the shop repeats a number."),
]
Filter = Annotated[Word | None, Query(max_length=LONGEST_WORD)]


class Body(BaseModel):
    """A request body: unknown members are refused, so that a typing error is noticed."""

    model_config = ConfigDict(extra="forbid", str_max_length=2000)
