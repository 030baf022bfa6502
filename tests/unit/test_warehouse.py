"""What the warehouse may do with an instruction, from every status (domain/warehouse/moves.py)."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BrokenRule
from domain.orders.instructions import Hold, HoldCause, HoldReason, Payment, Status, secures_stock
from domain.warehouse.holds import MarkPaidHere, PutOnHold, ReleaseHold
from domain.warehouse.moves import (
    Allocate,
    Arrived,
    AwaitArrival,
    BeginWork,
    CancelHere,
    Deallocate,
    Inspect,
    Operation,
    Parcel,
    Ship,
    Standing,
    TakeBack,
)
from domain.warehouse.shelf import Shelf, Shortage, stock_effect
from tests.unit.samples import moves_from

UNPAID = Hold(HoldReason.PAYMENT, HoldCause.UNPAID, "not paid yet")
SHIP = Ship(Parcel("宅急便", "4000-1", date(2025, 1, 16)))
# Where each operation starts and where it leads; from everywhere else it is refused.
TABLE: dict[Operation, dict[Status, Status]] = {
    Allocate(): {Status.AWAITING_SHIPMENT: Status.AWAITING_SHIPMENT},
    Deallocate(): {Status.AWAITING_SHIPMENT: Status.AWAITING_SHIPMENT},
    BeginWork(): {Status.AWAITING_SHIPMENT: Status.WORKING},
    Inspect(): {Status.WORKING: Status.INSPECTED},
    SHIP: dict.fromkeys(
        (Status.AWAITING_SHIPMENT, Status.WORKING, Status.INSPECTED), Status.SHIPPED
    ),
    TakeBack(): {Status.SHIPPED: Status.RETURNED},
    CancelHere(): dict.fromkeys(
        (
            Status.HOLD,
            Status.AWAITING_ARRIVAL,
            Status.AWAITING_SHIPMENT,
            Status.WORKING,
            Status.INSPECTED,
        ),
        Status.CANCELLED,
    ),
    PutOnHold((HoldReason.NOTE,)): dict.fromkeys(
        (Status.HOLD, Status.AWAITING_ARRIVAL, Status.AWAITING_SHIPMENT), Status.HOLD
    ),
    ReleaseHold(): {Status.HOLD: Status.AWAITING_SHIPMENT},
    AwaitArrival(): {Status.AWAITING_SHIPMENT: Status.AWAITING_ARRIVAL},
    Arrived(): {Status.AWAITING_ARRIVAL: Status.AWAITING_SHIPMENT},
    MarkPaidHere(): {
        status: Status.AWAITING_SHIPMENT if status is Status.HOLD else status for status in Status
    },
}
operations = st.sampled_from(list(TABLE))


def standing(status: Status, *, allocated: bool = False) -> Standing:
    """An unpaid instruction in a status, with a hold where there has to be one."""
    holds = (UNPAID,) if status is Status.HOLD else ()
    return Standing(status, Payment.UNPAID, holds, allocated)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("operation", TABLE, ids=lambda operation: operation.name)
def test_an_operation_starts_only_where_the_table_says(
    operation: Operation, status: Status
) -> None:
    leads_to = TABLE[operation].get(status)

    if leads_to is None:
        with pytest.raises(BrokenRule):
            operation.applied(standing(status))
    else:
        assert operation.applied(standing(status)).status is leads_to


@given(operations, st.sampled_from(Status), st.booleans())
def test_whatever_is_done_only_allowed_moves_are_made_and_holds_fit_the_status(
    operation: Operation, status: Status, allocated: bool
) -> None:
    before = standing(status, allocated=allocated)
    try:
        after = operation.applied(before)
    except BrokenRule:
        return

    assert after.status is before.status or after.status in moves_from(before.status)
    assert bool(after.holds) == (after.status is Status.HOLD)


@given(st.lists(operations, max_size=12))
def test_the_payment_flag_never_goes_back_to_unpaid(history: list[Operation]) -> None:
    now = standing(Status.HOLD)
    for operation in history:
        try:
            after = operation.applied(now)
        except BrokenRule:
            continue
        assert not (now.payment is Payment.PAID and after.payment is Payment.UNPAID)
        now = after


@given(st.lists(operations, max_size=12), st.booleans())
def test_secured_follows_the_status_and_shipping_leaves_free_stock_alone(
    history: list[Operation], restock: bool
) -> None:
    now, secured = standing(Status.HOLD), 1
    for operation in history:
        try:
            after = operation.applied(now)
        except BrokenRule:
            continue
        effect = stock_effect(now, after, restock=restock)
        secured += effect.secured
        assert secured == int(secures_stock(after.status))
        if after.status is Status.SHIPPED and now.status is not Status.SHIPPED:
            assert effect.on_hand == effect.secured == -1
        now = after


def test_a_hold_reason_is_kept_once_with_its_first_cause() -> None:
    held = PutOnHold((HoldReason.PAYMENT, HoldReason.NOTE, HoldReason.NOTE), "see note")

    after = held.applied(standing(Status.HOLD))

    assert after.holds == (UNPAID, Hold(HoldReason.NOTE, HoldCause.PERSON, "see note"))


def test_a_person_seeing_the_money_takes_away_only_the_hold_for_it() -> None:
    """STS-3."""
    note = Hold(HoldReason.NOTE, HoldCause.PERSON, "")
    before = replace(standing(Status.HOLD), holds=(UNPAID, note))

    after = MarkPaidHere().applied(before)

    assert after == Standing(Status.HOLD, Payment.PAID, (note,))


def test_pieces_set_aside_for_more_than_is_on_hand_leave_nothing_for_others() -> None:
    shelf = Shelf(on_hand={1: 2}, allocated={1: 5}, codes={1: "A"})

    with pytest.raises(Shortage, match="A: 1 needed, 0 on hand and not allocated to others"):
        shelf.set_aside({1: 1})


def test_more_may_leave_than_was_counted_and_is_missing_for_the_next() -> None:
    shelf = Shelf(on_hand={1: 3}, allocated={}, codes={1: "A"})
    shelf.take_off({1: 2})
    shelf.take_off({1: 2})

    assert shelf.on_hand == {1: -1}
    with pytest.raises(Shortage, match="A: 1 needed, 0 on hand"):
        shelf.set_aside({1: 1})
