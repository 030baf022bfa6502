"""Calls a shop may make."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.actions import ACTIONS, Action
from domain.carts.cart import CallLimits, Cart, limits_of
from domain.engine.budget import Limit, ceiling, next_day, next_hour, waits_from
from domain.engine.cadence import TOKYO
from tests.unit.samples import NOON

BASE = limits_of(Cart.BASE)


def test_cls_02_the_limits_are_those_of_the_carts() -> None:
    assert (BASE.calls(Limit.HOUR), BASE.calls(Limit.DAY)) == (5000, 100_000)
    assert BASE.calls(Limit.PACE) is None
    assert limits_of(Cart.SHOPSERVE) == CallLimits(per_second=1, in_flight=1)


def test_cls_02_budgets_reset_on_the_hour_and_at_midnight_of_tokyo() -> None:
    late = datetime(2025, 1, 15, 23, 30, tzinfo=TOKYO)
    midnight = datetime(2025, 1, 16, tzinfo=TOKYO)

    assert next_hour(late) == next_day(late) == midnight
    assert next_hour(NOON) == NOON + timedelta(hours=1)


@given(calls=st.integers(1, 200_000))
def test_cls_02_the_more_urgent_an_action_the_more_of_the_budget_is_open_to_it(
    calls: int,
) -> None:
    for one in Action:
        assert 1 <= ceiling(ACTIONS[one].reserve, calls) <= calls
        for other in Action:
            if ACTIONS[one].priority < ACTIONS[other].priority:
                assert ceiling(ACTIONS[one].reserve, calls) >= ceiling(
                    ACTIONS[other].reserve, calls
                )
    assert ceiling(ACTIONS[Action.RETURN_SHIPMENTS].reserve, calls) == calls
    assert ceiling(ACTIONS[Action.RETURN_SHIPMENTS].reserve, 0) == 0


@pytest.mark.parametrize(
    ("action", "waits_from"),
    [
        pytest.param(Action.RETURN_SHIPMENTS, 5000, id="shipments: the last call"),
        pytest.param(Action.IMPORT_ORDERS, 4750, id="orders stop a little earlier"),
        pytest.param(Action.COMPLETE_ORDERS, 4750, id="completing as importing"),
        pytest.param(Action.SYNC_STATUS, 4250, id="status before orders"),
        pytest.param(Action.SYNC_STOCK, 3500, id="stock stops first"),
    ],
)
def test_cls_02_calls_are_kept_for_what_is_more_urgent(action: Action, waits_from: int) -> None:
    assert ceiling(ACTIONS[action].reserve, 5000) == waits_from


def test_cls_02_a_cart_without_limits_never_runs_out() -> None:
    limits = limits_of(Cart.SHOPSERVE)

    assert limits.calls(Limit.HOUR) is limits.calls(Limit.DAY) is None


def test_cls_02_more_urgent_work_goes_on_unless_nothing_is_left_for_anybody() -> None:
    stock = ACTIONS[Action.SYNC_STOCK].priority

    assert waits_from(stock, Limit.HOUR, by_cart=False) == stock
    assert waits_from(stock, Limit.HOUR, by_cart=True) == 0
    assert waits_from(stock, Limit.PACE, by_cart=False) == 0
