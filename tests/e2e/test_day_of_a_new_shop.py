"""The first day of a shop whose stock nobody counted, with real workers (STK-8, IMP-18)."""

import pytest

from tests.e2e.installation import Merchant, Shop

BOTH = pytest.mark.parametrize("cart", ["shopserve", "thebase"])
UNCOUNTED = "未カウント"


def shows(shop: Shop) -> dict[str, int]:
    return {row["sku"]: row["quantity"] for row in shop.simulator.stock(shop.key)}


def free(shop: Shop) -> dict[str, int | None]:
    return {row["sku"]: row["free"] for row in shop.merchant.quick("stock", "list")}


@BOTH
def test_a_new_shop_goes_on_selling_what_it_shows_and_its_numbers_are_taken_over(
    merchant: Merchant, cart: str
) -> None:
    """Mapping → nothing is pushed → stock take → pushes are equal (STK-8, STK-1)."""
    shop = merchant.shop(cart, orders=3, items=4, recipes=("card",))
    before = shows(shop)

    nothing_is_told(shop)
    assert shows(shop) == before
    take_over(shop)
    sell_and_push(shop)


def nothing_is_told(shop: Shop) -> None:
    run = shop.run("import_orders")
    assert run["succeeded"] == len(shop.facts()) == 3
    shop.merchant.quick("mapping", "fetch", "--shop", shop.key)
    shop.map_items()

    assert [shop.run("sync_stock")["items"], shop.run("sync_stock", "--compare")["items"]] == [
        [],
        [],
    ]

    assert shop.effects("stock_set") == []
    assert set(free(shop).values()) == {None}
    mapped = shop.merchant.quick("mapping", "list", "--shop", shop.key)
    assert [row["note"] for row in mapped] == [UNCOUNTED] * 4
    said = shop.merchant.quick("log", "list", "--shop", shop.key)
    assert sum(UNCOUNTED in line["message"] and "stock take" in line["message"] for line in said)


def take_over(shop: Shop) -> None:
    shown = shows(shop)
    dry = shop.merchant.ok("stock", "take", "--shop", shop.key, "--dry-run", "--json").json
    assert set(free(shop).values()) == {None}

    told = shop.merchant.ok("stock", "take", "--shop", shop.key, "--json").json

    assert [row["on_hand"] for row in told["taken"]] == [row["on_hand"] for row in dry["taken"]]
    assert (len(told["taken"]), told["left"]) == (4, [])
    assert free(shop) == shown


def sell_and_push(shop: Shop) -> None:
    """A buyer orders after the count; what the shop is told is what it shows."""
    shop.run("sync_stock")
    shop.simulator.add_order(shop.key, "card")
    shop.run("import_orders")

    shop.run("sync_stock")

    assert shows(shop) == free(shop)
