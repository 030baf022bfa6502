"""One page of a cart's list: the rows that can be read, and apart from them those that cannot.

A single spoilt row must cost nobody else anything (CLS-3), and must not be taken for absent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar, overload

Row_co = TypeVar("Row_co", covariant=True)
Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A row nobody can read, and what it tells all the same.

    Attributes:
        reason: names the field that is wrong, never a value.
        position: 1-based place in the list, 0 where it does not matter.
        key: the item it is about; blank where it does not tell.
        label: what people call it, such as an order number; may be blank.
        ordered_at: aware; None where it does not tell.
        raw: the row as it came, to tell it from others.
    """

    reason: str
    position: int = 0
    key: str = ""
    label: str = ""
    ordered_at: datetime | None = None
    raw: object = field(repr=False, default=None)

    @property
    def identity(self) -> str:
        """The same whenever the row is read again."""
        return self.key or f"?{self.raw!r}"


@dataclass(frozen=True, slots=True)
class Listing(Sequence[Row_co]):
    """A page of a list. As a sequence it is its readable rows."""

    rows: tuple[Row_co, ...]
    unreadable: tuple[UnreadableRow, ...] = ()

    @overload
    def __getitem__(self, index: int) -> Row_co: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Row_co]: ...

    def __getitem__(self, index: int | slice) -> Row_co | Sequence[Row_co]:
        """Return a readable row, or several."""
        return self.rows[index]

    def __len__(self) -> int:
        """Count the readable rows."""
        return len(self.rows)


def listing(mixed: Iterable[Kind | UnreadableRow]) -> Listing[Kind]:
    """Sort what a page gave into what can be read and what cannot."""
    rows: list[Kind] = []
    unreadable: list[UnreadableRow] = []
    for row in mixed:
        if isinstance(row, UnreadableRow):
            unreadable.append(row)
        else:
            rows.append(row)
    return Listing(tuple(rows), tuple(unreadable))
