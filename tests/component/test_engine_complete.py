"""Complete orders against a real database and the simulated cart (CMP-1 to CMP-4)."""

import pytest

from tests.component.engine_bench import Bench, BenchShop, figures, reasons

QUICK = {"settlement_requested_after_s": 0.0, "settlement_scheduled_after_s": 0.0}


def returned(bench: Bench, *recipes: str) -> BenchShop:
    shop = bench.shop("shopserve", *recipes)
    shop.ready_to_return()
    run = shop.run("return_shipments")
    assert run["state"] == "succeeded", run
    return shop


def completed(shop: BenchShop) -> list[str]:
    return [effect["key"] for effect in shop.effects("order_completed")]


def test_cmp_01_only_a_returned_order_is_completed_and_only_once(bench: Bench) -> None:
    bench.simulator.settings(**QUICK)
    shop = returned(bench, "card", "cash_on_delivery")
    waiting = shop.add("card")
    shop.run("import_orders")

    first, second = shop.run("complete_orders"), shop.run("complete_orders")

    assert figures(first) == ("succeeded", 2, 0, 0)
    assert (second["items"], second["calls"]) == ([], 0)
    assert len(completed(shop)) == 2
    assert waiting not in completed(shop)
    done = {o["cart_order_key"] for o in shop.orders() if o["completed_at"]}
    assert done == set(completed(shop))


def test_cmp_02_a_card_waits_until_collection_is_scheduled(bench: Bench) -> None:
    bench.simulator.settings(settlement_requested_after_s=600.0, settlement_scheduled_after_s=600.0)
    shop = returned(bench, "card")
    (key,) = {order["cart_order_key"] for order in shop.orders()}

    early = shop.run("complete_orders")
    shop.place(key, change="set_settlement", status="Requested")
    requested = shop.run("complete_orders")
    shop.place(key, change="set_settlement", status="Collected")
    done = shop.run("complete_orders")

    assert figures(early) == figures(requested) == ("succeeded", 0, 0, 1)
    assert "回収予定" in reasons(early)[key]
    assert figures(done) == ("succeeded", 1, 0, 0)
    assert completed(shop) == [key]


@pytest.mark.parametrize("recipe", ["deferred", "np_deferred", "paidy"])
def test_cmp_02_a_deferred_method_needs_its_settlement_request(bench: Bench, recipe: str) -> None:
    shop = returned(bench, recipe)
    (key,) = {order["cart_order_key"] for order in shop.orders()}

    early = shop.run("complete_orders")
    shop.place(key, change="set_settlement", status="Requested")
    done = shop.run("complete_orders")

    assert figures(early) == ("succeeded", 0, 0, 1)
    assert figures(done) == ("succeeded", 1, 0, 0)


def test_cmp_02_a_deferred_order_past_its_request_counts_with_a_log_line(bench: Bench) -> None:
    shop = returned(bench, "deferred")
    (key,) = {order["cart_order_key"] for order in shop.orders()}
    shop.place(key, change="set_settlement", status="CollectionScheduled")

    run = shop.run("complete_orders")

    assert figures(run) == ("succeeded", 1, 0, 0)
    assert any(key in line["message"] for line in shop.log())


def test_cmp_1_what_was_cancelled_while_its_return_was_under_way_is_no_candidate(
    bench: Bench,
) -> None:
    """CMP-1: it can never be noted as completed, so every run would list it, for good."""
    shop = returned(bench, "card")
    bench.sql("update instructions set status = 'cancelled'")

    assert shop.run("complete_orders")["items"] == []


def test_cmp_03_a_split_order_waits_for_every_part_that_is_not_cancelled(bench: Bench) -> None:
    bench.simulator.settings(**QUICK)
    shop = bench.shop("shopserve", "three_destinations")
    shop.run("import_orders")
    shop.run("confirm_orders")
    shop.carries("YAMATO")
    shop.stock_up()
    first, second, third = shop.orders()
    shop.ship(first)
    shop.run("return_shipments")

    early = shop.run("complete_orders")
    shop.command("orders", "cancel", second["number"])
    shop.ship(third)
    shop.run("return_shipments")
    done = shop.run("complete_orders")

    assert figures(early) == ("succeeded", 0, 0, 1)
    assert figures(done) == ("succeeded", 1, 0, 0)
    assert completed(shop) == [first["cart_order_key"]]


def test_cmp_04_an_order_already_in_the_folder_counts_as_done(bench: Bench) -> None:
    shop = returned(bench, "cash_on_delivery")
    shop.place(shop.only()["cart_order_key"], change="complete")

    run = shop.run("complete_orders")

    assert figures(run) == ("succeeded", 1, 0, 0)
    assert shop.calls("orders.complete") == 0
    assert shop.only()["completed_at"]


def test_cmp_04_after_a_lost_answer_the_cart_is_read_first(bench: Bench) -> None:
    shop = returned(bench, "cash_on_delivery")

    with bench.fault("drop", when="after", endpoint="orders.complete", count=1):
        run = shop.run("complete_orders")

    assert figures(run) == ("succeeded", 1, 0, 0)
    assert shop.calls("orders.complete") == 1
    assert len(completed(shop)) == 1
