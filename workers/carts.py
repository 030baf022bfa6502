"""Opens the client of a shop's cart, whichever cart it is."""

from dataclasses import dataclass

import httpx
from sqlalchemy import Engine

from adapters.postgres.secrets import SecretBox
from adapters.postgres.shops import Shop
from adapters.shopserve.client import ShopServeCart
from adapters.thebase.client import TheBaseCart
from domain.orders import Cart
from domain.ports import CallGate
from workers.tokens import SharedTokens, TokenCache

ShopCart = ShopServeCart | TheBaseCart


@dataclass(frozen=True, slots=True)
class CartTools:
    """What the clients of all shops share in one process."""

    engine: Engine
    box: SecretBox
    http: httpx.Client
    tokens: TokenCache


def open_cart(tools: CartTools, shop: Shop, gate: CallGate) -> ShopCart:
    """Return a client for one shop whose every call asks the gate first."""
    if shop.cart is Cart.SHOPSERVE:
        return ShopServeCart(
            tools.http,
            base_url=shop.api_url,
            shop_id=shop.credentials.get("shop_id", ""),
            manager_key=shop.credentials.get("manager_key", ""),
            gate=gate,
        )
    return TheBaseCart(
        tools.http, base_url=shop.api_url, tokens=shared_tokens(tools, shop), gate=gate
    )


def shared_tokens(tools: CartTools, shop: Shop) -> SharedTokens:
    """Return the tokens of a BASE shop."""
    return SharedTokens(
        shop, engine=tools.engine, box=tools.box, http=tools.http, cache=tools.tokens
    )
