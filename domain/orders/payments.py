"""Is an order paid? (入金; STS-1, STS-2, IMP-17)."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from domain.errors import BrokenRule
from domain.orders.cart_order import (
    BaseStatus,
    CartOrder,
    Dispatch,
    OrderSummary,
    Settlement,
    ShopServeStatus,
)
from domain.orders.instructions import Hold, HoldCause, HoldReason, Payment


class Method(StrEnum):
    """ShopServe's payment methods that the contract lists."""

    CREDIT_CARD = "CreditCard"
    CASH_ON_DELIVERY = "CashOnDelivery"
    BANK_TRANSFER = "BankTransfer"
    POSTAL_TRANSFER = "PostalTransfer"
    CONVENIENCE_NUMBER = "ConvenienceNumber"
    PAY_EASY = "PayEasy"
    CONVENIENCE_SLIP = "ConvenienceSlip"
    DEFERRED = "DeferredPayment"
    NP_DEFERRED = "NpDeferred"
    PAIDY = "Paidy"
    RAKUTEN_PAY = "RakutenPay"
    PAYPAY = "PayPay"
    AU_PAY = "AuPay"
    FREE = "FreePayment"


PREPAID = frozenset(
    {
        Method.BANK_TRANSFER,
        Method.CONVENIENCE_NUMBER,
        Method.PAY_EASY,
        Method.CONVENIENCE_SLIP,
        Method.POSTAL_TRANSFER,
        Method.FREE,
    }
)
"""STS-1: paid once the cart's payment status is 入金済."""

DEFERRED = frozenset({Method.DEFERRED, Method.NP_DEFERRED})
"""STS-1: paid once the cart's settlement status reached 与信OK."""

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
_NAMES: Mapping[Method, tuple[str, ...]] = MappingProxyType(
    {
        Method.CREDIT_CARD: ("クレジットカード", "クレジットカード決済"),
        Method.CASH_ON_DELIVERY: ("代引", "代引き", "代金引換"),
        Method.BANK_TRANSFER: ("銀行振込",),
        Method.POSTAL_TRANSFER: ("郵便振替",),
        Method.CONVENIENCE_NUMBER: (
            "コンビニ(番号端末式)",
            "コンビニ(番号端末式)・銀行ATM・ネットバンキング決済",
        ),
        Method.PAY_EASY: ("銀行ATM・ネットバンキング", "銀行ATM・ネットバンキング決済"),
        Method.CONVENIENCE_SLIP: ("コンビニ(払込票)", "コンビニ決済(払込票)"),
        Method.DEFERRED: ("後払い", "後払い(コンビニ・郵便局・銀行)決済"),
        Method.NP_DEFERRED: ("NP後払い",),
        Method.PAIDY: ("Paidy", "あと払い(ペイディ)"),
        Method.RAKUTEN_PAY: ("楽天ペイ", "楽天ペイ(オンライン決済)"),
        Method.PAYPAY: ("PayPay", "PayPay(オンライン決済)"),
        Method.AU_PAY: ("au PAY", "au PAY(ネット支払い)"),
        Method.FREE: ("自由決済",),
    }
)


@dataclass(frozen=True, slots=True)
class FirstPayment:
    """What an order's payment means for its new instructions (IMP-17)."""

    payment: Payment
    hold: Hold | None = None


def method_of(code: str, name: str = "") -> Method | None:
    """Return the listed ShopServe method, None for one that is not on the list (IMP-17).

    Args:
        code: the cart's code, or the Japanese name in its place. FreePayment counts by prefix.
        name: the cart's display name; looked at only where there is no code.
    """
    if code in _BY_CODE:
        return _BY_CODE[code]
    if code.startswith(Method.FREE):
        return Method.FREE
    return _by_name(code or name)


def became_paid(answer: CartOrder | OrderSummary) -> bool:
    """Tell whether the cart's answer makes an unpaid instruction paid (STS-1, STS-2).

    A BASE list row does not tell whether a bank transfer fell short: read the order before acting
    on a row whose method is one of `BASE_TRANSFERS`.
    """
    if isinstance(answer, OrderSummary):
        return answer.dispatch not in _NOT_PAID_ON_BASE
    if isinstance(answer.status, BaseStatus):
        return answer.status.dispatch not in _NOT_PAID_ON_BASE and not answer.status.transfer_short
    return _paid_by_table(method_of(answer.payment_method, answer.payment_name), answer.status)


def first_payment(order: CartOrder) -> FirstPayment:
    """Return the payment flag and hold an imported order starts with (IMP-17).

    Raises: BrokenRule: the order's state is none that is imported.
    """
    if isinstance(order.status, BaseStatus):
        return _first_on_base(order.status)
    return _first_on_shopserve(order, order.status)


def _first_on_base(status: BaseStatus) -> FirstPayment:
    if status.dispatch not in {Dispatch.UNPAID, Dispatch.ORDERED}:
        raise BrokenRule(f"a BASE order that is {status.dispatch} is not imported")
    if status.dispatch is Dispatch.ORDERED and not status.transfer_short:
        return FirstPayment(Payment.PAID)
    return FirstPayment(Payment.UNPAID, _waiting("the order is 入金待ち in BASE"))


def _first_on_shopserve(order: CartOrder, status: ShopServeStatus) -> FirstPayment:
    method = method_of(order.payment_method, order.payment_name)
    if method is None:
        named = order.payment_method or order.payment_name or "(none)"
        return _to_check(HoldCause.UNKNOWN_PAYMENT, f"payment method not on the list: {named}")
    if method in PREPAID | DEFERRED:
        if _paid_by_table(method, status):
            return FirstPayment(Payment.PAID)
        return FirstPayment(Payment.UNPAID, _waiting(f"{method} is not paid yet in ShopServe"))
    if status.settlement in SETTLEMENT_FAILED:
        return _to_check(HoldCause.SETTLEMENT, f"{method}: settlement is {status.settlement}")
    return FirstPayment(Payment.PAID)


def _paid_by_table(method: Method | None, status: ShopServeStatus) -> bool:
    if method in PREPAID:
        return status.paid is True
    return method in DEFERRED and status.settlement in CREDIT_REACHED


def _waiting(text: str) -> Hold:
    return Hold(HoldReason.PAYMENT, HoldCause.UNPAID, text)


def _to_check(cause: HoldCause, text: str) -> FirstPayment:
    return FirstPayment(Payment.UNPAID, Hold(HoldReason.CHECK, cause, text))


def _by_name(name: str) -> Method | None:
    plain = _plain(name)
    if plain.startswith(_plain(_NAMES[Method.FREE][0])):
        return Method.FREE
    return _PLAIN_NAMES.get(plain)


_BY_CODE: Mapping[str, Method] = MappingProxyType({method.value: method for method in Method})


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


_PLAIN_NAMES: Mapping[str, Method] = MappingProxyType(
    {_plain(name): method for method, names in _NAMES.items() for name in names}
)
