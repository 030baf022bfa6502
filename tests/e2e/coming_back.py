"""A shop that goes in the middle of its day and comes back (SHP-1)."""

from tests.e2e.installation import Shop

ABANDON = ("--abandon", "--reason", "it moves")


def go_and_come_back(shop: Shop) -> None:
    """Remove a shop with its orders waiting and add it again: each order stands once."""
    before = shop.orders()
    refused = shop.merchant("shop", "remove", shop.key)
    gone = shop.merchant.quick("shop", "remove", shop.key, *ABANDON)
    marked = shop.orders()
    shop.add()
    run = shop.run("import_orders")

    assert (refused.code, gone["abandoned"]["waiting"]) == (1, len(before))
    assert {order["shop_removed"] for order in marked} == {True}
    assert run["succeeded"] == 0
    assert shop.orders() == before
