"""Full compare (STK-6) with a real database and both carts."""

import json

import pytest

from simulator.client import Document
from tests.component.compare_samples import drift, in_step, shown
from tests.component.engine_bench import Bench, BenchShop, figures
from workers.actions import compare_stock
from workers.engine import executor, planner

CARTS = ("thebase", "shopserve")


def compare(shop: BenchShop) -> Document:
    return shop.run("sync_stock", "--compare")


def skus(run: Document) -> list[str]:
    return sorted(item["key"] for item in run["items"])


@pytest.mark.parametrize("cart", CARTS)
def test_stk_06_only_what_differs_is_pushed(bench: Bench, cart: str) -> None:
    shop = in_step(bench, cart, items=3, variations=0.5)
    one, *_, other = shop.simulated.items
    drift(shop, one, 3)
    drift(shop, other, 99)
    before = len(shop.effects("stock_set"))

    run = compare(shop)

    assert (figures(run), skus(run)) == (("succeeded", 2, 0, 0), sorted({one["sku"], other["sku"]}))
    assert set(shown(shop).values()) == {10}
    assert len(shop.effects("stock_set")) - before == 2
    assert "2件を送信対象にしました" in shop.messages()


@pytest.mark.parametrize("cart", CARTS)
def test_stk_06_a_shop_in_step_is_only_read(bench: Bench, cart: str) -> None:
    shop = in_step(bench, cart)
    before, calls = len(shop.effects("stock_set")), shop.calls()

    run = compare(shop)

    assert (run["state"], run["items"], run["mode"]) == ("succeeded", [], "compare")
    assert len(shop.effects("stock_set")) == before
    assert run["calls"] == shop.calls() - calls
    assert run["calls"] == (6 if cart == "shopserve" else run["calls"])


def test_stk_06_a_long_list_is_compared_page_by_page(bench: Bench) -> None:
    shop = in_step(bench, "thebase", items=120)
    for row in shop.simulated.items[::40]:
        drift(shop, row, 1)

    run = compare(shop)

    assert figures(run) == ("succeeded", 3, 0, 0)
    assert set(shown(shop).values()) == {10}


def test_stk_06_notice_number_and_unlimited_are_compared_too(bench: Bench) -> None:
    shop = in_step(bench, "shopserve", items=3)
    notice, unlimited, _ = shop.simulated.items
    for row, words in ((notice, ("--low-stock", "2")), (unlimited, ("--unlimited",))):
        target = ("--shop", shop.key, "--item", row["item"], "--sku", row["sku"])
        shop.command("mapping", "set", *target, *words)
    shop.run("sync_stock")
    drift(shop, unlimited, 5)
    body = {"item": notice["item"], "quantity": 10, "alert_threshold": 7}
    bench.simulator._call("PUT", f"/stock/{shop.key}", body)

    run = compare(shop)

    after = {row["item"]: row for row in bench.simulator.stock(shop.key)}
    assert skus(run) == sorted([notice["sku"], unlimited["sku"]])
    assert after[notice["item"]]["alert_threshold"] == 2
    assert after[unlimited["item"]]["unlimited"]
    assert compare(shop)["items"] == []


def test_stk_06_and_stk_07_a_set_product_is_compared_with_what_its_parts_allow(
    bench: Bench,
) -> None:
    shop = in_step(bench, "thebase", items=3)
    whole, part, _ = shop.simulated.items
    shop.command("sets", "set", whole["sku"], f"{part['sku']}=3")
    shop.run("sync_stock")
    drift(shop, whole, 10)

    run = compare(shop)

    assert skus(run) == [whole["sku"]]
    assert shown(shop)[whole["sku"]] == 3


@pytest.mark.parametrize("cart", CARTS)
def test_stk_04_and_stk_06_an_item_the_shop_does_not_list_is_a_failure_with_its_reason(
    bench: Bench, cart: str
) -> None:
    shop = in_step(bench, cart)
    gone = shop.simulated.items[0]
    bench.simulator.remove_item(shop.key, gone["item"])

    run = compare(shop)

    assert figures(run) == ("failed", 0, 1, 0)
    assert gone["item"] in run["items"][0]["reason"]
    assert "1件が店舗の商品一覧にありません" in shop.messages()
    assert skus(shop.run("sync_stock")) == [gone["sku"]]


UNREADABLE = {
    "a kind of counting nobody knows": {
        "status": 200,
        "body": '{"stock": {"management_type": "PerLot", "management_item": {"quantity": 3}}}',
    },
    "no number": {
        "status": 200,
        "body": '{"stock": {"management_type": "Item", "management_item": {"quantity": null}}}',
    },
    "refused": {"status": 422, "body": '{"error_code": "E422", "message": "対象外です"}'},
}


@pytest.mark.parametrize("answer", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_stk_06_an_item_the_shop_does_not_tell_is_left_alone_and_the_others_compared(
    bench: Bench, answer: Document
) -> None:
    shop = in_step(bench, "shopserve", items=4)
    hidden, differing, *_ = shop.simulated.items
    drift(shop, hidden, 3)
    drift(shop, differing, 3)

    with bench.fault("respond", path=f"/{hidden['item']}/stock$", method="GET", **answer):
        run = compare(shop)

    assert (figures(run), skus(run)) == (("succeeded", 1, 0, 0), [differing["sku"]])
    assert (shown(shop)[hidden["sku"]], shown(shop)[differing["sku"]]) == (3, 10)
    (line,) = [line for line in shop.log() if f"商品 {hidden['item']}の在庫" in line["message"]]
    assert (line["level"], line["needs_person"]) == ("warning", True)
    assert "店舗の商品一覧にありません" not in shop.messages()


@pytest.mark.parametrize(
    ("cart", "endpoint"), [("shopserve", "items.search"), ("thebase", "items.list")]
)
def test_stk_06_a_row_of_the_item_list_without_its_key_stops_no_compare(
    bench: Bench, cart: str, endpoint: str
) -> None:
    shop = in_step(bench, cart, items=3)
    row = shop.simulated.items[0]
    drift(shop, row, 3)
    name = "contents" if cart == "shopserve" else "items"
    body = json.dumps({"total_count": 1, name: [{"item_name": "?"}]})

    with bench.fault("respond", endpoint=endpoint, count=1, status=200, body=body):
        run = compare(shop)

    assert run["failed"] == 0
    assert shown(shop)[row["sku"]] == 10
    assert "商品一覧の1件目" in shop.messages()


def test_stk_06_what_waits_for_a_push_goes_first_and_is_pushed_once(bench: Bench) -> None:
    shop = in_step(bench, "thebase")
    changed, differing, *_ = shop.simulated.items
    shop.command("stock", "set", changed["sku"], "4")
    drift(shop, differing, 1)
    drift(shop, changed, 1)
    before = len(shop.effects("stock_set"))

    run = compare(shop)

    told = [effect["sku"] for effect in shop.effects("stock_set")[before:]]
    assert told == [changed["sku"], differing["sku"]]
    assert figures(run) == ("succeeded", 2, 0, 0)
    assert (shown(shop)[changed["sku"]], shown(shop)[differing["sku"]]) == (4, 10)


def test_stk_05_a_push_that_is_newer_than_the_list_is_left_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = in_step(bench, "thebase")
    row = shop.simulated.items[0]
    drift(shop, row, 3)
    original = compare_stock._differing

    def push_meanwhile(*arguments: object) -> object:
        bench.sql(
            "update stock_pushes p set wanted_version = wanted_version + 1,"
            " pushed_version = pushed_version + 1 from skus s where s.id = p.sku_id"
            " and s.code = :code",
            code=row["sku"],
        )
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(compare_stock, "_differing", push_meanwhile)

    assert compare(shop)["items"] == []


def test_stk_06_a_list_that_breaks_off_is_read_again(bench: Bench) -> None:
    shop = in_step(bench, "shopserve")
    drift(shop, shop.simulated.items[-1], 3)
    with bench.fault("respond", path="/stock$", skip=2, count=1, status=500):
        asked = bench.renkei.read("run", "sync_stock", "--shop", shop.key, "--compare")
        bench.drain()
    bench.later(seconds=60)

    run = shop.shown(asked["id"])

    assert figures(run) == ("succeeded", 1, 0, 0)
    assert set(shown(shop).values()) == {10}
    assert run["calls"] == 4 + 6 + 2  # broken off at the third item; the whole list; one push


def test_cls_01_a_compare_in_maintenance_closes_and_what_it_found_is_not_lost(
    bench: Bench,
) -> None:
    shop = in_step(bench, "shopserve")
    drift(shop, shop.simulated.items[0], 3)
    bench.simulator.close("shopserve", "stock")

    run = compare(shop)

    assert run["state"] == "closed"
    assert "メンテナンス期間中" in shop.messages()


def under_way(bench: Bench) -> tuple[BenchShop, int]:
    """A compare with three differing SKUs planned, none pushed yet."""
    shop = in_step(bench, "thebase")
    for row in shop.simulated.items[:3]:
        drift(shop, row, 1)
    bench.sql("update shops set in_flight = 1 where key = :key", key=shop.key)
    asked = bench.renkei.read("run", "sync_stock", "--shop", shop.key, "--compare")
    planner.plan_run(bench.process, asked["id"])
    bench.sql("update robots set enabled = true where action = 'sync_stock'")
    return shop, int(asked["id"])


def test_stk_06_a_compare_under_way_yields_to_skus_that_change(bench: Bench) -> None:
    shop, run_id = under_way(bench)
    differing, fresh = shop.simulated.items[2], shop.simulated.items[4]
    shop.command("stock", "set", fresh["sku"], "5")
    shop.command("stock", "set", differing["sku"], "6")
    before = len(shop.effects("stock_set"))

    assert compare_stock.yield_to_changed(bench.process) == 2
    assert compare_stock.yield_to_changed(bench.process) == 0
    bench.drain()

    told = [effect["sku"] for effect in shop.effects("stock_set")[before:]]
    # The first item was on its way already; then come the two that changed.
    assert set(told[1:3]) == {fresh["sku"], differing["sku"]}
    assert len(told) == 4
    assert figures(shop.shown(run_id)) == ("succeeded", 4, 0, 0)
    assert shown(shop)[fresh["sku"]] == 5


def test_stk_06_a_sku_that_changes_again_is_pushed_again_in_the_same_compare(
    bench: Bench,
) -> None:
    shop, run_id = under_way(bench)
    (first,) = bench.column("select id from run_items where state = 'queued'")
    (sku,) = bench.column("select key from run_items where id = :id", id=first)
    executor.work_on(bench.process, first)
    shop.command("stock", "set", sku, "2")

    assert compare_stock.yield_to_changed(bench.process) == 1
    bench.drain()

    assert shown(shop)[sku] == 2
    assert figures(shop.shown(run_id)) == ("succeeded", 3, 0, 0)


def test_stk_06_a_compare_that_has_only_others_work_left_comes_to_an_end(bench: Bench) -> None:
    shop, run_id = under_way(bench)
    bench.drain()
    shop.command("stock", "set", shop.simulated.items[4]["sku"], "5")

    assert compare_stock.yield_to_changed(bench.process) == 0
    assert shop.shown(run_id)["state"] == "succeeded"
