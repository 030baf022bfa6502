"""Shops of both carts, opened in the hub as they are at the simulator."""

import json
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from adapters.postgres.shipments import carriers
from adapters.postgres.shops.merchants import add_merchant
from adapters.postgres.shops.robots import set_cadence
from adapters.postgres.shops.secrets import SecretBox
from adapters.postgres.shops.shops import NewShop, add_shop, set_values
from adapters.postgres.stock import counts
from adapters.postgres.stock.mappings import set_links
from domain.actions import Action, actions_of
from domain.carts.cart import Cart
from domain.carts.ports import ItemKey
from domain.engine.cadence import Cadence
from domain.stock.mappings import Link
from simulator.client import SimulatedShop
from workers.services.credentials import checked

METHOD = "宅配便"
CARRIER = {Cart.SHOPSERVE: "YAMATO", Cart.BASE: "クロネコヤマト"}
ON_HAND = 3_000
CADENCES_S = {
    Action.IMPORT_ORDERS: 4,
    Action.CONFIRM_ORDERS: 5,
    Action.SYNC_STATUS: 6,
    Action.RETURN_SHIPMENTS: 4,
    Action.COMPLETE_ORDERS: 6,
    Action.SYNC_STOCK: 3,
}


def open_shop(connection: Connection, shop: SimulatedShop, box: SecretBox, number: int) -> int:
    now, cart = datetime.now(UTC), Cart(shop.cart)
    merchant_id = _merchant(connection, shop.merchant)
    secrets = checked(cart, json.dumps(shop.secrets).encode(), now)
    new = NewShop(
        merchant_id,
        shop.key,
        cart,
        shop.key,
        secrets.credentials,
        shop.api_url,
        None,
        secrets.tokens,
    )
    shop_id = add_shop(connection, new, box, now)
    # Every second pair takes one call at a time, as ShopServe asks for.
    in_flight = 1 if number % 4 == 2 else 4
    values = {"calls_per_second": 300, "in_flight": in_flight, "import_partly_cancelled": True}
    set_values(connection, shop_id, values)
    for action in actions_of(cart):
        set_cadence(connection, shop_id, action, Cadence(every_s=CADENCES_S[action]), now)
    carriers.set_carrier(connection, shop_id, METHOD, CARRIER[cart], checked=True)
    rows = [
        (ItemKey(str(one["item"]), str(one["variation"])), str(one["sku"])) for one in shop.items
    ]
    set_links(connection, merchant_id, [Link(shop_id, key, sku) for key, sku in rows])
    counts.set_on_hand(connection, merchant_id, {sku: ON_HAND for _, sku in rows})
    return shop_id


def _merchant(connection: Connection, key: str) -> int:
    """Return the id of a merchant, made when it is new."""
    found = connection.execute(
        text("select id from merchants where key = :key"), {"key": key}
    ).scalar_one_or_none()
    return int(found) if found is not None else add_merchant(connection, key, key)
