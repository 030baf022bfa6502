"""Control of orders: add one, read one, and everything shops and buyers do to them."""

import random

from simulator.clock import read_moment, tokyo_text
from simulator.control.answers import (
    Arguments,
    ControlError,
    done,
    find_order,
    find_shop,
    read_object,
)
from simulator.messages import Answer, Call, Document
from simulator.order_book import Order
from simulator.seed.facts import facts_of
from simulator.seed.plan import make_order
from simulator.shopserve import changes as shopserve_changes
from simulator.shopserve.settlement import settle
from simulator.shopserve.shop import ShopServeShop
from simulator.thebase import changes as base_changes
from simulator.world import Shop, World


def list_orders(world: World, call: Call, arguments: Arguments) -> Answer:
    """Answer GET /_sim/orders/{shop}: the facts of every order, oldest first."""
    (key,) = arguments
    shop = find_shop(world, key)
    for order in shop.orders:
        settle(order, world.settings, call.at)
    return done({"orders": [facts_of(shop, order).document() for order in shop.orders]})


def show_order(world: World, call: Call, arguments: Arguments) -> Answer:
    """Answer GET /_sim/orders/{shop}/{order}."""
    key, order_key = arguments
    shop = find_shop(world, key)
    order = find_order(shop, order_key)
    settle(order, world.settings, call.at)
    return done(_described(shop, order))


def _described(shop: Shop, order: Order) -> Document:
    return {
        "key": order.key,
        "ordered_at": order.ordered_at,
        "order": order.document,
        "facts": facts_of(shop, order).document(),
    }


def add_order(world: World, call: Call, arguments: Arguments) -> Answer:
    """Answer POST /_sim/orders/{shop}.

    The body has `order`, a whole order in the vendor's shape (ShopServe: with `serial_code`), or
    `recipe` with an optional `seed`; then `ordered_at` (Unix seconds or ISO 8601, default now, or
    the time in the given order) and `overrides`, merged into the order.
    """
    (key,) = arguments
    shop = find_shop(world, key)
    request = read_object(call)
    at = read_moment(request["ordered_at"]) if "ordered_at" in request else None
    if "order" in request:
        document = request["order"]
        recipe = ""
    else:
        recipe = request.get("recipe", "card")
        chance = random.Random(request.get("seed", f"{key}/{len(shop.orders)}"))
        made = make_order(world, shop, recipe, chance, int(call.at) if at is None else at)
        document = {**made.document, _key_field(shop): made.key}
    _merge(document, request.get("overrides", {}))
    order = _as_order(shop, document, at)
    order.recipe = recipe
    shop.add_order(order)
    return done(_described(shop, order))


def _key_field(shop: Shop) -> str:
    return "serial_code" if isinstance(shop, ShopServeShop) else "unique_key"


def _as_order(shop: Shop, document: Document, at: int | None) -> Order:
    """Return a document as an order, at another time than its own if one is given."""
    if isinstance(shop, ShopServeShop):
        body = dict(document)
        order_key = str(body.pop("serial_code"))
        if at is not None:
            body["basic"]["order_date"] = tokyo_text(at)
        return Order(order_key, read_moment(body["basic"]["order_date"]), body)
    if at is not None:
        document["ordered"] = at
    return Order(str(document["unique_key"]), read_moment(document["ordered"]), document)


def _merge(document: Document, overrides: Document) -> None:
    """Merge overrides into a document; lists are replaced, except by an object of positions."""
    for name, value in overrides.items():
        current = document.get(name)
        if isinstance(current, dict) and isinstance(value, dict):
            _merge(current, value)
        elif isinstance(current, list) and isinstance(value, dict):
            for position, inner in value.items():
                _merge(current[int(position)], inner)
        else:
            document[name] = value


def change_order(world: World, call: Call, arguments: Arguments) -> Answer:
    """Answer POST /_sim/orders/{shop}/{order}: `change` names what the shop or the buyer does."""
    key, order_key = arguments
    shop = find_shop(world, key)
    order = find_order(shop, order_key)
    request = read_object(call)
    name = request.get("change")
    if name == "patch":
        _merge(order.document, request["overrides"])
    elif name == "remove":
        shop.remove_order(order_key)
    elif name == "set_time":
        order = _at_another_time(shop, order, read_moment(request["ordered_at"]))
    elif isinstance(shop, ShopServeShop) and name in shopserve_changes.CHANGES:
        shopserve_changes.CHANGES[name](world, shop, order, request, call.at)
    elif not isinstance(shop, ShopServeShop) and name in base_changes.CHANGES:
        base_changes.CHANGES[name](order.document, request, call.at)
    else:
        raise ControlError(f"{shop.cart} has no change {name}")
    return done(_described(shop, order))


def _at_another_time(shop: Shop, order: Order, at: int) -> Order:
    """Let an order have been placed at another time."""
    moved = _as_order(shop, {**order.document, _key_field(shop): order.key}, at)
    moved.recipe, moved.settlement_at = order.recipe, order.settlement_at
    shop.add_order(moved)
    return moved
