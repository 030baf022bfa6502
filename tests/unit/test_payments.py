"""Is it paid?"""

from dataclasses import replace

import pytest

from adapters.shopserve.wire.payments import LISTED
from domain.errors import BrokenRule
from domain.orders import payments
from domain.orders.cart_order import (
    BaseStatus,
    CartOrder,
    Dispatch,
    OrderSummary,
    PaymentClass,
    Settlement,
)
from domain.orders.instructions import Hold, HoldCause, HoldReason, Payment, Status
from domain.orders.payment_methods import LISTED_ONLY, PaymentTable
from domain.orders.payments import PAID_AT_ONCE, FirstPayment, PaymentStanding
from tests.unit.samples import READY, base_order, shopserve_order, summary


def codes(*means: PaymentClass) -> list[str]:
    return [one.code for one in LISTED if one.means in means]


prepaid = pytest.mark.parametrize("method", codes(PaymentClass.PREPAID))
deferred = pytest.mark.parametrize("method", codes(PaymentClass.DEFERRED))
OTHERS = codes(*PAID_AT_ONCE)
FAILED = frozenset({Settlement.ERROR, Settlement.CANCELED})
UNCLEAR = frozenset({Settlement.UNTOLD, Settlement.UNKNOWN})


def became_paid(answer: CartOrder | OrderSummary) -> bool:
    return payments.became_paid(answer, LISTED_ONLY)


def first_payment(order: CartOrder) -> FirstPayment:
    return payments.first_payment(order, LISTED_ONLY)


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

    not_granted = {*FAILED, *UNCLEAR, Settlement.NONE}
    assert paid is (settlement not in not_granted)


@pytest.mark.parametrize("method", OTHERS)
@pytest.mark.parametrize("settlement", list(Settlement))
def test_sts_09_other_methods_become_paid_once_a_later_read_shows_credit_or_money(
    method: str, settlement: Settlement
) -> None:
    status = replace(READY, settlement=settlement)

    granted = became_paid(shopserve_order(status=status, method=method))
    paid = became_paid(shopserve_order(status=replace(status, paid=True), method=method))

    assert granted is (settlement not in {*FAILED, *UNCLEAR, Settlement.NONE})
    assert paid


def test_pay_1_a_method_nobody_knows_never_becomes_paid() -> None:
    status = replace(READY, paid=True, settlement=Settlement.COLLECTED)

    assert not became_paid(shopserve_order(status=status, method="Gmo", name="GMO後払い"))
    assert not became_paid(shopserve_order(status=status, method="CreditCard", name="PayPay"))


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
@pytest.mark.parametrize("settlement", list(Settlement))
def test_imp_17_other_listed_methods_start_paid_unless_settlement_failed(
    method: str, settlement: Settlement
) -> None:
    """A word nobody knows is no 与信OK: where the money is yet to be fetched a person looks."""
    first = first_payment(
        shopserve_order(status=replace(READY, settlement=settlement), method=method)
    )

    fetched = method in {"CreditCard", "Paidy"}
    failed = settlement in FAILED or (settlement in UNCLEAR and fetched)
    assert (first.hold is not None) is failed
    assert first.payment is (Payment.UNPAID if failed else Payment.PAID)


@pytest.mark.parametrize(
    ("code", "name"),
    [("Gmo", "GMO後払い"), ("", "現金書留"), ("CreditCard", "PayPay"), ("", "")],
    ids=["neither is listed", "name only", "they contradict each other", "nothing told"],
)
def test_imp_17_a_method_not_recognised_is_held_and_named(code: str, name: str) -> None:
    first = first_payment(shopserve_order(method=code, name=name))

    assert first.payment is Payment.UNPAID
    assert first.hold is not None
    assert first.hold.reason is HoldReason.CHECK
    assert first.hold.cause is HoldCause.UNKNOWN_PAYMENT
    assert name in first.hold.text


UNKNOWN = Hold(HoldReason.CHECK, HoldCause.UNKNOWN_PAYMENT, "nobody knows")
BY_HAND = Hold(HoldReason.CHECK, HoldCause.PERSON, "ask the buyer")


@pytest.mark.parametrize("means", list(PaymentClass))
def test_pay_1_setting_decides_anew_and_takes_away_that_hold_only(means: PaymentClass) -> None:
    order = shopserve_order(method="Gmo", name="GMO後払い")
    first = payments.first_payment(order, PaymentTable("books", {"GMO後払い": means}))
    waiting = PaymentStanding(Status.HOLD, Payment.UNPAID, (UNKNOWN, BY_HAND))

    after = waiting.decided(first)

    kept = () if first.hold is None else (first.hold,)
    assert after == PaymentStanding(Status.HOLD, first.payment, (BY_HAND, *kept))
    assert (first.hold is not None) is (means is PaymentClass.PREPAID)


def test_pay_1_what_a_person_released_is_not_held_again_and_paid_stays_paid() -> None:
    unpaid = FirstPayment(Payment.UNPAID, UNKNOWN)
    for payment in Payment:
        released = PaymentStanding(Status.AWAITING_SHIPMENT, payment, ())

        assert released.decided(unpaid) == released


def test_imp_17_a_base_order_past_open_has_no_first_status() -> None:
    with pytest.raises(BrokenRule, match="dispatched"):
        first_payment(base_order(dispatch=Dispatch.DISPATCHED))
