"""Telling BASE which lines left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BrokenRule
from domain.orders.cart_order import BaseStatus, CartOrder, Dispatch, LineState
from domain.shipments.dispatches import (
    BasePlan,
    DispatchLine,
    LineToReturn,
    ShipDeferred,
    deferred_happened,
    dispatch_happened,
    plan_base,
)
from tests.unit.samples import base_order, line

ONE, TWO = LineToReturn("1", "tote"), LineToReturn("2", "pouch")
KEYLESS = LineToReturn("", "tote")


def deferred_order(status: str, dispatch: Dispatch = Dispatch.ORDERED) -> CartOrder:
    return base_order(
        line("1"), line("2"), status=BaseStatus(dispatch, deferred=status), payment="atobarai"
    )


def test_ret_03_each_line_is_dispatched_by_a_call_of_its_own() -> None:
    plan = plan_base(base_order(line("1"), line("2")), [ONE, TWO], deferred=False)

    assert plan == BasePlan((DispatchLine("1"), DispatchLine("2")))


def test_ret_03_only_the_instructions_own_lines_are_sent() -> None:
    plan = plan_base(base_order(line("1"), line("2")), [TWO], deferred=False)

    assert plan.steps == (DispatchLine("2"),)


def test_ret_03_a_line_the_cart_shows_dispatched_counts_as_done() -> None:
    order = base_order(line("1", state=LineState.DISPATCHED), line("2"))

    plan = plan_base(order, [ONE, TWO], deferred=False)

    assert plan == BasePlan((DispatchLine("2"),), done=("1",))


def test_ret_03_a_deferred_order_is_one_call_whatever_its_lines() -> None:
    plan = plan_base(deferred_order("ordered"), [ONE, TWO], deferred=True)

    assert plan.steps == (ShipDeferred("1"),)


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(deferred_order("shipping"), id="the cart shows it shipping"),
        pytest.param(deferred_order("arrived"), id="the cart shows it arrived"),
        pytest.param(deferred_order("", Dispatch.SHIPPING), id="the order is on its way"),
    ],
)
def test_ret_03_later_parts_of_a_deferred_order_need_no_call(
    order: CartOrder,
) -> None:
    plan = plan_base(order, [TWO], deferred=True)

    assert plan == BasePlan((), done=("2",))


def test_ret_04_a_line_without_line_id_is_a_problem_and_the_others_are_sent() -> None:
    plan = plan_base(base_order(line("1"), line("2")), [KEYLESS, TWO], deferred=False)

    assert plan.steps == (DispatchLine("2"),)
    assert "明細独自1" in plan.problems[0]
    assert plan_base(deferred_order("ordered"), [KEYLESS], deferred=True).problems


def test_ret_04_lines_one_answer_lacks_or_tells_no_known_state_of_are_tried_again() -> None:
    """Only a line without 明細独自1 can never be returned."""
    order = base_order(line("1", state=LineState.UNKNOWN))

    plan = plan_base(order, [ONE, LineToReturn("9", "gone")], deferred=False)

    assert plan.steps == ()
    assert (len(plan.unclear), plan.problems) == (2, ())


def test_ret_03_a_line_cancelled_in_the_cart_is_noted_and_not_sent() -> None:
    order = base_order(line("1", state=LineState.CANCELLED), line("2"))

    plan = plan_base(order, [ONE, TWO], deferred=False)

    assert plan.steps == (DispatchLine("2"),)
    assert len(plan.notes) == 1


def test_ret_03_what_is_cancelled_in_base_but_shipped_here_needs_a_person() -> None:
    gone = base_order(line("1", state=LineState.CANCELLED), line("2"))

    with pytest.raises(BrokenRule, match="cancelled in BASE"):
        plan_base(gone, [ONE], deferred=False)
    with pytest.raises(BrokenRule, match="cancelled in BASE"):
        plan_base(base_order(dispatch=Dispatch.CANCELLED), [ONE], deferred=False)


def test_sts_10_of_what_is_cancelled_in_base_nothing_is_told_once_a_person_ships_it() -> None:
    gone = base_order(line("1", state=LineState.CANCELLED), dispatch=Dispatch.CANCELLED)
    for deferred in (False, True):
        plan = plan_base(gone, [ONE], deferred=deferred, overruled=True)

        assert (plan.steps, plan.problems, plan.unclear) == ((), (), ())
        assert len(plan.notes) == 1


def test_ret_05_a_read_settles_whether_a_lost_call_happened() -> None:
    order = base_order(line("1", state=LineState.DISPATCHED), line("2"))

    assert dispatch_happened(order, "1")
    assert not dispatch_happened(order, "2")
    assert deferred_happened(deferred_order("shipping"))
    assert not deferred_happened(deferred_order("ordered"))


@given(
    states=st.lists(st.sampled_from(list(LineState)), min_size=1, max_size=6),
    lost=st.sets(st.integers(0, 5)),
)
def test_ret_04_only_missing_lines_are_sent_so_every_line_is_dispatched_once(
    states: list[LineState], lost: set[int]
) -> None:
    order = base_order(*(line(str(i), state=state) for i, state in enumerate(states)))
    lines = [LineToReturn("" if i in lost else str(i), "x") for i in range(len(states))]
    try:
        plan = plan_base(order, lines, deferred=False)
    except BrokenRule:
        return

    sent = {step.line for step in plan.steps}

    assert sent == {str(i) for i, s in enumerate(states) if s is LineState.OPEN and i not in lost}
    assert len(plan.steps) + len(plan.done) + len(plan.notes) + len(plan.problems) == len(
        lines
    ) - len(plan.unclear)


def test_ret_03_a_deferred_order_is_called_by_a_line_that_is_still_open() -> None:
    order = base_order(line("1", state=LineState.CANCELLED), line("2"), payment="atobarai")

    assert plan_base(order, [ONE, TWO], deferred=True).steps == (ShipDeferred("2"),)
