"""What a status run over many open orders costs, through real processes (STS-8)."""

from tests.e2e.installation import Merchant


def test_sts_08_two_hundred_open_base_orders_cost_five_calls_and_one_per_changed_order(
    merchant: Merchant,
) -> None:
    """STS-8: list pages over the open orders; a paid transfer is read whole."""
    shop = merchant.shop("thebase", orders=200, recipes=["bank_unpaid", "convenience_unpaid"])
    imported = shop.run("import_orders")

    unchanged = shop.run("sync_status")
    for order in shop.orders()[:6]:
        shop.change(order["cart_order_key"], "pay")
    changed = shop.run("sync_status")

    assert imported["succeeded"] == 200
    assert (unchanged["succeeded"], unchanged["failed"]) == (0, 0)
    assert unchanged["calls"] <= 5
    assert changed["succeeded"] == 6
    assert changed["calls"] <= 5 + 6


def test_sts_08_two_hundred_open_shopserve_orders_cost_three_calls(merchant: Merchant) -> None:
    """STS-8: open orders are read in batches."""
    shop = merchant.shop("shopserve", orders=200, recipes=["bank_unpaid"])
    shop.run("import_orders")

    unchanged = shop.run("sync_status")
    paid = [order["cart_order_key"] for order in shop.orders()[:6]]
    for key in paid:
        shop.change(key, "pay")
    changed = shop.run("sync_status")

    assert unchanged["calls"] <= 3
    assert changed["calls"] <= 3
    assert changed["succeeded"] == 6
