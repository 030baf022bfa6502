"""Fair turns (CLS-8) and what a flood of changes costs (STK-5)."""

import threading
from typing import Any

from redis import Redis
from sqlalchemy import text

from adapters.postgres.engine import items as item_rows
from adapters.postgres.statement import Statement
from tests.component.engine_bench import Bench, BenchShop
from workers.engine import executor, planner, rescuer

FLOOD = 120
IN_FLIGHT = 4


def _mapped(bench: Bench, count: int, cart: str = "thebase") -> BenchShop:
    shop = bench.shop(cart, items=count)
    shop.map_items()
    shop.stock_up(30)
    return shop


def _planned(bench: Bench, shop: BenchShop) -> int:
    asked = bench.renkei.read("run", "sync_stock", "--shop", shop.key)
    planner.plan_run(bench.process, asked["id"])
    return int(asked["id"])


def _states(bench: Bench, run_id: int) -> dict[str, int]:
    states = bench.column("select state from run_items where run_id = :id", id=run_id)
    return {state: states.count(state) for state in set(states)}


def _allowed(bench: Bench, shop: BenchShop) -> int | None:
    (allowed,) = bench.column(
        "select allowed_in_flight from lanes l join shops s on s.id = l.shop_id where key = :key",
        key=shop.key,
    )
    return None if allowed is None else int(allowed)


def test_cls_8_a_flood_stays_in_postgresql_and_a_few_of_its_items_are_out(bench: Bench) -> None:
    flood = _mapped(bench, FLOOD)

    run_id = _planned(bench, flood)
    for _ in range(3):
        planner.send_due(bench.process)

    assert _states(bench, run_id) == {"queued": IN_FLIGHT, "due": FLOOD - IN_FLIGHT}
    with Redis.from_url(bench.renkei.environment["RENKEI_REDIS_URL"]) as redis:
        assert redis.llen("renkei:stock") == IN_FLIGHT


def test_cls_8_another_shops_work_is_queued_at_once_beside_a_flood(bench: Bench) -> None:
    flood, quiet = _mapped(bench, FLOOD), _mapped(bench, 1)
    _planned(bench, flood)

    run_id = _planned(bench, quiet)

    assert _states(bench, run_id) == {"queued": 1}


def test_cls_8_shops_take_turns_the_one_that_waited_longest_first(bench: Bench) -> None:
    shops = [_mapped(bench, 6) for _ in range(3)]
    bench.sql("update shops set in_flight = 64, parked = true")
    run_ids = [bench.renkei.read("run", "sync_stock", "--shop", one.key)["id"] for one in shops]
    bench.sql("update shops set parked = false")
    bench.sql("update runs set state = 'open', started_at = now()")
    bench.sql(
        "insert into run_items (run_id, shop_id, action, key, priority, due_at)"
        " select r.id, r.shop_id, r.action, 'K' || n, 40, now()"
        " from runs r cross join generate_series(1, 6) n"
    )
    bench.sql("update shops set in_flight = 2")
    served: list[list[int]] = []
    for _ in range(6):
        with bench.process.database.begin() as connection:
            admitted = [one.id for one in item_rows.admit(connection, lanes=1)]
            served.append(
                bench.column("select distinct run_id from run_items where id = any(:i)", i=admitted)
            )
        bench.sql(
            "update run_items set state = 'succeeded', lease_until = null, finished_at = now()"
            " where state = 'queued'"
        )

    assert sorted(run for (run,) in served[:3]) == sorted(run_ids)
    assert served[3:] == served[:3]


def test_cls_8_a_shop_whose_answers_fail_gets_fewer_places_and_gets_them_back(
    bench: Bench,
) -> None:
    shop, other = _mapped(bench, 3), _mapped(bench, 3)
    with bench.fault("respond", endpoint="items.edit_stock", shop=shop.key, status=500, count=1):
        assert shop.run("sync_stock")["state"] == "succeeded"
    slowed = _allowed(bench, shop)

    seen = []
    for _ in range(3):
        bench.sql("update lanes set slowed_at = slowed_at - interval '11 s'")
        rescuer.rescue(bench.process)
        seen.append(_allowed(bench, shop))

    assert slowed == IN_FLIGHT // 2
    assert seen == [IN_FLIGHT - 1, None, None]  # None: as many as the shop's own setting
    assert _allowed(bench, other) is None


def test_stk_05_many_changes_in_a_short_time_become_one_push(bench: Bench) -> None:
    shop = _mapped(bench, 2)
    sku = shop.simulated.items[0]["sku"]
    shop.run("sync_stock")
    for number in range(12):
        bench.renkei.ok("stock", "set", sku, str(number))

    run = shop.run("sync_stock")

    told = [effect["new"] for effect in shop.effects("stock_set") if effect["sku"] == sku]
    assert [item["key"] for item in run["items"]] == [sku]
    assert told == [30, 11]


def test_stk_05_a_change_between_plan_and_push_is_told_by_the_same_push(bench: Bench) -> None:
    shop = _mapped(bench, 1)
    sku = shop.simulated.items[0]["sku"]
    run_id = _planned(bench, shop)
    bench.renkei.ok("stock", "set", sku, "9")

    bench.drain()

    assert [effect["new"] for effect in shop.effects("stock_set")] == [9]
    assert shop.shown(run_id)["succeeded"] == 1
    assert shop.run("sync_stock")["items"] == []


def test_stk_05_tasks_that_run_out_of_order_end_with_the_newest_number(bench: Bench) -> None:
    shop = _mapped(bench, 5)
    run_id = _planned(bench, shop)
    bench.sql("update shops set in_flight = 64")
    executor.admit(bench.process)
    queued = bench.column("select id from run_items where state = 'queued' order by id desc")
    for position, item_id in enumerate(queued):
        for row in shop.simulated.items:
            bench.renkei.ok("stock", "set", row["sku"], str(100 + position))
        executor.work_on(bench.process, item_id)
        executor.work_on(bench.process, item_id)  # the same message twice
    shop.run("sync_stock")

    shown = {row["quantity"] for row in bench.simulator.stock(shop.key)}
    assert shop.shown(run_id)["succeeded"] == 5
    assert shown == {100 + len(queued) - 1}


def test_cls_8_two_ticks_at_once_keep_a_shop_within_its_places(bench: Bench) -> None:
    """The second tick counts what the first queued, however close together they are."""
    shops = [_mapped(bench, 12) for _ in range(4)]
    run_ids = [_planned_without_places(bench, shop) for shop in shops]
    bench.sql("update shops set in_flight = :n", n=IN_FLIGHT)

    def tick() -> None:
        executor.admit(bench.process)

    for _ in range(5):
        ticks = [threading.Thread(target=tick) for _ in range(4)]
        for one in ticks:
            one.start()
        for one in ticks:
            one.join(30)

    for run_id in run_ids:
        assert _states(bench, run_id)["queued"] == IN_FLIGHT


def _planned_without_places(bench: Bench, shop: BenchShop) -> int:
    """Plan a run while all places seem taken."""
    run_id = _planned(bench, shop)
    bench.sql("update run_items set state = 'due', lease_until = null where state = 'queued'")
    return run_id


def test_cls_8_a_shop_whose_places_were_lowered_hands_none_over(bench: Bench) -> None:
    shop = _mapped(bench, 12)
    run_id = _planned(bench, shop)
    bench.sql("update shops set in_flight = 2")
    queued = sorted(bench.column("select id from run_items where state = 'queued'"))

    for item_id in queued[:3]:
        executor.work_on(bench.process, item_id)

    assert _states(bench, run_id)["queued"] == 2


def test_cls_8_a_flood_costs_its_neighbours_no_longer_statements(bench: Bench) -> None:
    """Statistics are as old as the hour: PostgreSQL believes the table to be almost empty."""
    flood, quiet = _mapped(bench, 1), _mapped(bench, 1)
    quiet.run("sync_stock")
    run_id = _planned(bench, flood)
    with bench.process.database.execution_options(isolation_level="AUTOCOMMIT").connect() as now:
        now.execute(text("analyze"))
    bench.sql(
        "insert into run_items (run_id, shop_id, action, key, priority)"
        " select id, shop_id, action, 'F' || n, 3 from runs cross join generate_series(1, 20000) n"
        " where id = :id",
        id=run_id,
    )

    assert _blocks_read(bench, item_rows._TAKE, {"shop_id": None, "most": 500}) < 500
    shops = bench.column("select shop_id from lanes")
    (running,) = bench.column("select id from run_items where state = 'queued'")
    with bench.process.database.begin() as connection:
        item = item_rows.claim(connection, running)
    assert item is not None
    ending = {
        "id": item.id,
        "run_id": item.run_id,
        "generation": item.generation,
        "calls": 1,
        "state": "succeeded",
        "reason": "",
        "refund": 0,
        "due_at": None,
        "heals": True,
        "queued_s": 20,
    }
    assert _blocks_read(bench, item_rows._end(""), ending) < 200
    assert _blocks_read(bench, item_rows._ADMIT, {"shops": shops, "queued_s": 20}) < 500


def _blocks_read(bench: Bench, statement: Statement[Any], values: dict[str, object]) -> int:
    """Return how many blocks PostgreSQL looks at for a statement, which is rolled back."""
    with bench.process.database.connect() as connection:
        explain = Statement[dict[str, Any]](
            f"explain (analyze, buffers, format json) {statement.text}", dict
        )
        plan = explain.one(connection, **values)["QUERY PLAN"]
        connection.rollback()
    found = plan[0]["Plan"]
    return int(found["Shared Hit Blocks"] + found["Shared Read Blocks"])


def test_clk_1_turns_go_by_number_so_a_clock_that_stepped_back_starves_nobody(
    bench: Bench,
) -> None:
    first, second = _mapped(bench, FLOOD), _mapped(bench, FLOOD)
    for shop in (first, second):
        _planned(bench, shop)
    planner.send_due(bench.process)

    picks = bench.column("select last_pick from lanes order by last_pick")

    assert len(picks) == len(set(picks)) == 2
    assert all(isinstance(pick, int) for pick in picks)
