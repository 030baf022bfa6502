"""What the warehouse and people do with instructions."""

from datetime import date

import pytest

from domain.errors import BrokenRule
from domain.instructions import HoldReason, Payment, Status
from domain.warehouse import (
    LONGEST_TRACKING,
    Allocate,
    Arrived,
    AwaitArrival,
    CancelHere,
    Deallocate,
    Inspect,
    MarkPaidHere,
    Operation,
    Parcel,
    PutOnHold,
    ReleaseHold,
    Ship,
    Standing,
    TakeBack,
    Work,
)
from tests.unit.samples import BY_HAND, NO_METHOD, WAITING

S = Status
PARCEL = Parcel("宅配便", "4470-1234-5678", date(2025, 1, 15))
READY = Standing(S.AWAITING_SHIPMENT, Payment.PAID, allocated=True)
HELD = Standing(S.HOLD, Payment.UNPAID, (WAITING, NO_METHOD))
PAUSE = PutOnHold((HoldReason.ADDRESS,), "no house number")


def at(status: Status, *, allocated: bool = True) -> Standing:
    holds = (BY_HAND,) if status is S.HOLD else ()
    return Standing(status, Payment.PAID, holds, allocated=allocated)


@pytest.mark.parametrize(
    ("operation", "starts"),
    [
        pytest.param(Allocate(), {S.AWAITING_SHIPMENT}, id="allocate"),
        pytest.param(Deallocate(), {S.AWAITING_SHIPMENT}, id="deallocate"),
        pytest.param(Work(), {S.AWAITING_SHIPMENT}, id="work"),
        pytest.param(Inspect(), {S.WORKING}, id="inspect"),
        pytest.param(Ship(PARCEL), {S.AWAITING_SHIPMENT, S.WORKING, S.INSPECTED}, id="ship"),
        pytest.param(TakeBack(), {S.SHIPPED}, id="return"),
        pytest.param(PAUSE, {S.HOLD, S.AWAITING_ARRIVAL, S.AWAITING_SHIPMENT}, id="hold"),
        pytest.param(ReleaseHold(), {S.HOLD}, id="release"),
        pytest.param(AwaitArrival(), {S.AWAITING_SHIPMENT}, id="wait for goods"),
        pytest.param(Arrived(), {S.AWAITING_ARRIVAL}, id="goods came"),
        pytest.param(
            CancelHere(),
            {S.HOLD, S.AWAITING_ARRIVAL, S.AWAITING_SHIPMENT, S.WORKING, S.INSPECTED},
            id="cancel",
        ),
    ],
)
def test_an_operation_starts_only_where_it_makes_sense(
    operation: Operation, starts: set[Status]
) -> None:
    for status in Status:
        if status in starts:
            operation.applied(at(status))
        else:
            with pytest.raises(BrokenRule):
                operation.applied(at(status))


def test_allocation_is_a_flag_and_repeating_it_changes_nothing() -> None:
    free = at(S.AWAITING_SHIPMENT, allocated=False)

    assert Allocate().applied(free) == Allocate().applied(READY) == READY
    assert Deallocate().applied(READY) == free


@pytest.mark.parametrize(
    "operation", [PAUSE, CancelHere(), AwaitArrival()], ids=["hold", "cancel", "wait for goods"]
)
def test_pieces_set_aside_are_free_again(operation: Operation) -> None:
    assert not operation.applied(READY).allocated


def test_work_inspection_and_shipping_keep_the_allocation() -> None:
    standing = READY
    for operation in (Work(), Inspect(), Ship(PARCEL)):
        standing = operation.applied(standing)
        assert standing.allocated
    assert TakeBack().applied(standing) == at(S.RETURNED, allocated=False)


def test_a_hold_adds_only_reasons_that_are_not_there() -> None:
    again = PutOnHold((HoldReason.CHECK, HoldReason.ADDRESS, HoldReason.ADDRESS), "by phone")

    held = again.applied(HELD)

    assert [hold.reason for hold in held.holds] == ["入金確認", "要確認", "住所不備"]
    assert held.holds[:2] == HELD.holds
    assert held.holds[2].text == "by phone"
    assert PAUSE.applied(READY).status is S.HOLD
    with pytest.raises(BrokenRule, match="reason"):
        PutOnHold(()).applied(READY)


def test_a_release_takes_the_named_reasons_or_all() -> None:
    one = ReleaseHold((HoldReason.CHECK,)).applied(HELD)
    every = ReleaseHold().applied(HELD)

    assert (one.status, one.holds) == (S.HOLD, (WAITING,))
    assert (every.status, every.holds, every.payment) == (S.AWAITING_SHIPMENT, (), Payment.UNPAID)
    with pytest.raises(BrokenRule, match="住所不備"):
        ReleaseHold((HoldReason.ADDRESS,)).applied(HELD)


def test_cancelling_takes_the_holds_away() -> None:
    assert CancelHere().applied(HELD) == Standing(S.CANCELLED, Payment.UNPAID)


def test_sts_03_money_seen_by_a_person_releases_like_money_seen_by_the_cart() -> None:
    only_money = Standing(S.HOLD, Payment.UNPAID, (WAITING,))

    assert MarkPaidHere().applied(only_money) == Standing(S.AWAITING_SHIPMENT, Payment.PAID)
    assert MarkPaidHere().applied(HELD) == Standing(S.HOLD, Payment.PAID, (NO_METHOD,))
    assert MarkPaidHere().applied(at(S.WORKING)) == at(S.WORKING)


@pytest.mark.parametrize(
    ("method", "tracking"),
    [
        pytest.param(" ", "4470", id="no method"),
        pytest.param("宅配便", " ", id="no number"),
        pytest.param("宅配便", "4" * (LONGEST_TRACKING + 1), id="too long"),
        pytest.param("宅配便", "4470\n1234", id="two lines"),
    ],
)
def test_a_parcel_no_cart_could_be_told_of_is_refused(method: str, tracking: str) -> None:
    with pytest.raises(BrokenRule):
        Parcel(method, tracking, date(2025, 1, 15))
    assert Parcel("宅配便", "4" * LONGEST_TRACKING, date(2025, 1, 15)).tracking


def test_the_audit_keeps_what_was_done_without_personal_data() -> None:
    assert Ship(PARCEL).detail() == {
        "method": "宅配便",
        "tracking": "4470-1234-5678",
        "shipped_on": "2025-01-15",
    }
    assert TakeBack(restock=False).detail() == {"restock": False}
    assert PAUSE.detail() == {"reasons": ["住所不備"]}
    assert ReleaseHold().detail() == {"reasons": "all"}
    assert Work().detail() == {}
