"""Telling ShopServe that orders were taken."""

from dataclasses import replace

import pytest

from domain.confirmations import (
    ConfirmStep,
    PartFacts,
    confirm_step,
    orders_to_confirm,
    wants_confirmation,
)
from domain.instructions import ApiStatus, Status
from tests.unit.samples import READY, base_order, shopserve_order

PART = PartFacts("SC-1", "10004217-1", Status.HOLD, ApiStatus.AWAITING_PRINT)


@pytest.mark.parametrize("status", list(Status))
def test_cnf_01_every_live_unprinted_instruction_is_confirmed(status: Status) -> None:
    wanted = wants_confirmation(replace(PART, status=status))

    assert wanted is (status not in {Status.CANCELLED, Status.RETURNED})


def test_cnf_01_printed_or_hand_made_instructions_are_not() -> None:
    assert not wants_confirmation(replace(PART, api_status=ApiStatus.PRINTED))
    assert not wants_confirmation(replace(PART, api_status=ApiStatus.TRACKING_RETURNED))
    assert not wants_confirmation(replace(PART, imported_by_api=False))


def test_cnf_02_an_order_confirmed_in_the_cart_is_done_without_a_call() -> None:
    confirmed = shopserve_order(status=replace(READY, confirmed=True))

    assert confirm_step(confirmed) is ConfirmStep.DONE
    assert confirm_step(shopserve_order()) is ConfirmStep.SEND


def test_cnf_02_what_the_read_does_not_tell_is_not_sent() -> None:
    unknown = shopserve_order(status=replace(READY, confirmed=None))

    assert confirm_step(unknown) is ConfirmStep.UNKNOWN
    assert confirm_step(None) is confirm_step(base_order()) is ConfirmStep.NOT_FOUND


def test_cnf_03_an_order_is_confirmed_once_however_many_instructions_it_became() -> None:
    second = replace(PART, number="10004217-2")
    cancelled = replace(PART, number="10004217-3", status=Status.CANCELLED)
    other = replace(PART, cart_order_key="SC-2", number="10004218")

    assert orders_to_confirm([PART, other, second, cancelled]) == {
        "SC-1": ("10004217-1", "10004217-2"),
        "SC-2": ("10004218",),
    }
