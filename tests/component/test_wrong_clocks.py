"""Real workers and a real beat whose clocks are wrong: orders come as ever, and doctor tells."""

import re
from contextlib import ExitStack

import pytest

from console.supervisor.programs import beat_program
from tests.component.engine_bench import Bench, BenchShop
from tests.component.false_clocks import DAY_S, HOUR_S, FalseClock, false_clock
from tests.component.processes import running, until, worker_program

EVERY_S = 1


def _imports_by_itself(shop: BenchShop) -> None:
    shop.bench.sql(
        "update robots set enabled = true, every_s = :every, at = null, next_due_at = now()"
        " where action = 'import_orders'"
        "   and shop_id = (select id from shops where key = :key)",
        key=shop.key,
        every=EVERY_S,
    )


def _comes(shop: BenchShop, keys: set[str]) -> None:
    until(lambda: {order["cart_order_key"] for order in shop.orders()} == keys)


def _started(bench: Bench, stack: ExitStack, beat_s: int, worker_s: int) -> list[FalseClock]:
    """Start a beat and a worker with clocks so far ahead; returns these."""
    folder = bench.renkei.folder
    clocks = [false_clock(folder, "beat", beat_s), false_clock(folder, "worker", worker_s)]
    stack.enter_context(running(worker_program(bench.renkei), bench.renkei, clocks[1].environ))
    stack.enter_context(running(beat_program(), bench.renkei, clocks[0].environ))
    return clocks


@pytest.mark.parametrize(
    ("beat_s", "worker_s"),
    [(-4, 0), (0, HOUR_S), (DAY_S, -DAY_S)],
    ids=["beat 4 s behind", "workers an hour ahead", "a day apart on either side"],
)
def test_clk_1_orders_come_whatever_the_clocks_of_beat_and_workers_show(
    bench: Bench, beat_s: int, worker_s: int
) -> None:
    """Fails on the code of before: ticks expire on arrival, or a cursor an hour ahead."""
    shops = [bench.shop(cart) for cart in ("shopserve", "thebase")]
    keys = {shop.key: {shop.add("card")} for shop in shops}
    for shop in shops:
        _imports_by_itself(shop)
    with ExitStack() as stack:
        _started(bench, stack, beat_s, worker_s)
        for _ in range(2):
            for shop in shops:
                _comes(shop, keys[shop.key])
                keys[shop.key].add(shop.add("card"))
        for shop in shops:
            _comes(shop, keys[shop.key])
    assert bench.column("select count(*) from dead_letters") == [0]


def test_clk_1_clocks_that_step_under_way_lose_and_stop_nothing(bench: Bench) -> None:
    shop = bench.shop("thebase")
    keys = set()
    _imports_by_itself(shop)
    with ExitStack() as stack:
        clocks = _started(bench, stack, 0, 0)
        for ahead_s in (DAY_S, -DAY_S, 0):
            for clock in clocks:
                clock.set(ahead_s)
            keys.add(shop.add("card"))
            _comes(shop, keys)


def test_clk_1_doctor_names_the_clocks_that_are_off(bench: Bench) -> None:
    bench.simulator.settings(clock_ahead_s=-900.0)
    try:
        bench.shop("thebase").run("import_orders")
    finally:
        bench.simulator.settings(clock_ahead_s=0.0)

    def off() -> set[str]:
        checks = bench.renkei("doctor", "--json").json["checks"]
        found = " ".join(one["found"] for one in checks if one["name"] == "clocks")
        return set(re.findall(r"(w1|beat|http)\S*: \d+ s (?:ahead of|behind)", found))

    with ExitStack() as stack:
        _started(bench, stack, -4 * HOUR_S, 60)
        until(lambda: off() == {"w1", "beat", "http"})
