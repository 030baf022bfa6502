"""When full compares start by themselves, and how they wait for a shop's pace (STK-6)."""

from datetime import datetime, timedelta

import pytest

from domain.engine.budget import Limit
from domain.engine.cadence import TOKYO
from domain.errors import ApiFamily, BudgetSpent
from tests.component.compare_samples import drift, in_step
from tests.component.engine_bench import Bench, figures
from workers.actions import compare_stock

NIGHT = datetime(2031, 5, 7, 5, 0, tzinfo=TOKYO)


def nightly(bench: Bench, at: datetime) -> int:
    bench.process.clock = lambda: at
    return compare_stock.start_nightly(bench.process)


def test_stk_06_once_a_night_a_shop_is_compared(bench: Bench) -> None:
    shop = in_step(bench, "thebase")
    bench.sql("update robots set enabled = true where action = 'sync_stock'")
    drift(shop, shop.simulated.items[0], 3)

    started = [nightly(bench, NIGHT + timedelta(minutes=minute)) for minute in range(3)]
    bench.drain()

    (run_id,) = bench.column("select id from runs where mode = 'compare'")
    assert started == [1, 0, 0]
    assert figures(shop.shown(run_id)) == ("succeeded", 1, 0, 0)
    assert nightly(bench, NIGHT + timedelta(hours=12)) == 0
    assert nightly(bench, NIGHT + timedelta(days=1)) == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("update robots set enabled = false", id="its robot is off"),
        pytest.param("update robots set parked = true", id="its robot is parked"),
        pytest.param("update shops set parked = true", id="the shop is parked"),
        pytest.param("update shops set removed_at = now()", id="the shop was removed"),
        pytest.param("update shops set auth_failed_at = now()", id="its credentials fail"),
        pytest.param(
            "update shops set created_at = '2031-05-07 04:50+09'", id="it came after its slot"
        ),
    ],
)
def test_stk_06_no_compare_starts_by_itself(bench: Bench, change: str) -> None:
    bench.shop("thebase")
    bench.sql("update robots set enabled = true")
    bench.sql(change)

    assert nightly(bench, NIGHT) == 0


class Turns:
    """A gate that lets nobody through for a while."""

    def __init__(self, refusals: int, limit: Limit, *, by_cart: bool = False) -> None:
        self.refusals, self.asked = refusals, 0
        self.error = BudgetSpent("not now", until=NIGHT, limit=limit, by_cart=by_cart)

    def admit(self, api: ApiFamily, deadline_s: float) -> None:
        del api, deadline_s
        self.asked += 1
        if self.asked <= self.refusals:
            raise self.error

    def done(self) -> None:
        self.asked = -1


def test_a_long_list_waits_for_the_shops_pace() -> None:
    turns = Turns(2, Limit.PACE)
    gate = compare_stock.PatientGate(turns)

    gate.admit(ApiFamily.STOCK, 20)

    assert turns.asked == 3
    gate.done()
    assert turns.asked == -1


@pytest.mark.parametrize(
    "turns",
    [
        pytest.param(Turns(1, Limit.HOUR), id="the hour's calls are used up"),
        pytest.param(Turns(1, Limit.PACE, by_cart=True), id="the cart itself said so"),
    ],
)
def test_cls_02_a_long_list_does_not_wait_for_a_reset(turns: Turns) -> None:
    with pytest.raises(BudgetSpent):
        compare_stock.PatientGate(turns).admit(ApiFamily.STOCK, 20)
