"""The ShopServe API as a whole: who calls, what for, and the answer."""

import base64
import binascii
from collections.abc import Callable

from simulator.messages import Answer, Call, Target
from simulator.shopserve.answers import RefusedError
from simulator.shopserve.search import search_orders
from simulator.shopserve.shop import ShopServeShop
from simulator.shopserve.stock import read_stock, search_items, write_stock
from simulator.shopserve.updates import (
    complete_order,
    request_settlement,
    ship_delivery,
    update_status,
)
from simulator.world import World

CART = "shopserve"
_UNKNOWN = ("unknown", "other", ())
_REALM = {"WWW-Authenticate": 'Basic realm="shopserve"'}

Route = tuple[str, str, tuple[str, ...]]
Handler = Callable[[World, ShopServeShop, Call, tuple[str, ...]], Answer]

_HANDLERS: dict[str, Handler] = {
    "stock.write": write_stock,
    "stock.read": read_stock,
    "items.search": search_items,
    "orders.search": search_orders,
    "orders.status": update_status,
    "deliveries.shipping": ship_delivery,
    "settlement.request": request_settlement,
    "orders.complete": complete_order,
}


def find_route(method: str, path: str) -> Route:
    """Return endpoint, family and path arguments of a call."""
    match method, *path.strip("/").split("/"):
        case "GET", "items", code, "stock":
            return "stock.read", "stock", (code,)
        case "PUT", "items", code, "stock":
            return "stock.write", "stock", (code,)
        case "POST", "items", "_search":
            return "items.search", "stock", ()
        case _, "orders", *_rest:
            return _find_order_route(method, path)
        case _:
            return _UNKNOWN


def _find_order_route(method: str, path: str) -> Route:
    match method, *path.strip("/").split("/")[1:]:
        case "POST", "_retrieve", groups:
            return "orders.search", "orders", (groups,)
        case "PUT", code, "status":
            return "orders.status", "orders", (code,)
        case "PUT", code, "deliveries", number, "shipping":
            return "deliveries.shipping", "orders", (code, number)
        case "POST", code, "settlement", "_request":
            return "settlement.request", "orders", (code,)
        case "POST", code, "_complete":
            return "orders.complete", "orders", (code,)
        case _:
            return _UNKNOWN


class ShopServeCart:
    """Answers calls below `/shopserve/v2`."""

    def __init__(self, world: World) -> None:
        """Args: world: where the shops are."""
        self._world = world

    def target(self, call: Call) -> Target:
        """Return what a call is about."""
        endpoint, family, arguments = find_route(call.method, call.path)
        shop = self._caller(call)
        return Target(CART, endpoint, family, shop.key if shop else "", arguments)

    def answer(self, call: Call, target: Target) -> Answer:
        """Do what the call asks for and return the answer."""
        try:
            return self._dispatch(call, target)
        except RefusedError as refusal:
            return refusal.answer()

    def _caller(self, call: Call) -> ShopServeShop | None:
        """Return the shop whose id and key the call carries."""
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            shop_id, _, key = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        shop = self._world.shops_by_shop_id.get(shop_id)
        return shop if shop is not None and shop.manager_key == key else None

    def _dispatch(self, call: Call, target: Target) -> Answer:
        shop = self._world.shops.get(target.shop)
        if not isinstance(shop, ShopServeShop):
            refusal = RefusedError(401, "認証に失敗しました。").answer()
            return Answer(refusal.status, refusal.body, refusal.content_type, _REALM)
        handler = _HANDLERS.get(target.endpoint)
        if handler is None:
            raise RefusedError(404, "指定されたAPIは存在しません。")
        return handler(self._world, shop, call, target.arguments)
