"""The orders of one shop, found by key and by order time."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field

from simulator.messages import Document

_AFTER_ALL = 1 << 62


@dataclass(slots=True)
class Order:
    """One order as the cart shows it, plus what the cart does not show.

    Attributes:
        key: ShopServe `serial_code` or BASE `unique_key`.
        ordered_at: order time, Unix seconds.
        document: the order in the vendor's own shape.
        settlement_at: Unix time of the accepted settlement request that is still moving.
        recipe: name of the kind of order the seed made, empty for an order given as JSON.
        done_at: Unix time of what was done through the API and is usually done once, by name.
    """

    key: str
    ordered_at: int
    document: Document
    settlement_at: float | None = None
    recipe: str = ""
    done_at: dict[str, float] = field(default_factory=dict)

    def overlooked(self, name: str, at: float, blind_s: float) -> bool:
        """Tell whether something was done so recently that a cart this blind does it again."""
        done_at = self.done_at.get(name)
        return done_at is not None and at - done_at < blind_s


class OrderBook:
    """Orders sorted by order time, ties in the order of their arrival."""

    def __init__(self) -> None:
        """Start empty."""
        self._orders: dict[str, Order] = {}
        self._times: list[tuple[int, int, str]] = []
        self._arrivals = 0

    def __len__(self) -> int:
        """Return the number of orders."""
        return len(self._orders)

    def __iter__(self) -> Iterator[Order]:
        """Yield the orders, oldest first."""
        return (self._orders[key] for _, _, key in self._times)

    def get(self, key: str) -> Order | None:
        """Return one order, None when the shop has no such key."""
        return self._orders.get(key)

    def add(self, order: Order) -> None:
        """Add an order, replacing one of the same key."""
        if order.key in self._orders:
            self.remove(order.key)
        self._arrivals += 1
        self._orders[order.key] = order
        insort(self._times, (order.ordered_at, self._arrivals, order.key))

    def remove(self, key: str) -> None:
        """Forget one order."""
        order = self._orders.pop(key)
        start = bisect_left(self._times, (order.ordered_at, 0, ""))
        position = next(i for i in range(start, len(self._times)) if self._times[i][2] == key)
        del self._times[position]

    def span(self, start: int | None, end: int | None) -> tuple[int, int]:
        """Return the half-open range of positions of the orders from `start` to `end`, inclusive.

        Args:
            start: Unix seconds, None for the oldest order.
            end: Unix seconds, None for the newest order.
        """
        low = 0 if start is None else bisect_left(self._times, (start, 0, ""))
        high = len(self._times) if end is None else bisect_right(self._times, (end, _AFTER_ALL, ""))
        return low, max(low, high)

    def at(self, position: int) -> Order:
        """Return the order at a position, 0 being the oldest."""
        return self._orders[self._times[position][2]]
