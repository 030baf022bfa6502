"""Telling ShopServe that orders were taken."""

from dataclasses import replace

from domain.orders.cart_order import Folder
from domain.orders.confirmations import LEFT_OUT, WAITING, Confirm, Confirmed, NotConfirmable, judge
from domain.orders.instructions import ApiStatus, Status
from tests.unit.samples import READY, shopserve_order


def test_cnf_01_every_live_unprinted_instruction_waits_for_its_confirmation() -> None:
    assert WAITING is ApiStatus.AWAITING_PRINT
    assert {Status.CANCELLED, Status.RETURNED} == LEFT_OUT


def test_cnf_02_an_order_confirmed_in_the_cart_is_done_without_a_call() -> None:
    confirmed = shopserve_order(status=replace(READY, confirmed=True))

    assert judge(confirmed) == Confirmed()
    assert judge(shopserve_order()) == Confirm()


def test_cnf_02_a_word_we_do_not_know_is_confirmed_again_which_is_harmless() -> None:
    assert judge(shopserve_order(status=replace(READY, confirmed=None))) == Confirm()


def test_what_is_cancelled_or_gone_in_the_cart_is_left_with_a_reason() -> None:
    gone = [
        replace(READY, cancelled=True, confirmed=True),
        replace(READY, folder=Folder.CANCELED),
    ]

    for status in gone:
        verdict = judge(shopserve_order(status=status))
        assert isinstance(verdict, NotConfirmable)
        assert "cancelled" in verdict.reason
    assert isinstance(judge(None), NotConfirmable)
