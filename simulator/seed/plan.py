"""Fills the world with merchants, shops, items and orders."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, fields

from simulator.messages import Document
from simulator.order_book import Order
from simulator.seed import (
    shopserve_orders,
    shopserve_recipes,
    thebase_items,
    thebase_orders,
    thebase_recipes,
)
from simulator.seed.catalogue import Goods, invent_goods
from simulator.shopserve.shop import ShopServeShop
from simulator.thebase import oauth, wire
from simulator.thebase.shop import BaseShop
from simulator.world import Shop, World

CARTS = ("shopserve", "thebase")
_ITEM_IDS_PER_SHOP = 100_000
_FIRST_BASE_ITEM_ID = 7_000_000


@dataclass(frozen=True, slots=True)
class SeedPlan:
    """What to make.

    Attributes:
        seed: where every figure comes from; the same seed and `until` give the same world.
        until: order time of the newest order, Unix seconds; None for now.
        shops: shops on each cart.
        orders: orders of each shop.
        items: items of each shop.
        carts: the carts to make shops on.
        pairs: whether the n-th shops of both carts belong to one merchant and offer the same goods.
        variations: 0 to 1, the share of items with choices.
        spread_s: how far back the oldest order may lie, seconds.
        plain: whether every order is a paid card order with one line and one method.
        recipes: only these kinds of orders; kinds of the other cart are passed over.
        prefix: what shop keys begin with, so that several seeds can live together.
    """

    seed: int = 1
    until: float | None = None
    shops: int = 1
    orders: int = 10
    items: int = 20
    carts: Sequence[str] = CARTS
    pairs: bool = True
    variations: float = 0.3
    spread_s: int = 6 * 86_400
    plain: bool = False
    recipes: Sequence[str] = ()
    prefix: str = ""

    def __post_init__(self) -> None:
        """Reject a plan that cannot be carried out."""
        if not set(self.carts) <= set(CARTS):
            raise ValueError(f"carts are {CARTS}")
        known = shopserve_recipes.RECIPES.keys() | thebase_recipes.RECIPES.keys()
        unknown = set(self.recipes) - known
        if unknown:
            raise ValueError(f"unknown recipes {sorted(unknown)}; known: {sorted(known)}")
        if self.orders and self.items < 1:
            raise ValueError("orders need items")

    @classmethod
    def from_document(cls, document: Document) -> "SeedPlan":
        """Read a plan given as JSON; ValueError names an unknown field."""
        unknown = document.keys() - {each.name for each in fields(cls)}
        if unknown:
            raise ValueError(f"unknown fields {sorted(unknown)}")
        return cls(**document)


def sow(world: World, plan: SeedPlan, now: float) -> list[Shop]:
    """Carry out a plan and return the new shops."""
    until = int(now if plan.until is None else plan.until)
    made: list[Shop] = []
    for number in range(1, plan.shops + 1):
        for cart in plan.carts:
            merchant = f"{plan.prefix}merchant-{number}"
            if not plan.pairs:
                merchant = f"{merchant}-{cart}"
            goods_chance = random.Random(f"{plan.seed}/{merchant}")
            goods = invent_goods(goods_chance, plan.items, plan.variations)
            chance = random.Random(f"{plan.seed}/{plan.prefix}{cart}/{number}")
            if cart == "shopserve":
                shop: Shop = open_shopserve(world, f"{plan.prefix}shopserve-{number}", merchant)
            else:
                shop = open_base(world, f"{plan.prefix}thebase-{number}", merchant, now)
            stock_up(world, shop, goods, until - plan.spread_s)
            _order(world, shop, plan, chance, (number, until))
            made.append(shop)
    return made


def open_shopserve(world: World, key: str, merchant: str) -> ShopServeShop:
    """Open a ShopServe shop without items and orders."""
    shop = ShopServeShop(key, merchant, f"{key.replace('-', '')}.xx", world.new_token())
    world.add(shop)
    return shop


def open_base(world: World, key: str, merchant: str, now: float) -> BaseShop:
    """Open a BASE shop without items and orders, authorised for everything."""
    shop = BaseShop(
        key=key,
        merchant=merchant,
        shop_id=key.replace("-", ""),
        name=f"{merchant}のお店",
        client_id=world.new_token(),
        client_secret=world.new_token(),
        redirect_uri=f"https://hub.example.jp/callback/{key}",
    )
    world.add(shop)
    oauth.issue(world, shop, frozenset(wire.SCOPES), now)
    return shop


def stock_up(world: World, shop: Shop, goods: list[Goods], at: int) -> None:
    """Offer goods in a shop."""
    if isinstance(shop, ShopServeShop):
        shopserve_orders.add_items(shop, goods, at)
        return
    first_id = _FIRST_BASE_ITEM_ID + _ITEM_IDS_PER_SHOP * len(world.shops)
    thebase_items.add_items(shop, goods, first_id, at)


def make_order(world: World, shop: Shop, recipe: str, chance: random.Random, at: int) -> Order:
    """Return a new order of a recipe; KeyError when the cart has no such recipe."""
    if isinstance(shop, ShopServeShop):
        return shopserve_orders.make_order(shop, shopserve_recipes.RECIPES[recipe], chance, at)
    kind = thebase_recipes.RECIPES[recipe]
    return thebase_orders.make_order(shop, kind, chance, at, world.line_ids)


def _order(
    world: World,
    shop: Shop,
    plan: SeedPlan,
    chance: random.Random,
    place: tuple[int, int],
) -> None:
    """Add a shop's orders, oldest first, its recipes in turn.

    Args:
        world: where.
        shop: whose.
        plan: how many and which.
        chance: where the figures come from.
        place: number of the shop, by which its recipes are rotated, and time of the newest order.
    """
    number, until = place
    module = shopserve_recipes if isinstance(shop, ShopServeShop) else thebase_recipes
    names = [name for name in plan.recipes if name in module.RECIPES]
    if not plan.recipes:
        names = list(module.PLAIN if plan.plain else module.EVERYDAY)
    if not names:
        return
    ages = sorted(
        (chance.randrange(max(1, plan.spread_s)) for _ in range(plan.orders)), reverse=True
    )
    shift = (number - 1) * plan.orders
    for position, age_s in enumerate(ages):
        order = make_order(
            world, shop, names[(shift + position) % len(names)], chance, until - age_s
        )
        shop.add_order(order)
