"""A database that was set back to an earlier time is noticed before anything is sent (PLC-2)."""

import pytest

from tests.component.engine_bench import Bench, BenchShop
from workers.calls import lost_time

BOTH = pytest.mark.parametrize("cart", ["shopserve", "thebase"])
SENDS = ("confirm", "settlement_request", "ship", "dispatch", "complete", "stock_set")


@pytest.fixture(autouse=True)
def _looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was seen in the last seconds counts, too."""
    monkeypatch.setattr(lost_time, "LOOK_EVERY_S", 0.0)


def set_back(bench: Bench) -> None:
    """Do what matters of a restore: newer runs are gone, connections have ended."""
    bench.sql("delete from runs where id > (select min(id) from runs)")
    bench.sql("select setval('runs_id_seq', max(id)) from runs")
    bench.process.database.dispose()
    bench.process.directory.forget_all()


def worked_with(bench: Bench, cart: str) -> BenchShop:
    shop = bench.shop(cart, "card")
    shop.run("import_orders")
    shop.run("import_orders")
    return shop


@BOTH
def test_plc_2_nothing_is_called_once_the_database_has_lost_time(bench: Bench, cart: str) -> None:
    shop = worked_with(bench, cart)
    calls, sent = shop.calls(), shop.effects(*SENDS)
    set_back(bench)

    run = shop.run("import_orders")

    assert run["state"] == "running"
    assert (shop.calls(), shop.effects(*SENDS)) == (calls, sent)
    (line,) = [line for line in shop.log() if "renkei db restored" in line["message"]]
    assert (line["level"], line["needs_person"]) == ("error", True)
    assert "renkei db restored --at TIME" in bench.renkei("doctor").out
    assert bench.renkei.read("shop", "show", shop.key)["lost_time_at"]


def test_plc_2_it_is_noticed_by_whoever_sends_first_also_when_it_never_saw_the_lost_time(
    bench: Bench,
) -> None:
    shop = worked_with(bench, "thebase")
    bench.process.gate_tools.lost_time._highest.clear()
    set_back(bench)

    assert shop.run("import_orders")["state"] == "running"


def test_plc_2_a_run_that_was_thrown_away_for_its_age_is_not_missed(bench: Bench) -> None:
    shop = worked_with(bench, "thebase")
    key = bench.process.redis.keys("renkei:highest-run:*")[0]
    bench.process.redis.set(key, b"1:1")
    bench.sql("delete from runs where id < (select max(id) from runs)")
    bench.process.gate_tools.lost_time._highest.clear()
    bench.process.database.dispose()

    assert shop.run("import_orders")["state"] == "succeeded"


def test_plc_2_every_shop_waits_not_only_the_one_whose_call_noticed_it(bench: Bench) -> None:
    shop, other = worked_with(bench, "thebase"), bench.shop("shopserve", "card")
    set_back(bench)
    shop.run("import_orders")
    calls = other.calls()

    other.run("import_orders")

    assert other.calls() == calls


@pytest.mark.parametrize("left", [None, b"\xff garbage"])
def test_plc_2_redis_that_lost_or_broke_what_it_remembered_stops_nobody(
    bench: Bench, left: bytes | None
) -> None:
    shop = worked_with(bench, "thebase")
    for key in bench.process.redis.keys("renkei:highest-run:*"):
        if left is None:
            bench.process.redis.delete(key)
        else:
            bench.process.redis.set(key, left)
    bench.process.database.dispose()

    assert shop.run("import_orders")["state"] == "succeeded"


def test_plc_2_another_installation_with_the_same_redis_is_not_taken_for_this_one(
    bench: Bench,
) -> None:
    shop = worked_with(bench, "thebase")
    bench.sql("update installation set id = gen_random_uuid()")
    set_back(bench)

    assert shop.run("import_orders")["state"] == "succeeded"
