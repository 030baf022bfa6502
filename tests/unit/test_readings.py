"""How open BASE orders are looked at cheaply."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.orders.readings import OpenOrder, base_read_plan, list_calls
from tests.unit.samples import NOON, covers


def placed(*hours_ago: float) -> list[OpenOrder]:
    return [OpenOrder(str(i), NOON - timedelta(hours=hours)) for i, hours in enumerate(hours_ago)]


@pytest.mark.parametrize(
    ("expected", "calls"),
    [(0, 2), (1, 2), (100, 2), (101, 3), (5000, 51)],
)
def test_sts_08_listing_takes_a_call_per_hundred_orders_and_one_for_the_end(
    expected: float, calls: int
) -> None:
    assert list_calls(expected) == calls


def test_sts_08_many_open_orders_are_read_by_list_pages() -> None:
    plan = base_read_plan(placed(*range(100)), orders_per_day=24)

    assert len(plan.windows) == 1
    assert plan.details == ()
    assert plan.calls == 2


def test_sts_08_a_wrong_guess_at_the_shops_orders_is_corrected_by_the_open_ones() -> None:
    assert base_read_plan(placed(*range(250)), orders_per_day=0).calls == 4


def test_sts_08_few_open_orders_in_a_busy_shop_are_read_one_by_one() -> None:
    plan = base_read_plan(placed(1, 100), orders_per_day=2000)

    assert plan.windows == ()
    assert sorted(plan.details) == ["0", "1"]


def test_sts_08_an_old_order_apart_does_not_make_the_list_longer() -> None:
    plan = base_read_plan(placed(24 * 90, *range(50)), orders_per_day=2000)

    assert plan.details == ("0",)
    assert [window.since for window in plan.windows] == [NOON - timedelta(hours=49)]


def test_sts_08_without_open_orders_there_is_no_call() -> None:
    assert base_read_plan([], orders_per_day=2000).calls == 0


@given(
    hours=st.lists(st.integers(0, 5000), max_size=60),
    per_day=st.one_of(st.just(0.0), st.floats(0, 20_000)),
)
def test_sts_08_every_open_order_is_read_and_never_dearer_than_one_by_one(
    hours: list[int], per_day: float
) -> None:
    waiting = placed(*hours)

    plan = base_read_plan(waiting, orders_per_day=per_day)

    for order in waiting:
        assert (order.key in plan.details) is not covers(plan.windows, order.ordered_at)
    assert plan.calls <= len(waiting)
