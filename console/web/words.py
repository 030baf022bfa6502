"""Kinds of values in requests."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict

LONGEST_WORD = 200
LARGEST_COUNT = 2_147_483_647


def _storable(text: str) -> str:
    """Return the text without blanks around it; PostgreSQL keeps neither NUL nor half letters."""
    if "\0" in text or (not text.isascii() and text.encode("utf-8", "replace").decode() != text):
        raise ValueError("contains a letter that cannot be kept")
    return text.strip()


def _said(text: str) -> str:
    if not text:
        raise ValueError("is blank")
    return text


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
