"""What an order of a lost time comes back as (PLC-2)."""

from dataclasses import replace

import pytest

from domain.orders.cart_order import BaseStatus, CartOrder, Dispatch, Folder, LineState
from domain.orders.conversion import ShopTables, convert
from domain.orders.eligibility import Take, judge_whole
from domain.orders.instructions import HoldCause, Status
from domain.orders.lost_time import as_if_new, has_left, is_completed, on_hold, tracking_number
from tests.unit.samples import READY, base_order, line, numbered, shopserve_order

DISPATCHED, OPEN, CANCELLED = LineState.DISPATCHED, LineState.OPEN, LineState.CANCELLED


def dispatched(*states: LineState, dispatch: Dispatch = Dispatch.ORDERED) -> CartOrder:
    lines = [replace(line(str(place)), state=state) for place, state in enumerate(states, 1)]
    return base_order(*lines, status=BaseStatus(dispatch))


@pytest.mark.parametrize(
    ("states", "left"),
    [
        ((DISPATCHED, DISPATCHED), True),
        ((DISPATCHED, CANCELLED), True),
        ((DISPATCHED, OPEN), False),
        ((DISPATCHED, LineState.UNKNOWN), False),
        ((CANCELLED, CANCELLED), False),
    ],
)
def test_plc_2_a_base_part_has_left_when_all_that_is_left_of_it_is_dispatched(
    states: tuple[LineState, ...], left: bool
) -> None:
    assert has_left(dispatched(*states), 1, {"1", "2"}) is left


def test_plc_2_of_a_split_base_order_each_part_goes_by_its_own_lines() -> None:
    order = dispatched(DISPATCHED, OPEN)

    assert (has_left(order, 1, {"1"}), has_left(order, 1, {"2"})) == (True, False)


def test_plc_2_a_deferred_order_on_its_way_has_left_as_a_whole() -> None:
    order = base_order(line("1"), status=BaseStatus(Dispatch.ORDERED, deferred="shipping"))

    assert has_left(order, 1, {"1"})


def test_plc_2_a_shopserve_part_goes_by_its_destination() -> None:
    one, two = numbered(1), replace(numbered(2, "4000-0001"), shipped=True)
    order = replace(shopserve_order(), destinations=(one, two))

    assert (has_left(order, 1, ()), has_left(order, 2, ())) == (False, True)
    assert (tracking_number(order, 2), tracking_number(order, 3)) == ("4000-0001", None)


@pytest.mark.parametrize("dispatch", [Dispatch.ORDERED, Dispatch.SHIPPING, Dispatch.DISPATCHED])
def test_plc_2_what_left_is_taken_over_without_a_hold_and_the_rest_with_one(
    dispatch: Dispatch,
) -> None:
    order = dispatched(DISPATCHED, dispatch=dispatch)
    asked = as_if_new(order)

    (one,) = on_hold(convert(asked, ShopTables()), order).instructions
    (other,) = on_hold(convert(asked, ShopTables()), asked).instructions

    assert isinstance(judge_whole(asked), Take)
    assert (one.status, one.holds) == (Status.AWAITING_SHIPMENT, ())
    assert other.status is Status.HOLD
    assert [hold.cause for hold in other.holds] == [HoldCause.LOST_TIME]


def test_plc_2_what_was_cancelled_in_part_says_so_when_it_comes_back() -> None:
    order = dispatched(OPEN, CANCELLED)

    (one,) = on_hold(convert(as_if_new(order), ShopTables()), order).instructions

    assert [line.cart_line_key for line in one.lines] == ["1"]
    assert "cancelled in the cart" in one.holds[-1].text


@pytest.mark.parametrize(
    "dispatch", [Dispatch.CANCELLED, Dispatch.UNSHIPPABLE, Dispatch.UNKNOWN, Dispatch.UNPAID]
)
def test_plc_2_what_was_never_imported_is_judged_as_ever(dispatch: Dispatch) -> None:
    order = base_order(line("1"), status=BaseStatus(dispatch))

    assert judge_whole(as_if_new(order)) == judge_whole(order)


def test_plc_2_a_confirmed_or_completed_order_is_taken_over_again() -> None:
    order = shopserve_order(status=READY)
    done = replace(order, status=replace(READY, confirmed=True, folder=Folder.COMPLETED))

    assert isinstance(judge_whole(as_if_new(done)), Take)
    assert (is_completed(done), is_completed(order)) == (True, False)
