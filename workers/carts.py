"""Opens the client of a shop's cart, whichever cart it is."""

from adapters.postgres.shops import Shop
from adapters.shopserve.client import ShopServeCart
from adapters.thebase.client import TheBaseCart
from domain.orders import Cart
from domain.ports import CallGate
from workers.process import Process
from workers.tokens import SharedTokens

ShopCart = ShopServeCart | TheBaseCart


def open_cart(process: Process, shop: Shop, gate: CallGate) -> ShopCart:
    """Return a client for one shop whose every call asks the gate first."""
    if shop.cart is Cart.SHOPSERVE:
        return ShopServeCart(
            process.http,
            base_url=shop.api_url,
            shop_id=shop.credentials.get("shop_id", ""),
            manager_key=shop.credentials.get("manager_key", ""),
            gate=gate,
        )
    tokens = SharedTokens(
        shop, engine=process.engine, box=process.box, http=process.http, cache=process.tokens
    )
    return TheBaseCart(process.http, base_url=shop.api_url, tokens=tokens, gate=gate)
