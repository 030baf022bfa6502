"""Is it paid?"""

from dataclasses import replace

import pytest

from domain.errors import BrokenRule
from domain.orders.cart_order import BaseStatus, Dispatch, Settlement
from domain.orders.instructions import HoldCause, HoldReason, Payment
from domain.orders.payments import DEFERRED, PREPAID, Method, became_paid, first_payment, method_of
from tests.unit.samples import READY, base_order, shopserve_order, summary

prepaid = pytest.mark.parametrize("method", sorted(PREPAID))
deferred = pytest.mark.parametrize("method", sorted(DEFERRED))
OTHERS = sorted(set(Method) - PREPAID - DEFERRED)


@pytest.mark.parametrize(
    ("code", "name", "method"),
    [
        pytest.param("BankTransfer", "", Method.BANK_TRANSFER, id="by code"),
        pytest.param("FreePayment3", "", Method.FREE, id="free payment by prefix"),
        pytest.param("", "銀行振込", Method.BANK_TRANSFER, id="by name where there is no code"),
        pytest.param("銀行振込", "銀行振込", Method.BANK_TRANSFER, id="the name in its place"),
        pytest.param("", "コンビニ（番号端末式）", Method.CONVENIENCE_NUMBER, id="wide brackets"),
        pytest.param("", "コンビニ決済（払込票）", Method.CONVENIENCE_SLIP, id="slip"),
        pytest.param("", "ＮＰ後払い", Method.NP_DEFERRED, id="wide letters"),
        pytest.param("", "ｸﾚｼﾞｯﾄｶｰﾄﾞ決済", Method.CREDIT_CARD, id="half-width kana"),
        pytest.param("", "自由決済２", Method.FREE, id="free payment by name"),
        pytest.param("", "あと払い（ペイディ）", Method.PAIDY, id="paidy by name"),
        pytest.param("Bitcoin", "銀行振込", None, id="an unknown code beats a known name"),
        pytest.param("", "現金書留", None, id="unknown name"),
        pytest.param("", "", None, id="nothing told"),
    ],
)
def test_imp_17_methods_are_matched_by_code_and_by_name_only_without_one(
    code: str, name: str, method: Method | None
) -> None:
    assert method_of(code, name) is method


@prepaid
def test_sts_01_prepaid_methods_are_paid_once_the_cart_says_so(method: str) -> None:
    for paid, expected in ((True, True), (False, False), (None, False)):
        status = replace(READY, paid=paid, settlement=Settlement.COLLECTED)
        assert became_paid(shopserve_order(status=status, method=method)) is expected


@deferred
@pytest.mark.parametrize("settlement", list(Settlement))
def test_sts_01_deferred_methods_are_paid_once_credit_was_granted(
    method: str, settlement: Settlement
) -> None:
    status = replace(READY, paid=True, settlement=settlement)

    paid = became_paid(shopserve_order(status=status, method=method))

    not_granted = {
        Settlement.NONE,
        Settlement.CANCELED,
        Settlement.ERROR,
        Settlement.UNKNOWN,
    }
    assert paid is (settlement not in not_granted)


@pytest.mark.parametrize("method", OTHERS)
def test_sts_01_other_methods_never_become_paid_by_themselves(method: str) -> None:
    status = replace(READY, paid=True, settlement=Settlement.COLLECTED)

    assert not became_paid(shopserve_order(status=status, method=method))


@pytest.mark.parametrize("dispatch", list(Dispatch))
def test_sts_02_a_base_order_is_paid_when_no_longer_waiting_for_money(dispatch: Dispatch) -> None:
    paid = dispatch in {Dispatch.ORDERED, Dispatch.SHIPPING, Dispatch.DISPATCHED}

    assert became_paid(base_order(dispatch=dispatch)) is paid
    assert became_paid(summary(dispatch)) is paid


def test_sts_02_a_transfer_that_fell_short_is_not_paid() -> None:
    short = BaseStatus(Dispatch.ORDERED, transfer_short=True)

    assert not became_paid(base_order(status=short, payment="base_bt"))


def test_imp_17_base_orders_start_by_their_dispatch_status() -> None:
    waiting = first_payment(base_order(dispatch=Dispatch.UNPAID))
    ready = first_payment(base_order(payment="a_method_of_next_year"))

    assert waiting.payment is Payment.UNPAID
    assert waiting.hold is not None
    assert waiting.hold.reason is HoldReason.PAYMENT
    assert (ready.payment, ready.hold) == (Payment.PAID, None)


@prepaid
def test_imp_17_a_method_of_the_table_waits_until_it_is_paid(method: str) -> None:
    waiting = first_payment(shopserve_order(method=method))
    ready = first_payment(shopserve_order(status=replace(READY, paid=True), method=method))

    assert waiting.hold is not None
    assert waiting.hold.reason is HoldReason.PAYMENT
    assert (ready.payment, ready.hold) == (Payment.PAID, None)


@pytest.mark.parametrize("method", OTHERS)
def test_imp_17_other_listed_methods_start_paid_unless_settlement_failed(method: str) -> None:
    for settlement in Settlement:
        first = first_payment(
            shopserve_order(status=replace(READY, settlement=settlement), method=method)
        )
        failed = settlement in {Settlement.ERROR, Settlement.CANCELED}
        assert (first.hold is not None) is failed
        assert first.payment is (Payment.UNPAID if failed else Payment.PAID)


def test_imp_17_a_method_not_on_the_list_is_held_and_named() -> None:
    first = first_payment(shopserve_order(method="Bitcoin"))

    assert first.payment is Payment.UNPAID
    assert first.hold is not None
    assert first.hold.reason is HoldReason.CHECK
    assert first.hold.cause is HoldCause.UNKNOWN_PAYMENT
    assert "Bitcoin" in first.hold.text


def test_imp_17_a_base_order_past_open_has_no_first_status() -> None:
    with pytest.raises(BrokenRule, match="dispatched"):
        first_payment(base_order(dispatch=Dispatch.DISPATCHED))
