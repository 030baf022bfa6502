"""What nobody counted is never told to a shop (STK-8)."""

import pytest

from simulator.client import Document
from tests.component.engine_bench import Bench, BenchShop, figures, reasons
from workers.actions import compare_stock

BOTH = pytest.mark.parametrize("cart", ["shopserve", "thebase"])
UNCOUNTED = "未カウント"


def told(bench: Bench) -> dict[str, int]:
    """Return the newest number each SKU was set to in the carts."""
    return {effect["sku"]: effect["new"] for effect in bench.simulator.effects(["stock_set"])}


def new_shop(bench: Bench, cart: str, items: int = 3) -> tuple[BenchShop, list[str]]:
    shop = bench.shop(cart, items=items)
    shop.map_items()
    return shop, [row["sku"] for row in shop.simulated.items]


def stock(bench: Bench, sku: str) -> Document:
    (found,) = bench.renkei.read("stock", "list", sku)
    return dict(found)


@BOTH
def test_stk_08_a_new_shops_stock_stays_as_it_is_until_somebody_counts(
    bench: Bench, cart: str
) -> None:
    shop, skus = new_shop(bench, cart)
    before = bench.simulator.stock(shop.key)

    runs = [shop.run("sync_stock"), shop.run("sync_stock", "--compare"), shop.run("sync_stock")]

    assert [figures(run) for run in runs] == [("succeeded", 0, 0, 0)] * 3
    assert told(bench) == {}
    assert bench.simulator.stock(shop.key) == before
    assert all(stock(bench, sku)["on_hand"] is None for sku in skus)
    assert all(stock(bench, sku)["free"] is None for sku in skus)
    assert [row["note"] for row in bench.renkei.read("mapping", "list")] == [UNCOUNTED] * 3
    assert UNCOUNTED in bench.renkei.ok("mapping", "list").out
    assert UNCOUNTED in bench.renkei.ok("stock", "list").out


@BOTH
def test_stk_08_the_log_names_what_is_not_counted_once(bench: Bench, cart: str) -> None:
    shop, skus = new_shop(bench, cart)

    for _ in range(3):
        shop.run("sync_stock")

    (line,) = [line for line in shop.log() if UNCOUNTED in line["message"]]
    assert line["needs_person"] is True
    assert all(sku in line["message"] for sku in skus)
    bench.renkei.ok("mapping", "set", "--shop", shop.key, "--item", "later", "--sku", "LATER")
    shop.run("sync_stock")
    assert [line["message"].count("LATER") for line in shop.log()].count(1) == 1


@BOTH
def test_stk_08_the_first_count_queues_the_push_whatever_it_is(bench: Bench, cart: str) -> None:
    shop, skus = new_shop(bench, cart)
    shop.run("sync_stock")

    bench.renkei.ok("stock", "set", skus[0], "0")
    bench.renkei.ok("stock", "import", "-", stdin=f"sku,on_hand\n{skus[1]},7\n")
    run = shop.run("sync_stock")

    assert sorted(reasons(run)) == sorted(skus[:2])
    assert told(bench) == {skus[0]: 0, skus[1]: 7}


def test_stk_08_an_uncounted_sku_cannot_be_adjusted(bench: Bench) -> None:
    new_shop(bench, "thebase")
    sku = bench.renkei.read("stock", "list")[0]["sku"]

    answer = bench.renkei("stock", "adjust", sku, "5")

    assert answer.code == 1
    assert UNCOUNTED in answer.err
    assert "stock set" in answer.err
    assert stock(bench, sku)["on_hand"] is None


@BOTH
def test_stk_08_and_imp_18_an_order_creates_uncounted_and_says_so_and_shipping_leaves_it_so(
    bench: Bench, cart: str
) -> None:
    shop = bench.shop(cart, items=1)
    shop.add("card")
    run = shop.run("import_orders")

    assert run["state"] == "succeeded"
    ((sku, pieces),) = {
        row["sku"]: row["secured"] for row in bench.renkei.read("stock", "list")
    }.items()
    assert pieces > 0
    assert any(sku in line["message"] and UNCOUNTED in line["message"] for line in shop.log())

    refused = bench.renkei("orders", "allocate", shop.only()["number"])
    assert (refused.code, UNCOUNTED in refused.err) == (1, True)
    shop.ship_all()

    assert shop.only()["status"] == "shipped"
    found = stock(bench, sku)
    assert (found["on_hand"], found["secured"], found["free"]) == (None, 0, None)


@BOTH
def test_stk_08_and_stk_07_a_set_is_counted_when_all_its_components_are(
    bench: Bench, cart: str
) -> None:
    shop, (gift, cup, plate) = new_shop(bench, cart)
    bench.renkei.ok("sets", "set", gift, f"{cup}=2", f"{plate}=1")
    bench.renkei.ok("stock", "set", cup, "10")
    first = shop.run("sync_stock")
    bench.renkei.ok("stock", "set", plate, "3")
    second = shop.run("sync_stock")

    assert sorted(reasons(first)) == [cup]
    assert sorted(reasons(second)) == sorted([gift, plate])
    assert told(bench) == {cup: 10, plate: 3, gift: 3}


@BOTH
def test_stk_08_a_set_that_gets_an_uncounted_part_or_ends_keeps_what_the_shop_was_told(
    bench: Bench, cart: str
) -> None:
    shop, (gift, cup, _) = new_shop(bench, cart)
    bench.renkei.ok("sets", "set", gift, f"{cup}=2")
    bench.renkei.ok("stock", "set", cup, "10")
    shop.run("sync_stock")

    bench.renkei.ok("sets", "set", gift, f"{cup}=2", "NEVER-SEEN=1")
    with_part = shop.run("sync_stock"), shop.run("sync_stock", "--compare")
    bench.renkei.ok("sets", "remove", gift)
    ended = shop.run("sync_stock"), shop.run("sync_stock", "--compare")

    assert [run["items"] for run in (*with_part, *ended)] == [[]] * 4
    assert told(bench) == {cup: 10, gift: 5}


def test_stk_08_unlimited_is_no_number_and_shopserve_is_told_it(bench: Bench) -> None:
    shop = bench.shop("shopserve", items=1)
    (row,) = shop.simulated.items
    words = ("mapping", "set", "--shop", shop.key, "--item", row["item"], "--sku", row["sku"])
    bench.renkei.ok(*words, "--unlimited")

    run = shop.run("sync_stock")

    assert figures(run) == ("succeeded", 1, 0, 0)
    (held,) = bench.simulator.stock(shop.key)
    assert held["unlimited"] is True
    (listed,) = bench.renkei.read("mapping", "list")
    assert (listed["note"], listed["waiting"]) == (UNCOUNTED, False)
    assert listed["pushed_quantity"] is None


def test_stk_08_base_has_no_unlimited_and_is_told_nothing(bench: Bench) -> None:
    shop = bench.shop("thebase", items=1)
    (row,) = shop.simulated.items
    words = ("mapping", "set", "--shop", shop.key, "--item", row["item"], "--sku", row["sku"])
    bench.renkei.ok(*words, "--unlimited")

    assert figures(shop.run("sync_stock")) == ("succeeded", 0, 0, 0)
    assert told(bench) == {}


def test_stk_08_a_compare_that_takes_over_what_changed_takes_nothing_uncounted(
    bench: Bench,
) -> None:
    """A compare under way takes over what other SKUs wait for (STK-6)."""
    _, (counted, *_) = new_shop(bench, "thebase")
    bench.renkei.ok("stock", "set", counted, "4")
    (shop_id,) = bench.column("select id from shops")
    bench.sql(
        "insert into runs (shop_id, action, mode, state)"
        " values (:shop, 'sync_stock', 'compare', 'planning')",
        shop=shop_id,
    )
    bench.sql("update robots set enabled = true where action = 'sync_stock'")

    assert compare_stock.yield_to_changed(bench.process) == 1
    assert bench.column("select key from run_items") == [counted]
