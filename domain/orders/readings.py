"""How to look at BASE's open orders with the fewest calls (STS-8)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from domain.engine.runs import Window

PAGE_SIZE = 100
"""Orders on one page of BASE's list."""

_END_OF_LIST = 1
_FIXED_CALLS = 1 + _END_OF_LIST
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order somebody waits for news about."""

    key: str
    ordered_at: datetime


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """What to read.

    Attributes:
        windows: order times to list, oldest first.
        details: keys to read one by one.
    """

    windows: tuple[Window, ...]
    details: tuple[str, ...]
    calls: int


def list_calls(expected_orders: float) -> int:
    """Return the calls it takes to list so many orders, the last and empty page included."""
    return max(1, ceil(expected_orders / PAGE_SIZE)) + _END_OF_LIST


def base_read_plan(open_orders: Iterable[OpenOrder], *, orders_per_day: float) -> ReadPlan:
    """Return how to read the open orders (STS-8).

    Orders close in time are covered by one window of the list, unless reading each of them is no
    dearer.

    Args:
        open_orders: in any order; no calls without any.
        orders_per_day: how many orders the shop takes, open or not; 0 if nobody knows.
    """
    per_day = max(0.0, orders_per_day)
    ordered = sorted(open_orders, key=lambda order: (order.ordered_at, order.key))
    windows: list[Window] = []
    details: list[str] = []
    calls = 0
    for cluster in _clusters(ordered, per_day):
        window = Window(cluster[0].ordered_at, cluster[-1].ordered_at)
        listing = list_calls(max(len(cluster), _expected(window, per_day)))
        if listing < len(cluster):
            windows.append(window)
        else:
            details += [order.key for order in cluster]
        calls += min(listing, len(cluster))
    return ReadPlan(tuple(windows), tuple(details), calls)


def _clusters(ordered: Sequence[OpenOrder], per_day: float) -> list[list[OpenOrder]]:
    """Cut where listing the time in between costs more than beginning a new list."""
    clusters: list[list[OpenOrder]] = []
    for order in ordered:
        last = clusters[-1][-1] if clusters else None
        between = Window(last.ordered_at, order.ordered_at) if last else None
        if between and _expected(between, per_day) / PAGE_SIZE < _FIXED_CALLS:
            clusters[-1].append(order)
        else:
            clusters.append([order])
    return clusters


def _expected(window: Window, per_day: float) -> float:
    return (window.until - window.since) / _DAY * per_day
