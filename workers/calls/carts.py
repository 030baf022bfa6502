"""Opens the client of a shop's cart, whichever cart it is."""

from adapters.postgres.shops.shops import Shop
from adapters.shopserve.client import ShopServeCart
from adapters.shopserve.wire.details import order as shopserve_order
from adapters.thebase.client import TheBaseCart
from adapters.thebase.wire.details import order as base_order
from domain.carts.cart import Cart
from domain.carts.ports import CallGate
from domain.orders.cart_order import CartOrder
from workers.calls.tokens.refresh import SharedTokens, TokenTools

ShopCart = ShopServeCart | TheBaseCart


def open_cart(tools: TokenTools, shop: Shop, gate: CallGate) -> ShopCart:
    """Return a client for one shop whose every call asks the gate first."""
    if shop.cart is Cart.SHOPSERVE:
        return ShopServeCart(
            tools.http,
            base_url=shop.api_url,
            shop_id=shop.credentials.get("shop_id", ""),
            manager_key=shop.credentials.get("manager_key", ""),
            gate=gate,
        )
    tokens = SharedTokens(shop, tools)
    return TheBaseCart(tools.http, base_url=shop.api_url, tokens=tokens, gate=gate)


def decode(cart: Cart, raw: dict[str, object]) -> CartOrder:
    """Translate a whole raw order without a client. Raises Undecodable naming the field."""
    return shopserve_order(raw) if cart is Cart.SHOPSERVE else base_order(raw)
