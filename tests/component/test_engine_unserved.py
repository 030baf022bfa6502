"""Shops that their cart does not serve for now: only its own words stop a shop (CLS-9)."""

import pytest

from tests.component.engine_bench import Bench, BenchShop
from workers.engine import planner

BOTH = pytest.mark.parametrize("cart", ["shopserve", "thebase"])
PUSH = {"shopserve": "stock.write", "thebase": "items.edit_stock"}
LIST = {"shopserve": "orders.search", "thebase": "orders.list"}
FIREWALL = {"status": 403, "body": "<html>403 Forbidden</html>", "content_type": "text/html"}
IN_BETWEEN = [
    pytest.param(FIREWALL, id="firewall"),
    pytest.param({"status": 302, "headers": {"Location": "https://example.jp/"}}, id="redirect"),
    *(pytest.param({"status": status}, id=str(status)) for status in (401, 404, 408, 413, 425)),
    pytest.param({"status": 503, "body": "{}"}, id="503"),
]


def _stocked(bench: Bench, cart: str, items: int = 4) -> BenchShop:
    shop = bench.shop(cart, items=items)
    shop.map_items()
    shop.stock_up(30)
    return shop


def _waits_s(bench: Bench, shop: BenchShop) -> float:
    (waits,) = bench.column(
        "select extract(epoch from p.until - now()) from shop_pauses p"
        " join shops s on s.id = p.shop_id where s.key = :key and p.ended_at is null",
        key=shop.key,
    )
    return float(waits)


def _shown(shop: BenchShop) -> set[int]:
    return {row["quantity"] for row in shop.bench.simulator.stock(shop.key)}


@BOTH
@pytest.mark.parametrize("answer", IN_BETWEEN)
def test_cls_9_what_is_not_the_carts_own_word_ends_no_item_and_stops_no_shop_for_good(
    bench: Bench, cart: str, answer: dict[str, object]
) -> None:
    shop = _stocked(bench, cart)
    with bench.fault("respond", endpoint=PUSH[cart], shop=shop.key, count=3, **answer):
        run = shop.run("sync_stock")

    assert (run["state"], run["succeeded"], run["failed"]) == ("succeeded", 4, 0)
    assert {item["attempts"] for item in run["items"]} == {1}
    assert bench.renkei.read("dead", "list") == []
    assert bench.column("select count(*) from shops where auth_failed_at is not null") == [0]
    assert _shown(shop) == {30}
    assert not any(line["needs_person"] for line in shop.log())


@BOTH
def test_cls_9_one_call_at_a_time_finds_out_at_growing_gaps_for_the_whole_shop(
    bench: Bench, cart: str
) -> None:
    shop, other = _stocked(bench, cart, items=8), _stocked(bench, cart)
    with bench.fault("respond", shop=shop.key, **FIREWALL):
        run = shop.run("sync_stock")
        shop.scheduled("import_orders")
        called = shop.calls()
        waits = [_waits_s(bench, shop)]
        for _ in range(6):
            bench.sql("update shop_pauses set until = now() where ended_at is null")
            bench.drain()
            waits.append(_waits_s(bench, shop))

        assert other.run("sync_stock")["state"] == "succeeded"

    assert run["state"] == "running"
    assert called <= 4 + 3  # those under way, and the three first tries, which the bench skips
    assert shop.calls() == called + 6
    assert [round(wait, -1) for wait in waits] == [40, 80, 160, 320, 640, 900, 900]
    bench.sql("update shop_pauses set until = now() where ended_at is null")
    bench.drain()
    assert shop.shown(run["id"])["state"] == "succeeded"
    assert bench.column("select count(*) from runs where state not in ('succeeded')") == [0]
    assert "カートからの応答が再開しました。" in shop.messages()


def test_cls_9_one_item_a_firewall_never_lets_through_does_not_stop_the_others(
    bench: Bench,
) -> None:
    shop = _stocked(bench, "shopserve", items=6)
    walled = shop.simulated.items[0]["item"]
    with bench.fault("respond", path=f"/items/{walled}/stock", method="PUT", **FIREWALL):
        run = shop.run("sync_stock")
        waits_s = bench.column(
            "select extract(epoch from due_at - now()) from run_items where state = 'due'"
        )

    assert run["state"] == "running"
    assert sum(item["state"] == "succeeded" for item in run["items"]) == 5
    assert len(waits_s) == 1  # itself ever more rarely


@BOTH
def test_cls_9_a_wait_of_days_is_in_the_log_tried_every_quarter_and_ended_by_a_person(
    bench: Bench, cart: str
) -> None:
    shop = _stocked(bench, cart)
    asked = {"status": 429, "headers": {"Retry-After": "999999"}}
    with bench.fault("respond", endpoint=PUSH[cart], shop=shop.key, **asked):
        run = shop.run("sync_stock")
        waits_s = _waits_s(bench, shop)
    called = shop.calls(PUSH[cart])

    bench.drain()

    assert 600 < waits_s <= 900
    assert (shop.calls(PUSH[cart]), shop.shown(run["id"])["state"]) == (called, "running")
    assert "999999" in shop.messages()
    bench.renkei.ok("shop", "unpark", shop.key)
    bench.drain()
    assert shop.shown(run["id"])["state"] == "succeeded"
    assert _shown(shop) == {30}


def test_cls_9_a_manual_run_ends_a_wait_too(bench: Bench) -> None:
    shop = _stocked(bench, "thebase")
    asked = {"status": 429, "headers": {"Retry-After": "999999"}}
    with bench.fault("respond", endpoint="items.edit_stock", **asked):
        waiting = shop.scheduled("sync_stock")

    assert shop.run("import_orders")["state"] == "succeeded"
    assert shop.shown(waiting["id"])["state"] == "succeeded"


EFFECTS = [
    pytest.param("shopserve", "settlement.request", "settlement_requested", id="settlement"),
    pytest.param("thebase", "orders.edit_status", "line_dispatched", id="dispatch"),
]


@pytest.mark.parametrize(("cart", "endpoint", "effect"), EFFECTS)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("answer", [FIREWALL, {"status": 429}, {"status": 503, "body": "busy"}])
def test_cls_9_a_settlement_or_dispatch_answered_by_something_else_is_in_doubt_and_happens_once(
    bench: Bench, cart: str, endpoint: str, effect: str, when: str, answer: dict[str, object]
) -> None:
    shop = bench.shop(cart, "card")
    shop.ready_to_return()
    with bench.fault("respond", endpoint=endpoint, when=when, count=1, **answer):
        run = shop.run("return_shipments")
    doubts = bench.column("select count(*) from effects where state = 'unknown'")
    for _ in range(2):
        bench.later(seconds=100)

    if when == "before":  # what has happened may have been read meanwhile
        assert doubts == [1]
    assert shop.shown(run["id"])["state"] == "succeeded"
    assert len(shop.effects(effect)) == 1


@BOTH
def test_cls_9_a_503_closes_the_cart_only_when_a_second_shop_gets_it_within_a_minute(
    bench: Bench, cart: str
) -> None:
    first, second, third = (_stocked(bench, cart) for _ in range(3))
    with bench.fault("respond", cart=cart, endpoint=PUSH[cart], status=503, body="busy"):
        assert first.run("sync_stock")["state"] == "running"
        assert bench.column("select count(*) from closures where source = 'detected'") == [0]
        assert second.run("sync_stock")["state"] == "closed"
        assert third.run("sync_stock")["state"] == "closed"

    assert third.calls() == 0
    assert bench.column("select api from closures where source = 'detected'") == ["stock"]


def test_cls_9_a_discovered_closure_leaves_shops_of_another_address_alone(bench: Bench) -> None:
    shop, elsewhere = bench.shop("thebase", "card"), bench.shop("thebase", "card")
    bench.sql(
        "update shops set api_url = replace(api_url, '127.0.0.1', 'localhost') where key = :key",
        key=elsewhere.key,
    )
    bench.simulator.close("thebase", shop=shop.key)

    assert shop.run("import_orders")["state"] == "closed"
    assert elsewhere.run("import_orders")["state"] == "succeeded"


def test_cls_9_a_token_address_behind_a_firewall_postpones_the_shop(bench: Bench) -> None:
    shop = _stocked(bench, "thebase")
    bench.sql("update shops set access_expires_at = now()")
    with bench.fault("respond", endpoint="oauth.token", count=2, **FIREWALL):
        run = shop.run("sync_stock")

    assert (run["state"], run["failed"]) == ("succeeded", 0)
    assert bench.column("select count(*) from shops where auth_failed_at is not null") == [0]


def test_cls_9_token_care_waits_at_growing_gaps_too(bench: Bench) -> None:
    shop = bench.shop("thebase")
    bench.sql("update shops set access_expires_at = now()")
    with bench.fault("respond", endpoint="oauth.token", **FIREWALL):
        waits = []
        for calls in (1, 2, 3):
            for _ in range(2):
                bench.process.token_care.refresh_ending()
            assert shop.calls("oauth.token") == calls
            waits.append(round(_waits_s(bench, shop) / 5))
            bench.sql("update shop_pauses set until = now()")
            bench.process.pauses.forget()
    bench.process.token_care.refresh_ending()

    assert waits == [1, 2, 4]
    assert bench.column("select count(*) from shop_pauses where ended_at is null") == [0]


def test_cls_10_half_a_minute_of_401_with_fresh_tokens_locks_no_base_shop_out(bench: Bench) -> None:
    shops = [_stocked(bench, "thebase") for _ in range(3)]
    said = '{"error": "invalid_request", "error_description": "アクセストークンが無効です。"}'
    with bench.fault("respond", endpoint="items.edit_stock", status=401, body=said):
        runs = [shop.run("sync_stock") for shop in shops]
    bench.later(seconds=60)

    assert [run["state"] for run in runs] == ["running"] * 3
    assert [shop.shown(run["id"])["state"] for shop, run in zip(shops, runs, strict=True)] == [
        "succeeded"
    ] * 3
    assert bench.renkei.read("dead", "list") == []


def test_cls_9_work_that_waits_starts_no_more_runs(bench: Bench) -> None:
    shop = _stocked(bench, "thebase")
    bench.sql("update robots set enabled = true, next_due_at = now()")
    with bench.fault("respond", shop=shop.key, **FIREWALL):
        shop.run("sync_stock")
        started = planner.start_due_runs(bench.process, "import_orders")

    assert started == 0


def test_cls_9_a_token_address_that_is_no_carts_is_tried_at_growing_gaps(bench: Bench) -> None:
    """Each item asks for a token before it asks for leave to call: one of them finds out."""
    shop = _stocked(bench, "thebase", items=8)
    bench.simulator.end_tokens(shop.key, "access")
    bench.sql("update shops set access_expires_at = now() where key = :key", key=shop.key)
    bench.process.token_tools.cache.forget(
        bench.column("select id from shops where key = :key", key=shop.key)[0]
    )
    with bench.fault("respond", endpoint="oauth.token", shop=shop.key, **FIREWALL):
        run = shop.run("sync_stock")
        called = shop.calls("oauth.token")
        waits = [_waits_s(bench, shop)]
        for _ in range(6):
            bench.sql("update shop_pauses set until = now() where ended_at is null")
            bench.drain()
            waits.append(_waits_s(bench, shop))

    assert called <= 4 + 3
    assert shop.calls("oauth.token") == called + 6
    assert [round(wait, -1) for wait in waits] == [40, 80, 160, 320, 640, 900, 900]
    bench.sql("update shop_pauses set until = now() where ended_at is null")
    bench.drain()
    assert shop.shown(run["id"])["state"] == "succeeded"
