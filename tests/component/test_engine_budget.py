"""Call limits (CLS-2): one budget for all robots of a shop, the most urgent work first."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from adapters.postgres.engine import lanes
from domain.engine.budget import next_hour
from tests.component.engine_bench import Bench, BenchShop
from workers.engine import planner

PER_HOUR = 5_000
# From this many calls of the hour on, which actions still call the cart.
STILL_GO = [
    (0, {"sync_stock", "sync_status", "import_orders", "return_shipments"}),
    (3_500, {"sync_status", "import_orders", "return_shipments"}),
    (4_250, {"import_orders", "return_shipments"}),
    (4_750, {"return_shipments"}),
    (5_000, set()),
]


def _id(bench: Bench, shop: BenchShop) -> int:
    (found,) = bench.column("select id from shops where key = :key", key=shop.key)
    return int(found)


def _used(bench: Bench, shop: BenchShop, count: int) -> None:
    """Have the shop's hour used up to `count`."""
    bench.process.budget.fill(_id(bench, shop), "hour", count)


def _next_hour(bench: Bench, shop: BenchShop) -> None:
    """Let the hour pass: in Redis, at the cart and in the database."""
    with Redis.from_url(bench.renkei.environment["RENKEI_REDIS_URL"]) as redis:
        redis.hincrby(f"renkei:budget:{_id(bench, shop)}", "h", -1)
    bench.simulator.change_shop(shop.key, hour_calls=0, day_calls=0)
    bench.later(hours=1)


def _stocked(bench: Bench) -> BenchShop:
    shop = bench.shop("thebase")
    shop.map_items()
    shop.stock_up(30)
    return shop


@pytest.mark.parametrize(("used", "expected"), STILL_GO)
def test_cls_2_the_more_urgent_the_work_the_longer_it_goes_on(
    bench: Bench, used: int, expected: set[str]
) -> None:
    shop = bench.shop("thebase", "card", "bank_unpaid")
    shop.ready_to_return()
    shop.map_items()
    going = set()
    for action in ("sync_stock", "sync_status", "import_orders", "return_shipments"):
        _used(bench, shop, used)
        before = shop.calls()
        run = shop.run(action)
        if shop.calls() > before:
            going.add(action)
        else:
            assert run["state"] == "running"

    assert going == expected


@pytest.mark.parametrize("limit", ["hour", "day"])
def test_cls_2_the_carts_own_limit_stops_the_shop_until_the_reset_and_no_other_shop(
    bench: Bench, limit: str
) -> None:
    shop, other = _stocked(bench), _stocked(bench)
    bench.simulator.change_shop(shop.key, **{f"{limit}_limit": 2})
    run = shop.run("sync_stock")
    told = shop.calls("items.edit_stock")
    waiting = bench.column(
        "select attempts from run_items where run_id = :run and state = 'due'", run=run["id"]
    )

    assert other.run("sync_stock")["state"] == "succeeded"
    assert (run["state"], run["failed"], run["succeeded"]) == ("running", 0, 2)
    assert told < 2 + shop.bench.column("select in_flight from shops")[0] + 1
    assert set(waiting) == {0}
    assert bench.renkei.read("dead", "list") == []

    bench.simulator.change_shop(shop.key, **{f"{limit}_limit": PER_HOUR})
    _pass(bench, shop, limit)

    after = shop.shown(run["id"])
    assert (after["state"], after["succeeded"]) == ("succeeded", len(shop.simulated.items))
    assert len(shop.effects("stock_set")) == len(shop.simulated.items)


def _pass(bench: Bench, shop: BenchShop, limit: str) -> None:
    if limit == "hour":
        _next_hour(bench, shop)
        return
    with Redis.from_url(bench.renkei.environment["RENKEI_REDIS_URL"]) as redis:
        redis.hincrby(f"renkei:budget:{_id(bench, shop)}", "d", -1)
    bench.simulator.change_shop(shop.key, hour_calls=0, day_calls=0)
    bench.later(hours=24)


def test_cls_2_a_plan_that_ran_out_of_calls_goes_on_after_the_reset_where_it_stood(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase", "card", "card")
    _used(bench, shop, PER_HOUR)
    asked = bench.renkei.read("run", "import_orders", "--shop", shop.key)
    planner.plan_run(bench.process, asked["id"])
    waiting = shop.shown(asked["id"])

    _next_hour(bench, shop)

    run = shop.shown(asked["id"])
    assert (waiting["state"], waiting["calls"]) == ("running", 0)
    assert (run["state"], run["succeeded"]) == ("succeeded", 2)


def test_cls_2_out_of_calls_a_shop_holds_no_worker(bench: Bench) -> None:
    """Its items are due at the reset, none is queued, running or in a message."""
    shop = _stocked(bench)
    _used(bench, shop, PER_HOUR)

    run = shop.run("sync_stock")

    states = bench.column("select distinct state from run_items where run_id = :id", id=run["id"])
    assert states == ["due"]
    with Redis.from_url(bench.renkei.environment["RENKEI_REDIS_URL"]) as redis:
        redis.delete("renkei:stock")
        planner.send_due(bench.process)
        assert redis.llen("renkei:stock") == 0


def test_cls_2_a_busy_answer_slows_the_shop_down_for_as_long_as_the_cart_asks(
    bench: Bench,
) -> None:
    shop = _stocked(bench)
    with bench.fault(
        "respond", endpoint="items.edit_stock", status=429, headers={"Retry-After": "120"}, count=1
    ):
        run = shop.run("sync_stock")
    called = shop.calls("items.edit_stock")

    bench.later(seconds=130)

    assert run["state"] == "running"
    assert called <= bench.column("select in_flight from shops")[0]  # those under way already
    assert shop.shown(run["id"])["state"] == "succeeded"


def test_cls_2_a_shop_asked_to_wait_an_hour_is_not_asked_again_by_its_other_items(
    bench: Bench,
) -> None:
    shop = _stocked(bench)
    with bench.fault(
        "respond", endpoint="items.edit_stock", status=429, headers={"Retry-After": "3600"}
    ):
        run = shop.run("sync_stock")
    called = shop.calls("items.edit_stock")

    bench.later(hours=1.1)

    after = shop.shown(run["id"])
    assert called <= bench.column("select in_flight from shops")[0]
    assert after["state"] == "succeeded"
    assert {item["attempts"] for item in after["items"]} == {1}


def test_cls_2_a_short_wait_of_all_does_not_make_a_long_one_of_stock_that_of_shipments(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase", "card")
    shop.ready_to_return()
    shop.map_items()
    _used(bench, shop, 3_500)
    stock = shop.run("sync_stock")
    shop_id = _id(bench, shop)
    soon = datetime.now(UTC) + timedelta(seconds=1)
    with bench.process.database.begin() as connection:
        lanes.block(connection, shop_id, until=soon, priority=0)
    time.sleep(1.1)

    returned = shop.run("return_shipments")

    assert shop.shown(stock["id"])["state"] == "running"
    assert (returned["state"], returned["succeeded"]) == ("succeeded", 1)


def test_clk_2_a_used_up_hour_ends_by_the_carts_own_clock(bench: Bench) -> None:
    """A cart half an hour behind: waiting for our hour's end would be half an hour too long."""
    shop = _stocked(bench)
    bench.simulator.change_shop(shop.key, hour_limit=2)
    minute = 30 if not 25 <= datetime.now(UTC).minute <= 35 else 10
    ahead = timedelta(minutes=minute) - (datetime.now(UTC) + timedelta(hours=1) - this_hour())
    bench.simulator.settings(clock_ahead_s=ahead.total_seconds())
    try:
        shop.run("sync_stock")
    finally:
        bench.simulator.settings(clock_ahead_s=0.0)

    left = _longest_wait(bench)
    assert abs(left - timedelta(minutes=60 - minute)) < timedelta(minutes=2)


def _longest_wait(bench: Bench) -> timedelta:
    waits: list[datetime] = bench.column("select due_at from run_items where state = 'due'")
    return max(waits) - datetime.now(UTC)


def this_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def test_cls_2_the_carts_answer_just_after_a_reset_belongs_to_the_hour_before(
    bench: Bench,
) -> None:
    """The shop must not wait for another whole hour: it is asked again after a minute."""
    shop = _stocked(bench)
    bench.simulator.change_shop(shop.key, hour_limit=2)
    ahead = next_hour(datetime.now(UTC)) + timedelta(seconds=20) - datetime.now(UTC)
    bench.simulator.settings(clock_ahead_s=ahead.total_seconds())
    try:
        shop.run("sync_stock")
    finally:
        bench.simulator.settings(clock_ahead_s=0.0)
    with Redis.from_url(bench.renkei.environment["RENKEI_REDIS_URL"]) as redis:
        counted = int(redis.hget(f"renkei:budget:{_id(bench, shop)}", "hn") or 0)

    assert _longest_wait(bench) <= timedelta(minutes=1)
    assert counted < PER_HOUR
