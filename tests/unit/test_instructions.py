"""The life cycle of a shipping instruction."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BrokenRule
from domain.orders.instructions import (
    JAPANESE,
    OPEN_STATUSES,
    HoldCause,
    HoldReason,
    Status,
    move,
    reasons,
    secures_stock,
    status_after_release,
    status_with,
    without,
)
from tests.unit.samples import BY_HAND, NO_METHOD, WAITING, moves_from

S = Status


@pytest.mark.parametrize(
    ("current", "to"),
    [
        pytest.param(S.HOLD, S.AWAITING_SHIPMENT, id="release"),
        pytest.param(S.AWAITING_SHIPMENT, S.HOLD, id="hold"),
        pytest.param(S.AWAITING_ARRIVAL, S.HOLD, id="hold while waiting for goods"),
        pytest.param(S.HOLD, S.AWAITING_ARRIVAL, id="wait for goods"),
        pytest.param(S.AWAITING_ARRIVAL, S.AWAITING_SHIPMENT, id="goods came"),
        pytest.param(S.AWAITING_SHIPMENT, S.WORKING, id="work"),
        pytest.param(S.WORKING, S.INSPECTED, id="inspect"),
        pytest.param(S.AWAITING_SHIPMENT, S.SHIPPED, id="ship untouched"),
        pytest.param(S.WORKING, S.SHIPPED, id="ship in work"),
        pytest.param(S.INSPECTED, S.SHIPPED, id="ship inspected"),
        pytest.param(S.SHIPPED, S.RETURNED, id="return"),
    ],
)
def test_the_warehouses_moves_are_allowed(current: Status, to: Status) -> None:
    assert move(current, to) is to


@pytest.mark.parametrize("status", list(Status))
def test_an_instruction_can_be_cancelled_until_it_is_shipped(status: Status) -> None:
    cancellable = Status.CANCELLED in moves_from(status)

    assert cancellable is secures_stock(status)


@pytest.mark.parametrize(
    ("current", "to"),
    [
        pytest.param(S.HOLD, S.SHIPPED, id="a held one is not shipped"),
        pytest.param(S.AWAITING_ARRIVAL, S.SHIPPED, id="nothing there to ship"),
        pytest.param(S.SHIPPED, S.CANCELLED, id="a shipped one is not cancelled"),
        pytest.param(S.SHIPPED, S.HOLD, id="a shipped one is not held"),
        pytest.param(S.CANCELLED, S.AWAITING_SHIPMENT, id="a cancelled one stays so"),
        pytest.param(S.RETURNED, S.SHIPPED, id="a returned one stays so"),
        pytest.param(S.WORKING, S.RETURNED, id="only what was shipped comes back"),
        pytest.param(S.HOLD, S.HOLD, id="standing still is no move"),
    ],
)
def test_other_moves_are_refused_and_the_allowed_ones_named(current: Status, to: Status) -> None:
    with pytest.raises(BrokenRule) as refused:
        move(current, to)

    for allowed in moves_from(current):
        assert allowed in str(refused.value)


def test_final_statuses_say_that_they_are_final() -> None:
    for final in (Status.CANCELLED, Status.RETURNED):
        with pytest.raises(BrokenRule, match="final"):
            move(final, Status.HOLD)


def test_imp_17_only_live_unshipped_instructions_secure_stock() -> None:
    assert {status for status in Status if not secures_stock(status)} == {
        Status.SHIPPED,
        Status.CANCELLED,
        Status.RETURNED,
    }


def test_sts_01_open_means_from_hold_to_awaiting_shipment() -> None:
    assert {JAPANESE[status] for status in OPEN_STATUSES} == {"保留", "入荷待ち", "出荷待ち"}


def test_every_status_has_the_operators_word() -> None:
    assert set(JAPANESE) == set(Status)
    assert [reason.value for reason in HoldReason] == [
        "入金確認",
        "要確認",
        "住所不備",
        "備考確認",
        "後払いデータ",
    ]


def test_holds_decide_between_hold_and_awaiting_shipment() -> None:
    assert status_with([WAITING]) is Status.HOLD
    assert status_with([]) is Status.AWAITING_SHIPMENT


def test_sts_03_a_release_moves_only_held_instructions_without_another_reason() -> None:
    assert status_after_release(Status.HOLD, []) is Status.AWAITING_SHIPMENT
    assert status_after_release(Status.HOLD, [BY_HAND]) is Status.HOLD
    assert status_after_release(Status.WORKING, []) is Status.WORKING


def test_holds_are_taken_away_by_cause_and_named_once_by_reason() -> None:
    holds = (WAITING, NO_METHOD, BY_HAND)

    assert without(holds, HoldCause.NO_DELIVERY_METHOD) == (WAITING, BY_HAND)
    assert reasons([NO_METHOD, BY_HAND, NO_METHOD]) == (HoldReason.CHECK, HoldReason.ADDRESS)


@given(steps=st.lists(st.sampled_from(list(Status)), max_size=30))
def test_no_sequence_of_moves_brings_a_shipped_or_cancelled_one_back_to_life(
    steps: list[Status],
) -> None:
    status = Status.HOLD
    dead = False
    for wished in steps:
        if wished in moves_from(status):
            status = move(status, wished)
        dead = dead or not secures_stock(status)
        assert not (dead and secures_stock(status))
