"""What goes on outside: buyers order, banks pay, staff cancels, the warehouse ships and counts."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Engine, text

from adapters.postgres.database import DatabaseUnavailable
from adapters.postgres.shops import closures
from adapters.postgres.shops.robots import switch_robot
from adapters.postgres.shops.secrets import SecretBox
from adapters.postgres.stock import counts
from adapters.postgres.views import totals
from domain.actions import actions_of
from domain.carts.cart import Cart
from domain.engine.cadence import TOKYO
from domain.warehouse.moves import Parcel, Ship
from domain.warehouse.targets import Target
from simulator.client import Document, SimulatorClient
from tests.chaos.shops import METHOD, open_shop
from workers.services.actors import Actor
from workers.services.warehouse import Request, perform

MOST_SHIPPED_AT_ONCE = 8
RECIPES = {
    "shopserve": (
        "card", "two_destinations", "cash_on_delivery", "card_points_options", "convenience_paid",
        "bank_paid", "three_destinations", "bank_unpaid", "convenience_unpaid", "paypay",
        "no_tracking_number", "card",
    ),
    "thebase": (
        "card", "split_two_methods", "deferred", "convenience_unpaid", "cash_on_delivery",
        "options_and_coins", "bank_unpaid", "partly_cancelled", "free_shipping_blank_method",
        "paypal", "line_methods", "split_three_methods", "split_deferred", "split_cash",
    ),
}  # fmt: skip
# What the test moved by itself, written in the transaction that moved it: a commit whose answer
# was lost is counted all the same.
_MOVES = "create table chaos_moves (sku_id bigint not null, pieces int not null)"
_STANDING = text("""
select i.id, s.key as shop, s.merchant_id, i.cart_order_key as key, i.number, i.part, i.status,
       i.payment, i.api_status, i.completed_at is not null as completed
  from instructions i join shops s on s.id = i.shop_id
 order by i.id
""")


@dataclass
class Placed:
    """One order a buyer placed, and what is going to become of it."""

    shop: str
    cart: str
    key: str
    facts: Document
    order: Document
    cancelled: bool
    paid: bool = False
    told: bool = False


@dataclass(frozen=True)
class Standing:
    """One shipping instruction as it stands."""

    id: int
    merchant_id: int
    number: str
    part: int
    status: str
    payment: str
    api_status: str
    completed: bool

    def over(self, cart: str, *, cancelled: bool) -> bool:
        """Whether nothing is left to do for it."""
        if cancelled:
            return self.status == "cancelled"
        return self.api_status == "tracking_returned" and (self.completed or cart == "thebase")


@dataclass
class World:
    """Shops at the simulator and in the hub, and everybody who deals with them."""

    simulator: SimulatorClient
    engine: Engine
    dice: random.Random
    orders_a_second: float
    shops: dict[str, int] = field(default_factory=dict)
    carts: dict[str, str] = field(default_factory=dict)
    placed: dict[tuple[str, str], Placed] = field(default_factory=dict)
    opened_at: float = 0.0
    selling: bool = True
    errors: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _owed: float = 0.0
    _skus: list[tuple[int, str]] = field(default_factory=list)

    def open(self, box: SecretBox, *, pairs: int, items: int) -> None:
        """Open shops of both carts on both sides, everything mapped and in stock."""
        simulated = self.simulator.seed(shops=pairs, orders=0, items=items)
        with self.engine.begin() as connection:
            now = datetime.now(UTC)
            connection.execute(text(_MOVES))
            for closure in closures.list_closures(connection, now):
                closures.end_closure(connection, int(str(closure["id"])))
            for number, shop in enumerate(simulated):
                self.carts[shop.key] = shop.cart
                self.shops[shop.key] = open_shop(connection, shop, box, number)
            rows = connection.execute(text("select id, merchant_id, code from skus order by id"))
            self._skus = [(row.merchant_id, row.code) for row in rows]

    def robots(self, *, on: bool) -> None:
        """Switch every robot."""
        with self.engine.begin() as connection:
            now = datetime.now(UTC)
            for shop, shop_id in self.shops.items():
                for action in actions_of(Cart(self.carts[shop])):
                    switch_robot(connection, shop_id, action, on=on, now=now)

    def live(self) -> threading.Thread:
        """Let everybody do what they do, in a thread, until `stop`."""
        thread = threading.Thread(target=self._live, name="world", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """Let everybody go home."""
        self._stop.set()

    def over(self) -> bool:
        """Tell whether every order has met its fate and every shop knows its stock."""
        return not self.selling and not list(self.waiting())

    def waiting(self) -> Iterator[str]:
        """Yield what is still to happen."""
        standing = self._standing()
        for place, order in self.placed.items():
            parts = standing.get(place, [])
            if len(parts) != order.facts["instructions"]:
                yield f"{place}: {len(parts)} of {order.facts['instructions']} parts"
                continue
            for part in parts:
                if not part.over(order.cart, cancelled=order.cancelled):
                    yield f"{place} {order.facts['recipe']}: {part}"
        with self.engine.begin() as connection:
            behind = connection.execute(
                text("select count(*) from stock_pushes where pushed_version < wanted_version")
            ).scalar_one()
            again = connection.execute(text("select count(*) from recalculations")).scalar_one()
        if behind or again:
            yield f"{behind} shop items behind, {again} SKUs to be counted anew"

    def under_way(self) -> int:
        """Return how many runs are unfinished."""
        with self.engine.begin() as connection:
            return totals.under_way(connection)

    def _live(self) -> None:
        began_at = time.monotonic()
        while not self._stop.wait(0.4):
            try:
                self._sell(time.monotonic() - began_at)
                began_at = time.monotonic()
                self._follow()
                self._count()
            except DatabaseUnavailable:
                continue
            except Exception as error:  # noqa: BLE001 -- told at the end; the others go on
                self.errors.append(repr(error))

    def _sell(self, seconds: float) -> None:
        if not self.selling:
            return
        self._owed += seconds * self.orders_a_second
        while self._owed >= 1:
            self._owed -= 1
            shop = self.dice.choice(list(self.carts))
            self._order(shop, self.dice.choice(RECIPES[self.carts[shop]]))

    def _order(self, shop: str, recipe: str) -> None:
        made = self.simulator.add_order(shop, recipe, seed=self.dice.randrange(10**9))
        whole = recipe in {"card", "bank_paid", "paypal"}
        self.placed[shop, made["key"]] = Placed(
            shop=shop,
            cart=self.carts[shop],
            key=made["key"],
            facts=made["facts"],
            order=made["order"],
            cancelled=whole and self.dice.random() < 0.15,
        )

    def _standing(self) -> dict[tuple[str, str], list[Standing]]:
        found: dict[tuple[str, str], list[Standing]] = {}
        with self.engine.begin() as connection:
            for row in connection.execute(_STANDING):
                found.setdefault((row.shop, row.key), []).append(
                    Standing(
                        row.id,
                        row.merchant_id,
                        row.number,
                        row.part,
                        row.status,
                        row.payment,
                        row.api_status,
                        row.completed,
                    )
                )
        return found

    def _follow(self) -> None:
        """Bank and staff act, then the warehouse ships what waits for shipment."""
        parcels: dict[int, list[tuple[Placed, Standing]]] = {}
        for place, parts in self._standing().items():
            order = self.placed.get(place)
            if order is None:
                continue
            self._deal_with(order, parts)
            if not order.cancelled:
                ready = [(order, one) for one in parts if one.status == "awaiting_shipment"]
                parcels.setdefault(parts[0].merchant_id, []).extend(ready)
        for merchant_id, ready in parcels.items():
            self._ship(merchant_id, ready)

    def _deal_with(self, order: Placed, parts: list[Standing]) -> None:
        if order.cancelled:
            if not order.told:
                self.simulator.change_order(order.shop, order.key, "cancel")
                order.told = True
            return
        if any(one.payment == "unpaid" for one in parts) and not order.paid:
            if self.selling and self.dice.random() < 0.7:
                return  # money takes its time
            self.simulator.change_order(order.shop, order.key, "pay")
            order.paid = True
        if order.facts["recipe"] == "no_tracking_number" and not order.told:
            self.simulator.change_order(order.shop, order.key, "set_tracking")
            order.told = True

    def _ship(self, merchant_id: int, ready: list[tuple[Placed, Standing]]) -> None:
        today = datetime.now(UTC).astimezone(TOKYO).date()
        while ready:
            batch, ready = ready[:MOST_SHIPPED_AT_ONCE], ready[MOST_SHIPPED_AT_ONCE:]
            requests = [
                Request(
                    Target(one.number, order.shop, order.key),
                    Ship(Parcel(METHOD, f"{4_000_000_000 + one.id}", today)),
                )
                for order, one in batch
            ]
            with self.engine.begin() as connection:
                perform(connection, Actor(merchant_id, "chaos"), requests)

    def _count(self) -> None:
        """Goods come in or are found missing."""
        for _ in range(self.dice.randrange(3) if self.selling else 0):
            merchant_id, code = self.dice.choice(self._skus)
            pieces = self.dice.choice([-3, -1, 2, 5, 9])
            with self.engine.begin() as connection:
                counts.adjust_on_hand(connection, merchant_id, code, pieces)
                connection.execute(
                    text(
                        "insert into chaos_moves select id, :pieces from skus"
                        " where merchant_id = :merchant_id and code = :code"
                    ),
                    {"merchant_id": merchant_id, "code": code, "pieces": pieces},
                )

    def pieces_sold(self) -> Counter[tuple[str, str]]:
        """Return pieces of orders that were shipped, by shop and SKU."""
        sold: Counter[tuple[str, str]] = Counter()
        for order in self.placed.values():
            if not order.cancelled:
                for sku, pieces in order.facts["skus"].items():
                    sold[order.shop, sku] += pieces
        return sold
