"""A ShopServe order paid by a method nobody knows, from its import to its completion (PAY-1)."""

from simulator.client import Document
from tests.e2e.installation import Shop

TOLD = {"method_code": "SomedayCard", "method_name": "いつかカード"}


def known_by_nobody(shop: Shop) -> None:
    """Held, released by a person, refused, said to be a card: charged once, then shipped."""
    placed = shop.simulator.add_order(shop.key, "card", overrides={"payment": TOLD})
    key = str(placed["key"])
    shop.run("import_orders")
    shop.run("confirm_orders")
    held = _of(shop, key)
    assert (held["payment"], held["hold_reasons"]) == ("unpaid", ["要確認"])

    shop.merchant.ok("orders", "release", held["number"], "--shop", shop.key)
    shop.ship([_of(shop, key)])
    refused = shop.merchant("run", "return_shipments", "--shop", shop.key, "--wait", "--json")
    assert refused.code == 1
    (item,) = refused.json["items"]
    assert "いつかカード" in item["reason"]
    assert f"renkei payment set --shop {shop.key}" in item["reason"]
    assert _sent(shop, key) == []

    shop.merchant.ok(
        "payment", "set", "--shop", shop.key, "--method", "いつかカード", "--as", "card"
    )
    shop.run("return_shipments")
    shop.run("complete_orders")

    assert _sent(shop, key) == ["settlement_requested", "delivery_shipped", "order_completed"]
    after = _of(shop, key)
    assert (after["payment"], after["api_status"]) == ("paid", "tracking_returned")


def _of(shop: Shop, key: str) -> Document:
    (found,) = [order for order in shop.orders() if order["cart_order_key"] == key]
    return found


def _sent(shop: Shop, key: str) -> list[str]:
    kinds = ("settlement_requested", "delivery_shipped", "order_completed")
    return [effect["kind"] for effect in shop.effects(*kinds) if effect["key"] == key]
