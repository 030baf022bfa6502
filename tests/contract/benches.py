"""Shops to test the ports on: in memory, and at the simulator through the real clients.

Each bench lets a test play the buyer and the shop's staff, and tells what became of the cart.
"""

import itertools
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast

import httpx

from adapters.memory import FixedTokens, MemoryBase, MemoryShopServe, OpenGate
from adapters.shopserve.client import ShopServeCart
from adapters.thebase.client import TheBaseCart
from domain.carts.cart import Cart
from domain.carts.ports import (
    CompletesOrders,
    ConfirmsOrders,
    DispatchesLines,
    ItemKey,
    ListsSummaries,
    OrderSource,
    ReadsInBatches,
    RequestsSettlement,
    ShipsDestinations,
    StockLevel,
    StockTarget,
    TestsConnection,
)
from domain.orders.cart_order import (
    BaseStatus,
    CartLine,
    CartOrder,
    Charges,
    Contact,
    Destination,
    Dispatch,
    Folder,
    LineState,
    Settlement,
    ShopServeStatus,
)
from simulator.client import SimulatorClient

NOW = datetime.now(UTC).replace(microsecond=0)
_numbers = itertools.count(1)


class ShopServePorts(
    OrderSource,
    ReadsInBatches,
    ConfirmsOrders,
    RequestsSettlement,
    ShipsDestinations,
    CompletesOrders,
    StockTarget,
    TestsConnection,
    Protocol,
):
    """Everything ShopServe can do."""


class BasePorts(
    OrderSource, ListsSummaries, DispatchesLines, StockTarget, TestsConnection, Protocol
):
    """Everything BASE can do."""


@dataclass(frozen=True)
class Offered:
    """What a shop really offers of one item."""

    quantity: int
    low_stock: int | None = None
    unlimited: bool = False


class Bench(Protocol):
    """What tests of ports that both carts have ask for."""

    @property
    def cart(self) -> ShopServePorts | BasePorts: ...

    def place(self, ordered_at: datetime = NOW) -> str: ...

    def effects(self) -> list[tuple[str, str]]: ...

    def item(self) -> ItemKey: ...

    def variation(self) -> ItemKey: ...

    def offered(self, item: ItemKey) -> Offered: ...


class ShopServeBench(Bench, Protocol):
    """What tests of ShopServe's ports ask for besides."""

    @property
    def cart(self) -> ShopServePorts: ...

    def place_for(self, destinations: int) -> str: ...

    def cancel(self, key: str) -> None: ...

    def settle(self, key: str, settlement: Settlement) -> None: ...

    def set_notice(self, item: ItemKey, notice: int) -> None: ...


class BaseBench(Bench, Protocol):
    """What tests of BASE's ports ask for besides."""

    @property
    def cart(self) -> BasePorts: ...

    def place_paid(self, payment: str, lines: int, *, paid: bool = True) -> str: ...


class MemoryShopServeBench:
    """ShopServe in memory."""

    def __init__(self) -> None:
        self.cart = MemoryShopServe("shop")

    def place(self, ordered_at: datetime = NOW) -> str:
        return self._add(1, ordered_at)

    def place_for(self, destinations: int) -> str:
        return self._add(destinations, NOW)

    def cancel(self, key: str) -> None:
        order = self.cart.orders[key]
        status = replace(cast(ShopServeStatus, order.status), cancelled=True)
        self.cart.add(replace(order, status=status))

    def settle(self, key: str, settlement: Settlement) -> None:
        order = self.cart.orders[key]
        status = replace(cast(ShopServeStatus, order.status), settlement=settlement)
        self.cart.add(replace(order, status=status))

    def set_notice(self, item: ItemKey, notice: int) -> None:
        self.cart.stock[item].level = StockLevel(1, low_stock=notice)

    def effects(self) -> list[tuple[str, str]]:
        return [(effect.kind, effect.key) for effect in self.cart.effects]

    def item(self) -> ItemKey:
        return self._offer("")

    def variation(self) -> ItemKey:
        return self._offer("ネイビー/M")

    def offered(self, item: ItemKey) -> Offered:
        level = self.cart.stock[item].level
        if level.unlimited:
            return Offered(0, unlimited=True)
        return Offered(level.quantity, level.low_stock)

    def _offer(self, variation: str) -> ItemKey:
        item = ItemKey(f"SKU-{next(_numbers)}", variation)
        self.cart.offer(item, "シャツ", item.item)
        return item

    def _add(self, destinations: int, ordered_at: datetime) -> str:
        key = f"SC-{next(_numbers)}"
        status = ShopServeStatus(
            folder=Folder.LEDGER,
            confirmed=False,
            shipped=False,
            paid=False,
            settlement=Settlement.AUTHORIZED,
            cancelled=False,
            test=False,
        )
        places = [
            Destination(number, _person(), "ヤマト運輸") for number in range(1, destinations + 1)
        ]
        lines = [_line(f"{place.number}-1", place.number) for place in places]
        self.cart.add(_order(Cart.SHOPSERVE, key, ordered_at, status, places, lines, "CreditCard"))
        return key


class MemoryBaseBench:
    """BASE in memory."""

    def __init__(self) -> None:
        self.cart = MemoryBase("shop")

    def place(self, ordered_at: datetime = NOW) -> str:
        return self._add("creditcard", 1, ordered_at, BaseStatus(Dispatch.ORDERED))

    def place_paid(self, payment: str, lines: int, *, paid: bool = True) -> str:
        dispatch = Dispatch.ORDERED if paid else Dispatch.UNPAID
        deferred = "ordered" if payment == "atobarai" else ""
        return self._add(payment, lines, NOW, BaseStatus(dispatch, deferred=deferred))

    def effects(self) -> list[tuple[str, str]]:
        return [(effect.kind, effect.key) for effect in self.cart.effects]

    def item(self) -> ItemKey:
        return self._offer("")

    def variation(self) -> ItemKey:
        return self._offer(str(next(_numbers)))

    def offered(self, item: ItemKey) -> Offered:
        return Offered(self.cart.stock[item].level.quantity)

    def _offer(self, variation: str) -> ItemKey:
        item = ItemKey(str(next(_numbers)), variation)
        self.cart.offer(item, "トート")
        return item

    def _add(self, payment: str, lines: int, ordered_at: datetime, status: BaseStatus) -> str:
        key = f"{next(_numbers):016X}"
        rows = [_line(str(next(_numbers)), 1) for _ in range(lines)]
        places = [Destination(1, Contact())]
        self.cart.add(_order(Cart.BASE, key, ordered_at, status, places, rows, payment))
        return key


class _SimulatedBench:
    """A shop of its own at a simulator that other tests use at the same time."""

    kind = ""

    def __init__(self, simulator: SimulatorClient) -> None:
        self.simulator = simulator
        prefix = f"{uuid.uuid4().hex[:8]}-"
        (self.shop,) = simulator.seed(
            carts=[self.kind], orders=0, items=6, variations=0.5, prefix=prefix, seed=next(_numbers)
        )
        self.gate = OpenGate()

    def place(self, ordered_at: datetime = NOW) -> str:
        return self.place_recipe("card", ordered_at=ordered_at.isoformat())

    def place_recipe(self, recipe: str, **fields: object) -> str:
        # One second early: a test may ask for orders up to now.
        at = (NOW - timedelta(seconds=1)).isoformat()
        # A seed of its own: the simulator's default repeats keys after an order was removed.
        wish = {"ordered_at": at, "seed": f"{self.shop.key}/{next(_numbers)}", **fields}
        return str(self.simulator.add_order(self.shop.key, recipe, **wish)["key"])

    def document(self, key: str) -> dict[str, Any]:
        return cast(dict[str, Any], self.simulator.order(self.shop.key, key)["order"])

    def item(self) -> ItemKey:
        return self._key(next(row for row in self.shop.items if not row["variation"]))

    def variation(self) -> ItemKey:
        return self._key(next(row for row in self.shop.items if row["variation"]))

    def offered(self, item: ItemKey) -> Offered:
        for row in self.simulator.stock(self.shop.key):
            if self._key(row) == item:
                unlimited = bool(row["unlimited"])
                return Offered(
                    0 if unlimited else row["quantity"],
                    None if unlimited else row["alert_threshold"],
                    unlimited,
                )
        raise AssertionError(f"the shop has no {item}")

    def log(self) -> list[dict[str, Any]]:
        return self.simulator.effects(shop=self.shop.key)

    @staticmethod
    def _key(row: dict[str, Any]) -> ItemKey:
        return ItemKey(row["item"], row["variation"])


class SimulatedShopServeBench(_SimulatedBench):
    """ShopServe at the simulator, through the real client."""

    kind = "shopserve"

    def __init__(self, simulator: SimulatorClient, http: httpx.Client) -> None:
        super().__init__(simulator)
        secrets = self.shop.secrets
        self.cart = ShopServeCart(
            http,
            base_url=self.shop.api_url,
            shop_id=secrets["shop_id"],
            manager_key=secrets["manager_key"],
            gate=self.gate,
        )

    def place_for(self, destinations: int) -> str:
        return self.place_recipe({2: "two_destinations", 3: "three_destinations"}[destinations])

    def cancel(self, key: str) -> None:
        self.simulator.change_order(self.shop.key, key, "cancel")

    def settle(self, key: str, settlement: Settlement) -> None:
        status = settlement.value
        self.simulator.change_order(self.shop.key, key, "set_settlement", status=status)

    def set_notice(self, item: ItemKey, notice: int) -> None:
        self.cart.set_stock(item, StockLevel(1, low_stock=notice))

    def effects(self) -> list[tuple[str, str]]:
        return [
            (entry["kind"], f"{entry['key']}/{entry['delivery_no']}")
            if "delivery_no" in entry
            else (entry["kind"], entry["key"])
            for entry in self.log()
        ]


class SimulatedBaseBench(_SimulatedBench):
    """BASE at the simulator, through the real client."""

    kind = "thebase"

    def __init__(self, simulator: SimulatorClient, http: httpx.Client) -> None:
        super().__init__(simulator)
        self.tokens = FixedTokens(self.shop.secrets["access_token"])
        self.cart = TheBaseCart(
            http, base_url=self.shop.api_url, tokens=self.tokens, gate=self.gate
        )

    def place_paid(self, payment: str, lines: int, *, paid: bool = True) -> str:
        recipes = {
            ("creditcard", 1, True): "card",
            ("cod", 2, True): "cash_on_delivery",
            ("atobarai", 2, True): "deferred",
            ("base_bt", 2, False): "bank_unpaid",
        }
        return self.place_recipe(recipes[payment, lines, paid])

    def effects(self) -> list[tuple[str, str]]:
        return [(entry["kind"], entry["key"]) for entry in self.log()]

    def offered(self, item: ItemKey) -> Offered:
        return Offered(super().offered(item).quantity)


def _person() -> Contact:
    return Contact("試験 花子", "100-0001", "東京都千代田区0-0-0", "03-0000-0000")


def _line(key: str, destination: int) -> CartLine:
    return CartLine(
        key=key,
        destination=destination,
        item_code="TS-100",
        name="シャツ",
        quantity=1,
        unit_price_yen=1000,
        options_yen=0,
        total_yen=1000,
        tax_rate=10,
        state=LineState.OPEN,
    )


def _order(
    cart: Cart,
    key: str,
    ordered_at: datetime,
    status: ShopServeStatus | BaseStatus,
    places: list[Destination],
    lines: list[CartLine],
    payment: str,
) -> CartOrder:
    return CartOrder(
        cart=cart,
        key=key,
        number=key,
        ordered_at=ordered_at,
        status=status,
        payment_method=payment,
        payment_name="",
        buyer=_person(),
        destinations=tuple(places),
        lines=tuple(lines),
        charges=Charges(0, 0, 0, 0, 0, 1000 * len(lines)),
    )
