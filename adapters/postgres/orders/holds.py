"""Holds of an instruction as their column keeps them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from domain.orders.instructions import Hold, HoldCause, HoldReason


def stored(holds: Iterable[Hold]) -> str:
    """Return the stored form of holds."""
    return json.dumps([asdict(hold) for hold in holds], ensure_ascii=False)


def read(column: Iterable[Mapping[str, str]]) -> tuple[Hold, ...]:
    """Return the holds of a stored form."""
    return tuple(Hold(HoldReason(h["reason"]), HoldCause(h["cause"]), h["text"]) for h in column)
