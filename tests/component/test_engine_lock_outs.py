"""Locked-out shops are probed and come back; several at once are an incident (CLS-10)."""

from datetime import UTC, datetime

import pytest

from tests.component.engine_bench import Bench, BenchShop
from workers.engine import planner

BOTH = pytest.mark.parametrize("cart", ["shopserve", "thebase"])
PUSH = {"shopserve": "stock.write", "thebase": "items.edit_stock"}
REFUSED = {
    "shopserve": {"status": 401, "body": '{"error_code": "E401", "message": "認証エラー"}'},
    "thebase": {"status": 400, "body": '{"error": "unauthorized_client"}'},
}
FIREWALL = {"status": 403, "body": "<html>403 Forbidden</html>", "content_type": "text/html"}


def _stocked(bench: Bench, cart: str) -> BenchShop:
    shop = bench.shop(cart, items=2)
    shop.map_items()
    shop.stock_up(30)
    return shop


def _locked(bench: Bench) -> list[str]:
    return bench.column("select key from shops where auth_failed_at is not null order by id")


def _alarms(*shops: BenchShop) -> int:
    return sum(line["needs_person"] for shop in shops for line in shop.log())


def _probe_is_due(bench: Bench) -> None:
    bench.sql("update lock_outs set probe_at = now()")


def _waits_s(bench: Bench) -> list[float]:
    found = bench.column("select extract(epoch from probe_at - now()) from lock_outs order by id")
    return [float(waits) for waits in found]


@BOTH
def test_cls_10_a_locked_out_shop_is_probed_every_quarter_and_comes_back_with_what_it_missed(
    bench: Bench, cart: str
) -> None:
    shop = _stocked(bench, cart)
    with bench.fault("respond", shop=shop.key, **REFUSED[cart]):
        shop.run("sync_stock")
        waiting = shop.scheduled("import_orders")
        called = shop.calls()
        bench.process.shop_care.look()
        assert shop.calls() == called
        for probes in (1, 2):
            _probe_is_due(bench)
            bench.process.shop_care.look()
            bench.process.shop_care.look()
            assert shop.calls() == called + probes
            assert 800 < _waits_s(bench)[0] <= 900
    assert _locked(bench) == [shop.key]

    _probe_is_due(bench)
    bench.process.shop_care.look()
    bench.drain()

    assert _locked(bench) == []
    assert shop.shown(waiting["id"])["state"] == "succeeded"
    assert shop.scheduled("sync_stock")["state"] == "succeeded"
    assert {row["quantity"] for row in bench.simulator.stock(shop.key)} == {30}
    assert {row["state"] for row in bench.renkei.read("dead", "list")} <= {"closed"}
    assert _alarms(shop) == 1


@BOTH
def test_cls_10_several_shops_refused_together_are_one_alarm_one_probe_and_all_come_back(
    bench: Bench, cart: str
) -> None:
    shops = [_stocked(bench, cart) for _ in range(4)]
    with bench.fault("respond", cart=cart, **REFUSED[cart]):
        for shop in shops:
            shop.run("sync_stock")
        assert len(_locked(bench)) == 4
        assert max(_waits_s(bench)) <= 30
        called = sum(shop.calls() for shop in shops)
        for gap in (60, 120):
            _probe_is_due(bench)
            bench.process.shop_care.look()
            assert {round(waits, -1) for waits in _waits_s(bench)} == {gap}
        assert sum(shop.calls() for shop in shops) == called + 2

    _probe_is_due(bench)
    bench.process.shop_care.look()

    assert _locked(bench) == []
    assert _alarms(*shops) == 1
    assert all("連携を再開します。" in shop.messages() for shop in shops)


def test_cls_10_another_shop_of_the_incident_is_asked_each_time(bench: Bench) -> None:
    """The one that was asked first may be refused for good."""
    broken, *others = (_stocked(bench, "shopserve") for _ in range(3))
    with bench.fault("respond", cart="shopserve", **REFUSED["shopserve"]):
        for shop in (broken, *others):
            shop.run("sync_stock")
    with bench.fault("respond", shop=broken.key, **REFUSED["shopserve"]):
        for _ in range(2):
            _probe_is_due(bench)
            bench.process.shop_care.look()
        assert _locked(bench) == []
        broken.run("sync_stock")

    assert _locked(bench) == [broken.key]
    assert _alarms(broken) == 2  # the incident's, and its own


@pytest.mark.parametrize("apart", ["time", "address", "own"])
def test_cls_10_shops_refused_for_reasons_of_their_own_are_no_incident(
    bench: Bench, apart: str
) -> None:
    first, second = bench.shop("thebase", "card"), bench.shop("thebase", "card")
    if apart == "address":
        bench.sql(
            "update shops set api_url = replace(api_url, '127.0.0.1', 'localhost')"
            " where key = :key",
            key=second.key,
        )
    if apart == "own":
        bench.sql("update shops set tokens = null")
    with bench.fault("respond", endpoint="orders.list", **REFUSED["thebase"]):
        first.run("import_orders")
        if apart == "time":
            bench.sql(
                "update shops set auth_failed_at = now() - interval '3 minutes'"
                " where auth_failed_at is not null"
            )
        second.run("import_orders")

    assert len(_locked(bench)) == 2
    assert bench.column("select count(*) from lock_outs where refusal = 'incident'") == [0]
    assert (_alarms(first), _alarms(second)) == (1, 1)


def test_cls_10_a_probe_answered_by_something_else_says_nothing(bench: Bench) -> None:
    shop = _stocked(bench, "thebase")
    with bench.fault("respond", shop=shop.key, **REFUSED["thebase"]):
        shop.run("sync_stock")
    _probe_is_due(bench)
    with bench.fault("respond", shop=shop.key, **FIREWALL):
        bench.process.shop_care.look()

    assert _locked(bench) == [shop.key]


def test_cls_10_a_daily_robot_that_was_refused_runs_when_the_shop_is_back(bench: Bench) -> None:
    shop = bench.shop("shopserve", "card")
    shop.ready_to_return()
    bench.sql(
        "update robots set enabled = true, next_due_at = now() - interval '1 s'"
        " where action = 'return_shipments'"
    )
    with bench.fault("respond", cart="shopserve", **REFUSED["shopserve"]):
        planner.start_due_runs(bench.process, "return_shipments")
        bench.drain()
    assert _locked(bench) == [shop.key]

    _probe_is_due(bench)
    bench.process.shop_care.look()
    planner.start_due_runs(bench.process, "return_shipments")
    bench.drain()

    assert len(shop.effects("settlement_requested")) == 1
    assert len(shop.effects("delivery_shipped")) == 1


def test_cls_10_a_person_tests_all_shops_and_hears_why_one_stands_still(bench: Bench) -> None:
    first, second = _stocked(bench, "shopserve"), _stocked(bench, "shopserve")
    with bench.fault("respond", shop=second.key, **REFUSED["shopserve"]):
        tested = bench.renkei("shop", "test", "--all", "--json")
        assert tested.code == 1
        assert [row["ok"] for row in tested.json] == [True, False]
        unparked = bench.renkei.ok("shop", "unpark", second.key)
        assert "refuses its credentials since" in unparked.out
        assert "refuses its credentials" in bench.renkei("doctor").out
        bench.process.shop_care.look()
        assert _locked(bench) == [second.key]

    bench.renkei.ok("shop", "test", "--all")

    assert _locked(bench) == []
    assert first.run("sync_stock")["state"] == "succeeded"


def test_cls_9_a_shop_not_served_for_ten_minutes_is_alarmed_once(bench: Bench) -> None:
    shop = _stocked(bench, "thebase")
    with bench.fault("respond", shop=shop.key, **FIREWALL):
        shop.run("sync_stock")
        bench.process.shop_care.look()
        assert _alarms(shop) == 0
        bench.sql("update shop_pauses set since = now() - interval '11 minutes'")
        for _ in range(2):
            bench.process.shop_care.look()

        shown = bench.renkei.read("shop", "show", shop.key)
        assert _alarms(shop) == 1
        assert shown["unserved_why"] == "not_the_cart"
        assert datetime.fromisoformat(shown["next_probe_at"]) > datetime.now(UTC)
        assert "is not served since" in bench.renkei("doctor").out
