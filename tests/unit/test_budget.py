"""Calls a shop may make."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.actions import PRIORITY, TOKYO, Action
from domain.budget import (
    CallLimits,
    Limit,
    ceiling,
    day_of,
    hour_of,
    limits_of,
    resets_at,
    spent,
)
from domain.orders import Cart
from tests.unit.samples import NOON

BASE = limits_of(Cart.BASE)


def test_cls_02_the_limits_are_those_of_the_carts() -> None:
    assert (BASE.calls(Limit.HOUR), BASE.calls(Limit.DAY)) == (5000, 100_000)
    assert (BASE.per_second, BASE.calls(Limit.PACE)) == (None, None)
    assert limits_of(Cart.SHOPSERVE) == CallLimits(per_second=1.0, in_flight=1)


def test_cls_02_budgets_reset_on_the_hour_and_at_midnight_of_tokyo() -> None:
    late = datetime(2025, 1, 15, 23, 30, tzinfo=TOKYO)
    midnight = datetime(2025, 1, 16, tzinfo=TOKYO)

    assert hour_of(late) == datetime(2025, 1, 15, 23, tzinfo=TOKYO)
    assert day_of(late) == datetime(2025, 1, 15, tzinfo=TOKYO)
    assert resets_at(Limit.HOUR, late) == resets_at(Limit.DAY, late) == midnight
    assert resets_at(Limit.HOUR, NOON) == NOON + timedelta(hours=1)
    assert resets_at(Limit.PACE, NOON, per_second=2) == NOON + timedelta(seconds=0.5)


@given(calls=st.integers(1, 200_000))
def test_cls_02_the_more_urgent_an_action_the_more_of_the_budget_is_open_to_it(
    calls: int,
) -> None:
    for one in Action:
        assert 1 <= ceiling(one, calls) <= calls
        for other in Action:
            if PRIORITY[one] < PRIORITY[other]:
                assert ceiling(one, calls) >= ceiling(other, calls)
    assert ceiling(Action.RETURN_SHIPMENTS, calls) == calls
    assert ceiling(Action.RETURN_SHIPMENTS, 0) == 0


@pytest.mark.parametrize(
    ("action", "hour", "day", "limit"),
    [
        pytest.param(Action.RETURN_SHIPMENTS, 4999, 99_999, None, id="shipments: the last call"),
        pytest.param(Action.RETURN_SHIPMENTS, 5000, 0, Limit.HOUR, id="the hour is used up"),
        pytest.param(Action.RETURN_SHIPMENTS, 5000, 100_000, Limit.DAY, id="the day lasts longer"),
        pytest.param(Action.IMPORT_ORDERS, 4750, 0, Limit.HOUR, id="orders stop a little earlier"),
        pytest.param(Action.COMPLETE_ORDERS, 4750, 0, Limit.HOUR, id="completing as importing"),
        pytest.param(Action.COMPLETE_ORDERS, 4749, 0, None, id="completing below its share"),
        pytest.param(Action.SYNC_STOCK, 3500, 0, Limit.HOUR, id="stock stops first"),
        pytest.param(Action.SYNC_STOCK, 3499, 0, None, id="stock below its share"),
    ],
)
def test_cls_02_calls_are_kept_for_what_is_more_urgent(
    action: Action, hour: int, day: int, limit: Limit | None
) -> None:
    assert spent(action, {Limit.HOUR: hour, Limit.DAY: day}, BASE) is limit


def test_cls_02_a_cart_without_limits_never_runs_out() -> None:
    used = {Limit.HOUR: 10**9, Limit.DAY: 10**9}

    assert all(spent(action, used, limits_of(Cart.SHOPSERVE)) is None for action in Action)
