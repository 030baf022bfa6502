"""Which orders go to the completed folder."""

from dataclasses import replace

import pytest

from domain.orders import completion
from domain.orders.cart_order import CartOrder, Folder, PaymentClass, Settlement
from domain.orders.completion import (
    Complete,
    InFolder,
    NotYet,
    PartFacts,
    Verdict,
    judge_parts,
)
from domain.orders.instructions import ApiStatus, Status
from domain.orders.payment_methods import LISTED_ONLY, PaymentTable
from tests.unit.samples import READY, base_order, shopserve_order

RETURNED = PartFacts("10004217-1", Status.SHIPPED, ApiStatus.TRACKING_RETURNED)
WAITING = PartFacts("10004217-2", Status.SHIPPED, ApiStatus.PRINTED)
GONE = PartFacts("10004217-2", Status.CANCELLED, ApiStatus.PRINTED)


def judge(parts: list[PartFacts], order: CartOrder | None) -> Verdict:
    return completion.judge(parts, order, LISTED_ONLY)


def judged(method: str, settlement: Settlement) -> Verdict:
    order = shopserve_order(status=replace(READY, settlement=settlement), method=method)
    return judge([RETURNED], order)


def test_cmp_01_only_orders_whose_shipment_was_returned_are_completed() -> None:
    assert judge([RETURNED], shopserve_order(method="BankTransfer")) == Complete()
    assert isinstance(judge([WAITING], shopserve_order(method="BankTransfer")), NotYet)


@pytest.mark.parametrize("settlement", list(Settlement))
def test_cmp_02_cards_need_collection_to_be_scheduled_or_done(settlement: Settlement) -> None:
    completed = judged("CreditCard", settlement) == Complete()

    assert completed is (settlement in {Settlement.COLLECTION_SCHEDULED, Settlement.COLLECTED})


@pytest.mark.parametrize("method", ["DeferredPayment", "NpDeferred", "Paidy"])
def test_cmp_02_deferred_methods_need_the_settlement_request(method: str) -> None:
    assert judged(method, Settlement.REQUESTED) == Complete()
    for settlement in (Settlement.COLLECTION_SCHEDULED, Settlement.COLLECTED):
        past = judged(method, settlement)
        assert isinstance(past, Complete)
        assert "決済依頼済" in past.note
    for settlement in (Settlement.AUTHORIZED, Settlement.REQUESTING, Settlement.ERROR):
        assert isinstance(judged(method, settlement), NotYet)


@pytest.mark.parametrize("method", ["CreditCard", "NpDeferred", "Paidy"])
def test_cmp_02_goods_that_left_and_whose_settlement_failed_need_a_person(method: str) -> None:
    for settlement in Settlement:
        verdict = judged(method, settlement)
        failed = settlement in {Settlement.ERROR, Settlement.CANCELED}
        assert (isinstance(verdict, NotYet) and verdict.needs_person) is failed


@pytest.mark.parametrize("method", ["BankTransfer", "CashOnDelivery", "FreePayment7", "AuPay"])
def test_cmp_02_other_methods_are_not_checked(method: str) -> None:
    assert all(judged(method, settlement) == Complete() for settlement in Settlement)


def test_cmp_05_a_method_nobody_knows_is_not_completed_before_a_person_says_what_it_is() -> None:
    status = replace(READY, settlement=Settlement.REQUESTED)
    order = shopserve_order(status=status, method="Gmo", name="GMO後払い")
    said = PaymentTable("books", {"GMO後払い": PaymentClass.DEFERRED})

    unknown = completion.judge([RETURNED], order, PaymentTable("books"))

    assert isinstance(unknown, NotYet)
    assert unknown.needs_person
    assert "--shop books --method GMO後払い" in unknown.reason.replace("'", "")
    assert completion.judge([RETURNED], order, said) == Complete()


def test_cmp_04_an_order_of_which_nobody_knows_whether_it_is_cancelled_waits() -> None:
    order = shopserve_order(status=replace(READY, cancelled=None), method="BankTransfer")

    assert isinstance(judge([RETURNED], order), NotYet)


def test_cmp_03_every_part_that_is_not_cancelled_has_to_be_returned() -> None:
    waiting = judge_parts([RETURNED, WAITING])

    assert isinstance(waiting, NotYet)
    assert "10004217-2" in waiting.reason
    assert judge_parts([RETURNED, GONE]) is None
    assert isinstance(judge_parts([GONE]), NotYet)


def test_cmp_04_an_order_already_in_the_folder_counts_as_done() -> None:
    order = shopserve_order(status=replace(READY, folder=Folder.COMPLETED))

    assert judge([RETURNED], order) == InFolder()


@pytest.mark.parametrize("folder", [Folder.CANCELED, Folder.TRASH, Folder.UNKNOWN])
def test_cmp_04_an_order_elsewhere_is_looked_at_again(folder: Folder) -> None:
    order = shopserve_order(status=replace(READY, folder=folder), method="BankTransfer")

    assert isinstance(judge([RETURNED], order), NotYet)
    assert isinstance(judge([RETURNED], None), NotYet)
    assert isinstance(judge([RETURNED], base_order()), NotYet)
