"""The two carts in memory.

They keep orders as domain values, do what the ports promise, and write down every effect. They
share no code with the real clients: the contract tests hold both to the same promises.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import cast

from adapters.memory.codec import order_of
from adapters.memory.shop import PAGE_ROWS, Effect, MemoryShop, raw_of
from domain.carts.ports import ItemKey, Parcel, StockLevel
from domain.errors import AlreadyDone, NotFound, Rejected
from domain.orders.cart_order import (
    BaseStatus,
    CartLine,
    CartOrder,
    Dispatch,
    Folder,
    LineState,
    ListedOrder,
    OrderSummary,
    Settlement,
    ShopServeStatus,
)

HIGHEST_SHOPSERVE_STOCK = 9999
_DEFERRED = "atobarai"
_REQUESTED = frozenset(
    {
        Settlement.REQUESTING,
        Settlement.REQUESTED,
        Settlement.SLIP_SENT,
        Settlement.COLLECTION_SCHEDULED,
        Settlement.COLLECTED,
    }
)


class MemoryShopServe(MemoryShop):
    """Implements every ShopServe port."""

    longest_window = timedelta(days=7)

    def read_orders(self, keys: Sequence[str]) -> dict[str, dict[str, object]]:
        """See ReadsInBatches.read_orders."""
        if len(set(keys)) > PAGE_ROWS:
            raise Rejected("memory: at most 100 orders at once")
        return {key: raw_of(self.orders[key]) for key in keys if key in self.orders}

    def confirm_order(self, key: str) -> None:
        """See ConfirmsOrders.confirm_order."""
        order, status = self._open(key, Rejected)
        again = "order_confirmed_again" if status.confirmed else "order_confirmed"
        self.change_order(
            Effect(again, key), replace(order, status=replace(status, confirmed=True))
        )

    def request_settlement(self, key: str) -> None:
        """See RequestsSettlement.request_settlement."""
        order, status = self._open(key, AlreadyDone)
        if status.settlement in _REQUESTED:
            raise AlreadyDone(f"memory: settlement of {key} was requested before")
        if status.settlement is not Settlement.AUTHORIZED:
            raise Rejected(f"memory: settlement of {key} cannot be requested")
        requested = replace(status, settlement=Settlement.REQUESTING)
        self.change_order(Effect("settlement_requested", key), replace(order, status=requested))

    def ship_destination(self, key: str, destination: int, parcel: Parcel) -> None:
        """See ShipsDestinations.ship_destination."""
        order, status = self._open(key, Rejected)
        if destination not in {place.number for place in order.destinations}:
            raise NotFound(f"memory: {key} has no destination {destination}")
        if not parcel.tracking_number or not parcel.carrier:
            raise Rejected("memory: carrier and tracking number are required")
        places = tuple(
            replace(
                place,
                carrier=parcel.carrier,
                tracking_numbers=(parcel.tracking_number,),
                shipped=True,
            )
            if place.number == destination
            else place
            for place in order.destinations
        )
        shipped = replace(status, shipped=all(place.shipped for place in places))
        effect = Effect("delivery_shipped", f"{key}/{destination}", parcel)
        self.change_order(effect, replace(order, status=shipped, destinations=places))

    def complete_order(self, key: str) -> None:
        """See CompletesOrders.complete_order."""
        order, status = self._open(key, AlreadyDone)
        if status.folder is Folder.COMPLETED:
            raise AlreadyDone(f"memory: {key} is in the folder already")
        moved = replace(status, folder=Folder.COMPLETED)
        self.change_order(Effect("order_completed", key), replace(order, status=moved))

    def set_stock(self, item: ItemKey, level: StockLevel) -> int | None:
        """See StockTarget.set_stock. Answers None, as the cart does."""
        place = self.find_place(item)
        if not level.unlimited and level.quantity > HIGHEST_SHOPSERVE_STOCK:
            raise Rejected(f"memory: {level.quantity} pieces are too many")
        kept = place.level.low_stock if level.low_stock is None else level.low_stock
        self.set_level(item, replace(level, low_stock=kept))
        return None

    def listed(self, order: CartOrder) -> ListedOrder:
        """Return a list row, which is the whole order."""
        return ListedOrder(order.key, order.ordered_at, raw_of(order), whole=True)

    def _open(self, key: str, refusal: type[Rejected]) -> tuple[CartOrder, ShopServeStatus]:
        """Return an order that can be changed and its status."""
        order = self.find_order(key)
        status = cast(ShopServeStatus, order.status)
        if status.cancelled or status.folder in {Folder.CANCELED, Folder.TRASH}:
            raise refusal(f"memory: {key} is cancelled")
        return order, status


class MemoryBase(MemoryShop):
    """Implements every BASE port."""

    def __init__(self, name: str) -> None:
        """Args: name: of the shop."""
        super().__init__(name)
        self.companies = {"ヤマト運輸": "1", "佐川急便": "2"}

    def summary(self, raw: dict[str, object]) -> OrderSummary:
        """See ListsSummaries.summary."""
        order = order_of(raw)
        return OrderSummary(
            key=order.key,
            ordered_at=order.ordered_at,
            dispatch=cast(BaseStatus, order.status).dispatch,
            payment_method=order.payment_method,
            total_yen=order.charges.total_yen,
        )

    def delivery_companies(self) -> dict[str, str]:
        """See DispatchesLines.delivery_companies."""
        return dict(self.companies)

    def dispatch_line(self, line: str, parcel: Parcel) -> None:
        """See DispatchesLines.dispatch_line."""
        order, found = self._line(line)
        status = cast(BaseStatus, order.status)
        if order.payment_method == _DEFERRED:
            raise Rejected("memory: a deferred payment is shipped as a whole")
        if status.dispatch is not Dispatch.ORDERED or found.state is not LineState.OPEN:
            raise AlreadyDone(f"memory: line {line} cannot be dispatched any more")
        self._check(parcel)
        gone = replace(found, state=LineState.DISPATCHED)
        lines = tuple(gone if each.key == line else each for each in order.lines)
        if all(each.state is not LineState.OPEN for each in lines):
            status = replace(status, dispatch=Dispatch.DISPATCHED)
        effect = Effect("line_dispatched", line, parcel)
        self.change_order(effect, replace(order, lines=lines, status=status))

    def ship_deferred(self, line: str, parcel: Parcel) -> None:
        """See DispatchesLines.ship_deferred."""
        order, _ = self._line(line)
        status = cast(BaseStatus, order.status)
        if status.dispatch is not Dispatch.ORDERED or status.deferred != "ordered":
            raise AlreadyDone(f"memory: the deferred payment of {order.key} cannot be shipped")
        self._check(parcel)
        shipping = replace(status, dispatch=Dispatch.SHIPPING, deferred="shipping")
        effect = Effect("atobarai_shipping", order.key, parcel)
        self.change_order(effect, replace(order, status=shipping))

    def set_stock(self, item: ItemKey, level: StockLevel) -> int | None:
        """See StockTarget.set_stock."""
        self.find_place(item)
        if level.unlimited:
            raise Rejected("memory: nothing is sold without counting")
        self.set_level(item, level)
        return level.quantity

    def listed(self, order: CartOrder) -> ListedOrder:
        """Return a list row, to be taken for a summary."""
        return ListedOrder(order.key, order.ordered_at, raw_of(order), whole=False)

    def in_list_order(self, orders: Iterable[CartOrder]) -> list[CartOrder]:
        """Return them newest first."""
        return list(reversed(super().in_list_order(orders)))

    def _line(self, key: str) -> tuple[CartOrder, CartLine]:
        for order in self.orders.values():
            for line in order.lines:
                if line.key == key:
                    return order, line
        raise NotFound(f"memory: no line {key}")

    def _check(self, parcel: Parcel) -> None:
        if parcel.carrier not in self.companies.values():
            raise Rejected(f"memory: no delivery company {parcel.carrier}")
