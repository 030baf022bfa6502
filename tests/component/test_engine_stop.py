"""A worker that was asked to stop (SIGTERM): it gives back what it has, and loses no second."""

from collections.abc import Iterator

import pytest

from tests.component.engine_bench import Bench
from workers.app import make_app
from workers.calls.gate import ShopGate
from workers.engine import executor, planner
from workers.wiring import Process


@pytest.fixture
def stopping(bench: Bench) -> Iterator[Process]:
    """Another worker process, which will be asked to stop."""
    settings = bench.process.settings
    process = Process(make_app(settings.redis_url), settings)
    yield process
    process.close()


def test_cls_7_a_stopping_worker_gives_back_what_it_was_sent_and_had_not_begun(
    bench: Bench, stopping: Process
) -> None:
    shop = bench.shop("thebase", items=4)
    shop.map_items()
    shop.stock_up(30)
    asked = bench.renkei.read("run", "sync_stock", "--shop", shop.key)
    planner.plan_run(bench.process, asked["id"])
    sent = bench.column("select id from run_items where state = 'queued' order by id")
    for item_id in sent[:3]:
        stopping.draining.items.add(item_id)
    executor.work_on(stopping, sent[0])

    stopping.draining.stopping.set()
    for item_id in sent[1:]:
        executor.work_on(stopping, item_id)
    stopping.draining.give_back(stopping.database)

    states = bench.column("select state from run_items order by id")
    assert states == ["succeeded", "due", "due", "queued"]
    bench.drain()
    run = shop.shown(asked["id"])
    assert (run["state"], {item["attempts"] for item in run["items"]}) == ("succeeded", {1})
    assert len(shop.effects("stock_set")) == 4


def test_cls_7_a_stopping_worker_plans_no_run_and_another_one_plans_it_at_once(
    bench: Bench, stopping: Process
) -> None:
    shop = bench.shop("thebase", "card")
    asked = bench.renkei.read("run", "import_orders", "--shop", shop.key)
    planner.send_due(bench.process)
    stopping.draining.runs.add(asked["id"])
    stopping.draining.stopping.set()
    planner.plan_run(stopping, asked["id"])
    stopping.draining.give_back(stopping.database)

    assert bench.column("select lease_until from runs") == [None]
    bench.drain()
    assert shop.shown(asked["id"])["state"] == "succeeded"


def test_cls_7_work_under_way_stops_before_its_next_call_and_spends_no_attempt(
    bench: Bench, stopping: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = bench.shop("thebase")
    shop.add("cash_on_delivery")  # two lines: two dispatches
    shop.ready_to_return()
    asked = bench.renkei.read("run", "return_shipments", "--shop", shop.key)
    planner.plan_run(bench.process, asked["id"])
    (item_id,) = bench.column("select id from run_items where state = 'queued'")
    done = ShopGate.done

    def stops_after_a_dispatch(gate: ShopGate) -> None:
        done(gate)
        if shop.effects("line_dispatched"):
            stopping.draining.stopping.set()

    with monkeypatch.context() as patched:
        patched.setattr(ShopGate, "done", stops_after_a_dispatch)
        executor.work_on(stopping, item_id)
    halfway = len(shop.effects("line_dispatched"))
    (left,) = bench.column("select state from run_items where id = :id", id=item_id)
    bench.drain()

    run = shop.shown(asked["id"])
    assert (halfway, left) == (1, "due")
    assert len({effect["key"] for effect in shop.effects("line_dispatched")}) == 2
    assert len(shop.effects("line_dispatched")) == 2
    assert (run["state"], run["items"][0]["attempts"]) == ("succeeded", 1)
