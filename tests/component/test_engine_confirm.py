"""Confirm orders against a real database and both carts (CNF-1 to CNF-3)."""

from tests.component.engine_bench import Bench, figures


def test_cnf_01_a_confirmed_order_becomes_printed(bench: Bench) -> None:
    shop = bench.shop("shopserve", "card")
    shop.run("import_orders")

    run = shop.run("confirm_orders")

    assert figures(run) == ("succeeded", 1, 0, 0)
    assert shop.only()["api_status"] == "printed"
    assert [effect["key"] for effect in shop.effects("order_confirmed")] == [
        shop.only()["cart_order_key"]
    ]
