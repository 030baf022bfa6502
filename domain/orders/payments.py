"""Is an order paid? (入金; STS-1, STS-2, IMP-17)."""

from dataclasses import dataclass

from domain.errors import BrokenRule
from domain.orders.cart_order import (
    BaseStatus,
    CartOrder,
    Dispatch,
    OrderSummary,
    PaymentClass,
    Settlement,
    ShopServeStatus,
)
from domain.orders.instructions import (
    Hold,
    HoldCause,
    HoldReason,
    Payment,
    Status,
    status_after_release,
)
from domain.orders.payment_methods import PaymentTable

PAID_AT_ONCE = frozenset(
    {PaymentClass.CARD, PaymentClass.DEFERRED_AT_ONCE, PaymentClass.COD, PaymentClass.NONE}
)
"""IMP-17: paid from the start, unless the settlement failed."""

SETTLEMENT_FAILED = frozenset({Settlement.ERROR, Settlement.CANCELED})

BASE_DEFERRED = "atobarai"
"""BASE's code of 後払い決済 (IMP-13, RET-3)."""

BASE_TRANSFERS = frozenset({"base_bt", "bt"})
"""BASE's bank transfers, the only methods that can fall short (STS-2)."""

CREDIT_REACHED = frozenset(
    {
        Settlement.AUTHORIZED,
        Settlement.REQUESTING,
        Settlement.REQUESTED,
        Settlement.SLIP_SENT,
        Settlement.COLLECTION_SCHEDULED,
        Settlement.COLLECTED,
    }
)
"""与信OK or later (STS-1)."""

_NOT_PAID_ON_BASE = frozenset(
    {Dispatch.UNPAID, Dispatch.UNSHIPPABLE, Dispatch.CANCELLED, Dispatch.UNKNOWN}
)
# No word, or one nobody knows: whether their money can be fetched, nobody knows either.
_UNCLEAR = frozenset({Settlement.UNTOLD, Settlement.UNKNOWN})
_SETTLED_LATER = frozenset({PaymentClass.CARD, PaymentClass.DEFERRED_AT_ONCE})
# What IMP-17 decided about the payment; deciding anew takes these away and nothing else.
_DECIDED = frozenset({HoldCause.UNPAID, HoldCause.UNKNOWN_PAYMENT, HoldCause.SETTLEMENT})


@dataclass(frozen=True, slots=True)
class FirstPayment:
    """What an order's payment means for its new instructions (IMP-17)."""

    payment: Payment
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class PaymentStanding:
    """What deciding about a payment reads and changes of an instruction."""

    status: Status
    payment: Payment
    holds: tuple[Hold, ...]

    @property
    def waits(self) -> bool:
        """Whether it is on hold for what IMP-17 decided about its payment."""
        return any(hold.cause in _DECIDED for hold in self.holds)

    @property
    def failed(self) -> bool:
        """Whether it is on hold for its settlement, whatever a person said since (STS-9)."""
        return any(hold.cause is HoldCause.SETTLEMENT for hold in self.holds)

    def decided(self, first: FirstPayment) -> "PaymentStanding":
        """Return where it stands once IMP-17 is decided anew (PAY-1, STS-9).

        Only the holds of that decision go; the flag never goes back. What a person released is not
        held again.
        """
        holds = tuple(hold for hold in self.holds if hold.cause not in _DECIDED)
        if first.hold is not None and self.waits:
            holds = (*holds, first.hold)
        paid = Payment.PAID in {self.payment, first.payment}
        return PaymentStanding(
            status_after_release(self.status, holds),
            Payment.PAID if paid else Payment.UNPAID,
            holds,
        )


def became_paid(answer: CartOrder | OrderSummary, payments: PaymentTable) -> bool:
    """Tell whether the cart's answer makes an unpaid instruction paid (STS-1, STS-2, STS-9).

    A BASE list row does not tell whether a bank transfer fell short: read the order before acting
    on a row whose method is one of `BASE_TRANSFERS`.
    """
    if isinstance(answer, OrderSummary):
        return answer.dispatch not in _NOT_PAID_ON_BASE
    if isinstance(answer.status, BaseStatus):
        return answer.status.dispatch not in _NOT_PAID_ON_BASE and not answer.status.transfer_short
    means = payments.class_of(answer)
    if means in PAID_AT_ONCE:  # it failed at import, and a later read shows it granted (STS-9)
        return answer.status.settlement in CREDIT_REACHED or answer.status.paid is True
    return _paid_by_table(means, answer.status)


def first_payment(order: CartOrder, payments: PaymentTable) -> FirstPayment:
    """Return the payment flag and hold an imported order starts with (IMP-17).

    Raises: BrokenRule: the order's state is none that is imported.
    """
    if isinstance(order.status, BaseStatus):
        return _first_on_base(order.status)
    return _first_on_shopserve(order, order.status, payments)


def _first_on_base(status: BaseStatus) -> FirstPayment:
    if status.dispatch not in {Dispatch.UNPAID, Dispatch.ORDERED}:
        raise BrokenRule(f"a BASE order that is {status.dispatch} is not imported")
    if status.dispatch is Dispatch.ORDERED and not status.transfer_short:
        return FirstPayment(Payment.PAID)
    return FirstPayment(Payment.UNPAID, _waiting("the order is 入金待ち in BASE"))


def _first_on_shopserve(
    order: CartOrder, status: ShopServeStatus, payments: PaymentTable
) -> FirstPayment:
    means = payments.class_of(order)
    if means is None:
        return _to_check(HoldCause.UNKNOWN_PAYMENT, payments.unknown(order))
    named = order.payment_name or order.payment_method
    if means not in PAID_AT_ONCE:
        if _paid_by_table(means, status):
            return FirstPayment(Payment.PAID)
        return FirstPayment(Payment.UNPAID, _waiting(f"{named} is not paid yet in ShopServe"))
    unclear = status.settlement in _UNCLEAR and means in _SETTLED_LATER
    if unclear or status.settlement in SETTLEMENT_FAILED:
        text = f"{named}: settlement (決済ステータス) is {status.settlement}"
        return _to_check(HoldCause.SETTLEMENT, text)
    return FirstPayment(Payment.PAID)


def _paid_by_table(means: PaymentClass | None, status: ShopServeStatus) -> bool:
    if means is PaymentClass.PREPAID:
        return status.paid is True
    return means is PaymentClass.DEFERRED and status.settlement in CREDIT_REACHED


def _waiting(text: str) -> Hold:
    return Hold(HoldReason.PAYMENT, HoldCause.UNPAID, text)


def _to_check(cause: HoldCause, text: str) -> FirstPayment:
    return FirstPayment(Payment.UNPAID, Hold(HoldReason.CHECK, cause, text))
