"""ShopServe's payment methods: codes and names, and what each means for us (PAY-1).

How sure each is: docs/carts.md. The code counts as it is; a name counts when it equals one of the
list after `domain.orders.payment_methods.plain`, never by how it begins.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.orders.cart_order import PaymentClass
from domain.orders.payment_methods import plain


@dataclass(frozen=True, slots=True)
class ListedMethod:
    """One payment method. Attributes: names: what it is called on the screens and pages."""

    code: str
    means: PaymentClass
    names: tuple[str, ...]


FREE = "FreePayment"
"""How the codes of 自由決済 begin; a number follows."""

_MOST_FREE = 20
_FREE_NAMES = tuple(f"自由決済{number}" for number in range(1, _MOST_FREE + 1))

LISTED = (
    ListedMethod("CreditCard", PaymentClass.CARD, ("クレジットカード決済", "クレジットカード")),
    ListedMethod(
        "CashOnDelivery",
        PaymentClass.COD,
        ("代金引換", "代金引換（代引き）", "代引き", "代引"),
    ),
    ListedMethod("BankTransfer", PaymentClass.PREPAID, ("銀行振込",)),
    ListedMethod("PostalTransfer", PaymentClass.PREPAID, ("郵便振替",)),
    ListedMethod(
        "ConvenienceNumber",
        PaymentClass.PREPAID,
        (
            "コンビニ（番号端末式）",
            "コンビニ決済（番号端末式）",
            "コンビニ（番号端末式）・銀行ATM・ネットバンキング決済",
        ),
    ),
    ListedMethod(
        "PayEasy",
        PaymentClass.PREPAID,
        ("銀行ATM・ネットバンキング決済", "銀行ATM・ネットバンキング"),
    ),
    ListedMethod(
        "ConvenienceSlip", PaymentClass.PREPAID, ("コンビニ決済（払込票）", "コンビニ（払込票）")
    ),
    ListedMethod(
        "DeferredPayment",
        PaymentClass.DEFERRED,
        ("後払い", "後払い決済", "後払い（コンビニ・郵便局・銀行）決済"),
    ),
    ListedMethod("NpDeferred", PaymentClass.DEFERRED, ("NP後払い",)),
    ListedMethod(
        "Paidy",
        PaymentClass.DEFERRED_AT_ONCE,
        ("Paidy", "ペイディ", "あと払い（ペイディ）"),
    ),
    ListedMethod("RakutenPay", PaymentClass.NONE, ("楽天ペイ（オンライン決済）", "楽天ペイ")),
    ListedMethod("PayPay", PaymentClass.NONE, ("PayPay（オンライン決済）", "PayPay")),
    ListedMethod("AuPay", PaymentClass.NONE, ("au PAY（ネット支払い）", "au PAY")),
    ListedMethod(FREE, PaymentClass.PREPAID, ("自由決済",)),
)

_BY_CODE: Mapping[str, PaymentClass] = MappingProxyType({one.code: one.means for one in LISTED})
_BY_NAME: Mapping[str, PaymentClass] = MappingProxyType(
    {plain(name): one.means for one in LISTED for name in one.names}
    | {plain(name): PaymentClass.PREPAID for name in _FREE_NAMES}
)


def listed(*told: str) -> frozenset[PaymentClass]:
    """Return what the list says of a method's code and name, wherever each stands.

    Returns: empty for a method that is not on the list; several classes where they disagree.
    """
    return frozenset(found for one in told for found in (_listed(one),) if found is not None)


def _listed(told: str) -> PaymentClass | None:
    if told.startswith(FREE):
        return PaymentClass.PREPAID
    return _BY_CODE.get(told) or _BY_NAME.get(plain(told))
