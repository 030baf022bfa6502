"""Merchants, shops, goods and orders of a demo: in the simulator, and the same here."""

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Connection

from adapters.postgres.views.shops import ShopRef
from console.demo.plan import Plan
from domain.actions import actions_of
from domain.carts.cart import Cart
from domain.carts.ports import ItemKey
from domain.stock.mappings import Link
from simulator.client import SimulatedShop, SimulatorClient
from simulator.seed import shopserve_recipes, thebase_recipes
from workers.places import secret_box
from workers.services.actors import Actor
from workers.services.credentials import checked
from workers.services.maintenance import coming_closures, end_closure
from workers.services.mappings import import_links
from workers.services.robots import set_robot
from workers.services.shops import ShopChange, ShopWish, add_merchant, add_shop, change_shop
from workers.services.stock import import_counts
from workers.settings import Settings

# Kinds of orders that are not to be imported; a shop has one of each beside the others.
LEFT_ALONE = {
    Cart.SHOPSERVE: ("confirmed_already", "cancelled", "test_order"),
    Cart.BASE: (
        "unshippable",
        "partly_dispatched",
        "partly_cancelled",
        "split_partly_cancelled",
        "dispatched",
        "cancelled",
    ),
}
EVERYDAY = {Cart.SHOPSERVE: shopserve_recipes.EVERYDAY, Cart.BASE: thebase_recipes.EVERYDAY}
NAME = "demo"
SPREAD_S = 6 * 86_400
# The real carts ask for patience; a demo does not show it.
CALLS_PER_SECOND = 500
IN_FLIGHT = 8
# Of articles, how many have choices at most; the others fill up to the wished number of SKUs.
SHARE_WITH_CHOICES = 0.5


@dataclass(frozen=True, slots=True)
class DemoShop:
    """One shop on both sides.

    Attributes:
        id: ours.
        items: everything it offers, all of it mapped.
        on_hand: pieces per SKU of its merchant.
    """

    id: int
    merchant_id: int
    cart: Cart
    key: str
    items: tuple[ItemKey, ...]
    on_hand: dict[str, int] = field(repr=False)


Progress = Callable[[int, int], None]


def open_simulated(client: SimulatorClient, plan: Plan, progress: Progress) -> list[SimulatedShop]:
    """Fill the simulator and return its shops."""
    # More articles than needed, because some are taken out until the number is exact.
    goods = {"orders": 0, "items": plan.skus + 4}
    pairs, single = divmod(plan.shops, 2)
    client.seed(shops=pairs, **goods)
    if single:
        client.seed(shops=1, carts=["shopserve"], prefix="single-", seed=2, **goods)
    opened = client.shops()
    for number, shop in enumerate(opened):
        progress(number, len(opened))
        _keep(client, shop, plan.skus)
        _add_orders(client, shop, number, plan.orders)
    progress(len(opened), len(opened))
    return client.shops()


def _keep(client: SimulatorClient, shop: SimulatedShop, wanted: int) -> None:
    """Take articles out until the shop offers exactly the wished number of SKUs."""
    articles = [
        (item, len(list(rows))) for item, rows in groupby(shop.items, key=itemgetter("item"))
    ]
    room = int(wanted * SHARE_WITH_CHOICES)
    kept = set()
    for item, rows in articles:
        if 1 < rows <= room:
            kept.add(item)
            room -= rows
    left = wanted - sum(rows for item, rows in articles if item in kept)
    kept.update([item for item, rows in articles if rows == 1][:left])
    for item, _ in articles:
        if item not in kept:
            client.remove_item(shop.key, item)


def _add_orders(client: SimulatorClient, shop: SimulatedShop, number: int, orders: int) -> None:
    cart = Cart(shop.cart)
    kinds = [kind for kind in EVERYDAY[cart] if kind not in LEFT_ALONE[cart]]
    now, dice = int(time.time()), random.Random(number)  # noqa: S311 -- sample data from a seed
    names = [kinds[(number * orders + index) % len(kinds)] for index in range(orders)]
    names += LEFT_ALONE[cart]
    for name in names:
        client.add_order(shop.key, name, ordered_at=now - 60 - dice.randrange(SPREAD_S))


def open_ours(
    connection: Connection, simulated: Sequence[SimulatedShop], settings: Settings
) -> list[DemoShop]:
    """Add the same merchants and shops here, with robots off, and everything mapped."""
    _cancel_maintenance(connection, datetime.now(UTC))
    merchants: dict[str, int] = {}
    opened = []
    for shop in simulated:
        if shop.merchant not in merchants:
            made = add_merchant(connection, NAME, shop.merchant, shop.merchant)
            merchants[shop.merchant] = made
        opened.append(_open(connection, shop, Actor(merchants[shop.merchant], NAME), settings))
    return opened


def _open(
    connection: Connection, shop: SimulatedShop, actor: Actor, settings: Settings
) -> DemoShop:
    cart, now = Cart(shop.cart), datetime.now(UTC)
    secrets = checked(cart, json.dumps(shop.secrets).encode(), now)
    wish = ShopWish(shop.key, cart, shop.key, secrets, shop.api_url)
    box = secret_box(settings)
    shop_id = add_shop(connection, actor, box, wish, now).id
    ref = ShopRef(shop_id, shop.key, cart)
    pace = {"calls_per_second": CALLS_PER_SECOND, "in_flight": IN_FLIGHT}
    change_shop(connection, actor, ref, ShopChange(pace), box=box, now=now)
    for action in actions_of(cart):
        set_robot(connection, actor, ref, action, cadence=None, on=False, now=now)
    keys = [ItemKey(str(row["item"]), str(row["variation"])) for row in shop.items]
    codes = [str(row["sku"]) for row in shop.items]
    links = [Link(shop_id, key, code) for key, code in zip(keys, codes, strict=True)]
    import_links(connection, actor, NAME, links)
    # Every seventh SKU is sold out, so that "never below 0" has something to do.
    on_hand = {code: index % 7 * 15 for index, code in enumerate(sorted(codes))}
    import_counts(connection, actor, NAME, on_hand)
    return DemoShop(shop_id, actor.merchant_id, cart, shop.key, tuple(keys), on_hand)


def _cancel_maintenance(connection: Connection, now: datetime) -> None:
    """The simulated carts keep no maintenance hours, not even on a third Wednesday."""
    for closure in coming_closures(connection, now):
        end_closure(connection, NAME, int(str(closure["id"])))
