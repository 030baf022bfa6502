"""Sync stock against a real database and both carts (STK-1 to STK-4, STK-7)."""

import pytest

from simulator.client import Document
from tests.component.engine_bench import Bench, BenchShop, figures, reasons

BOTH = pytest.mark.parametrize("cart", ["shopserve", "thebase"])


def mapped(bench: Bench, cart: str, items: int = 3, **plan: object) -> BenchShop:
    shop = bench.shop(cart, items=items, **plan)
    shop.map_items()
    for row in shop.simulated.items:
        bench.renkei.ok("stock", "set", row["sku"], "20")
    return shop


def pushed(bench: Bench, *, by: str = "sku") -> dict[str, int]:
    """Return the newest number each SKU was set to."""
    return {effect[by]: effect["new"] for effect in bench.simulator.effects(["stock_set"])}


def held(shop: BenchShop, sku: str) -> Document:
    return next(row for row in shop.bench.simulator.stock(shop.key) if row["sku"] == sku)


@BOTH
def test_stk_01_what_changed_is_pushed_and_a_second_run_calls_nothing(
    bench: Bench, cart: str
) -> None:
    shop = mapped(bench, cart)
    skus = [row["sku"] for row in shop.simulated.items]

    first, second = shop.run("sync_stock"), shop.run("sync_stock")
    bench.renkei.ok("stock", "adjust", skus[1], "-3")
    third = shop.run("sync_stock")

    assert figures(first) == ("succeeded", 3, 0, 0)
    assert (second["items"], second["calls"]) == ([], 0)
    assert [item["key"] for item in third["items"]] == [skus[1]]
    assert {sku: held(shop, sku)["quantity"] for sku in skus} == {
        skus[0]: 20,
        skus[1]: 17,
        skus[2]: 20,
    }


@BOTH
def test_stk_01_an_order_changes_the_free_stock_of_all_the_merchants_shops(
    bench: Bench, cart: str
) -> None:
    shop = mapped(bench, cart)
    sister = bench.shop("shopserve" if cart == "thebase" else "thebase", items=3)
    for ours, theirs in zip(shop.simulated.items, sister.simulated.items, strict=True):
        sister.map_items([{**theirs, "sku": ours["sku"]}])
    shop.run("sync_stock")
    sister.run("sync_stock")
    key = shop.add("card")
    shop.run("import_orders")
    (fact,) = (fact for fact in bench.simulator.orders(shop.key) if fact["key"] == key)
    ((sku, pieces),) = fact["skus"].items()

    runs = [one.run("sync_stock") for one in (shop, sister)]

    assert [[item["key"] for item in run["items"]] for run in runs] == [[sku], [sku]]
    assert held(shop, sku)["quantity"] == 20 - pieces


@BOTH
def test_stk_01_a_parcel_that_leaves_changes_no_free_stock_and_is_not_pushed(
    bench: Bench, cart: str
) -> None:
    shop = mapped(bench, cart)
    shop.add("card")
    shop.run("import_orders")
    shop.run("sync_stock")

    shop.ship_all()
    run = shop.run("sync_stock")

    assert shop.only()["status"] == "shipped"
    assert (run["items"], run["calls"]) == ([], 0)


def test_stk_01_a_changed_mapping_notice_number_or_unlimited_flag_is_pushed(bench: Bench) -> None:
    shop = mapped(bench, "shopserve", items=1)
    (row,) = shop.simulated.items
    shop.run("sync_stock")
    words = ("mapping", "set", "--shop", shop.key, "--item", row["item"], "--sku", row["sku"])

    counts = []
    for more in ((), ("--low-stock", "4"), ("--low-stock", "4"), ("--unlimited",)):
        shop.command(*words, *more)
        counts.append(shop.run("sync_stock")["succeeded"])

    assert counts == [0, 1, 0, 1]
    assert held(shop, row["sku"])["unlimited"]


@BOTH
def test_stk_02_free_stock_is_never_sent_below_nothing(bench: Bench, cart: str) -> None:
    shop = bench.shop(cart, items=1)
    shop.map_items()
    shop.add("card")
    shop.run("import_orders")  # secured without a piece on hand
    shop.stock_up(0)

    shop.run("sync_stock")

    (stock,) = bench.renkei.read("stock", "list")
    assert stock["secured"] > stock["on_hand"] == 0
    assert set(pushed(bench).values()) == {0}


def test_stk_02_shopserve_gets_the_notice_number_and_at_most_9999(bench: Bench) -> None:
    shop = bench.shop("shopserve", items=1)
    (row,) = shop.simulated.items
    words = ("mapping", "set", "--shop", shop.key, "--item", row["item"], "--sku", row["sku"])
    shop.command(*words, "--low-stock", "7")
    bench.renkei.ok("stock", "set", row["sku"], "12000")

    run = shop.run("sync_stock")

    stock = held(shop, row["sku"])
    assert figures(run) == ("succeeded", 1, 0, 0)
    assert (stock["quantity"], stock["alert_threshold"]) == (9999, 7)
    assert any(line["level"] == "warning" and row["sku"] in line["message"] for line in shop.log())


def test_stk_02_without_a_notice_number_the_carts_own_is_kept(bench: Bench) -> None:
    shop = mapped(bench, "shopserve", items=1)
    (row,) = shop.simulated.items

    shop.run("sync_stock")

    assert held(shop, row["sku"])["alert_threshold"] == row["alert_threshold"]
    assert shop.calls("stock.read") == shop.calls("stock.write") == 1


@BOTH
def test_stk_03_variations_are_set_one_by_one(bench: Bench, cart: str) -> None:
    shop = mapped(bench, cart, items=2, variations=1)

    run = shop.run("sync_stock")

    assert run["state"] == "succeeded"
    assert run["succeeded"] == len(shop.simulated.items) > 2
    assert all(row["quantity"] == 20 for row in bench.simulator.stock(shop.key))


def test_stk_03_an_answer_that_holds_another_number_is_a_failure(bench: Bench) -> None:
    shop = mapped(bench, "thebase", items=1)
    (row,) = shop.simulated.items
    other = f'{{"item":{{"item_id":{row["item"]},"stock":3,"variations":[]}}}}'

    with bench.fault("respond", when="after", endpoint="items.edit_stock", status=200, body=other):
        run = shop.run("sync_stock")
    healed = shop.run("sync_stock")

    assert figures(run) == ("failed", 0, 1, 0)
    assert figures(healed) == ("succeeded", 1, 0, 0)


@BOTH
def test_stk_04_an_item_the_shop_lost_fails_with_its_reason_until_it_is_unmapped(
    bench: Bench, cart: str
) -> None:
    shop = mapped(bench, cart)
    gone = shop.simulated.items[0]
    bench.simulator.remove_item(shop.key, gone["item"])

    runs = [shop.run("sync_stock") for _ in range(3)]
    shop.command("mapping", "remove", "--shop", shop.key, "--item", gone["item"])
    last = shop.run("sync_stock")

    assert figures(runs[0]) == ("partly_failed", 2, 1, 0)
    assert [figures(run) for run in runs[1:]] == [("failed", 0, 1, 0)] * 2
    assert all(reasons(run)[gone["sku"]] for run in runs)
    assert gone["sku"] in shop.messages()
    assert last["items"] == []
    assert [row["state"] for row in bench.renkei.read("dead", "list")] == ["closed"]


@BOTH
def test_stk_04_a_failed_sku_is_tried_again_and_closes_its_dead_letter(
    bench: Bench, cart: str
) -> None:
    shop = mapped(bench, cart)
    endpoint = "stock.write" if cart == "shopserve" else "items.edit_stock"

    with bench.fault("respond", endpoint=endpoint, count=1, status=400, body='{"error":"x"}'):
        failed = shop.run("sync_stock")
    healed = shop.run("sync_stock")

    assert figures(failed) == ("partly_failed", 2, 1, 0)
    assert figures(healed) == ("succeeded", 1, 0, 0)
    assert [row["state"] for row in bench.renkei.read("dead", "list")] == ["closed"]


@BOTH
def test_stk_07_a_set_is_as_many_as_its_scarcest_component_allows(bench: Bench, cart: str) -> None:
    shop = mapped(bench, cart)
    product, part, other = (row["sku"] for row in shop.simulated.items)
    bench.renkei.ok("stock", "set", part, "7")
    bench.renkei.ok("sets", "set", product, f"{part}=2", f"{other}=1")
    shop.run("sync_stock")
    before = held(shop, product)["quantity"]
    bench.renkei.ok("stock", "set", part, "3")

    run = shop.run("sync_stock")

    assert before == 3
    assert {item["key"] for item in run["items"]} == {product, part}
    assert held(shop, product)["quantity"] == 1
