"""Shops to test the carts' clients on, each at the simulator and reached over HTTP.

Each bench lets a test play the buyer and the shop's staff, and tells what became of the cart.
"""

import itertools
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx

from adapters.shopserve.client import ShopServeCart
from adapters.thebase.client import TheBaseCart
from domain.carts.ports import ItemKey, StockLevel
from domain.orders.cart_order import Settlement
from simulator.client import SimulatorClient
from tests.component.cart_doubles import FixedTokens, OpenGate

NOW = datetime.now(UTC).replace(microsecond=0)
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Offered:
    """What a shop really offers of one item."""

    quantity: int
    low_stock: int | None = None
    unlimited: bool = False


class _Bench:
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


class ShopServeBench(_Bench):
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


class BaseBench(_Bench):
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


Bench = ShopServeBench | BaseBench
