"""What both carts in memory have in common."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import cast

from adapters.memory.codec import encode, order_of
from domain.carts.listings import Listing
from domain.carts.ports import ExternalItem, ItemKey, Parcel, StockLevel
from domain.engine.runs import Window
from domain.errors import NotFound, Rejected, SyncError
from domain.orders.cart_order import CartOrder, ListedOrder

PAGE_ROWS = 100


@dataclass(frozen=True, slots=True)
class Effect:
    """Something a buyer or a bank would notice."""

    kind: str
    key: str
    parcel: Parcel | None = None


@dataclass(slots=True)
class Place:
    """Stock of one item or variation."""

    name: str
    code: str
    level: StockLevel = field(default_factory=lambda: StockLevel(0, low_stock=0))


class MemoryShop:
    """What both carts have in common."""

    longest_window: timedelta | None = None

    def __init__(self, name: str) -> None:
        """Args: name: of the shop."""
        self.name = name
        self.orders: dict[str, CartOrder] = {}
        self.stock: dict[ItemKey, Place] = {}
        self.effects: list[Effect] = []
        self._failures: list[tuple[SyncError, bool]] = []

    def add(self, order: CartOrder) -> None:
        """Put an order into the shop, or another state of one."""
        self.orders[order.key] = order

    def offer(self, item: ItemKey, name: str, code: str = "") -> None:
        """Put an item or variation on sale, none in stock."""
        self.stock[item] = Place(name, code)

    def fail_next(self, error: SyncError, *, after: bool = False) -> None:
        """Have the next change fail, before or after it took effect; several queue up."""
        self._failures.append((error, after))

    def list_orders(self, window: Window) -> Iterator[Sequence[ListedOrder]]:
        """See OrderSource.list_orders."""
        if self.longest_window and window.until - window.since > self.longest_window:
            raise Rejected("memory: the window is too long")
        return self.pages(window)

    def read_order(self, key: str) -> dict[str, object] | None:
        """See OrderSource.read_order."""
        order = self.orders.get(key)
        return None if order is None else raw_of(order)

    def decode(self, raw: dict[str, object]) -> CartOrder:
        """See OrderSource.decode."""
        return order_of(raw)

    def list_stock(self) -> Iterator[Listing[ExternalItem]]:
        """See StockTarget.list_stock."""
        rows = [_external(item, place) for item, place in self.stock.items()]
        for start in range(0, len(rows), PAGE_ROWS):
            yield Listing(tuple(rows[start : start + PAGE_ROWS]))

    def test_connection(self) -> str:
        """See TestsConnection.test_connection."""
        return self.name

    def listed(self, order: CartOrder) -> ListedOrder:
        """Return the list row of an order."""
        raise NotImplementedError

    def in_list_order(self, orders: Iterable[CartOrder]) -> list[CartOrder]:
        """Return them oldest first."""
        return sorted(orders, key=lambda order: (order.ordered_at, order.key))

    def pages(self, window: Window) -> Iterator[Sequence[ListedOrder]]:
        """Yield the list of a window; times count to the second."""
        since, until = window.since.replace(microsecond=0), window.until
        found = (order for order in self.orders.values() if since <= order.ordered_at <= until)
        rows = [self.listed(order) for order in self.in_list_order(found)]
        for start in range(0, len(rows), PAGE_ROWS):
            yield Listing(tuple(rows[start : start + PAGE_ROWS]))

    def find_order(self, key: str) -> CartOrder:
        """Return an order. Raises NotFound."""
        if key not in self.orders:
            raise NotFound(f"memory: no order {key}")
        return self.orders[key]

    def find_place(self, item: ItemKey) -> Place:
        """Return where the stock of an item is kept. Raises NotFound."""
        if item not in self.stock:
            raise NotFound(f"memory: no item {item.item} {item.variation}".rstrip())
        return self.stock[item]

    def happen(self, effect: Effect, change: Callable[[], None]) -> None:
        """Let an effect happen, or fail before or after it as asked."""
        error, after = self._failures.pop(0) if self._failures else (None, False)
        if error is not None and not after:
            raise error
        self.effects.append(effect)
        change()
        if error is not None:
            raise error

    def change_order(self, effect: Effect, order: CartOrder) -> None:
        """Let an effect put an order into another state."""
        self.happen(effect, partial(self.add, order))

    def set_level(self, item: ItemKey, level: StockLevel) -> None:
        """Let the shop offer this much."""
        effect = Effect("stock_set", f"{item.item}/{item.variation}".rstrip("/"))
        self.happen(effect, partial(setattr, self.find_place(item), "level", level))


def raw_of(order: CartOrder) -> dict[str, object]:
    """Return the JSON of an order."""
    return cast(dict[str, object], encode(order))


def _external(item: ItemKey, place: Place) -> ExternalItem:
    unlimited = place.level.unlimited
    quantity = None if unlimited else place.level.quantity
    return ExternalItem(item, place.name, place.code, quantity, unlimited)
