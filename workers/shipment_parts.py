"""How returning one instruction ended."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Returned:
    """`failure` is blank when the cart knows all of it; `notes` are lines for the API log."""

    failure: str = ""
    notes: Sequence[str] = ()
