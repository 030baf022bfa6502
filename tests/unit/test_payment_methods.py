"""Which payment method is it, and what does it mean (PAY-1)?"""

import pytest

from adapters.shopserve.wire.payments import LISTED, listed
from domain.orders.cart_order import PaymentClass
from domain.orders.payment_methods import LISTED_ONLY, PaymentTable, plain
from tests.unit.samples import shopserve_order

CARD, COD, NONE = PaymentClass.CARD, PaymentClass.COD, PaymentClass.NONE
PREPAID, DEFERRED = PaymentClass.PREPAID, PaymentClass.DEFERRED
PAIDY = PaymentClass.DEFERRED_AT_ONCE


def means(code: str, name: str, table: PaymentTable = LISTED_ONLY) -> PaymentClass | None:
    return table.class_of(shopserve_order(method=code, name=name))


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        pytest.param("BankTransfer", "", PREPAID, id="by code"),
        pytest.param("Credit", "クレジットカード決済", CARD, id="an unknown code, by name"),
        pytest.param("CreditCard", "カードでお支払い", CARD, id="an unknown name, by code"),
        pytest.param("", "コンビニ決済（払込票）", PREPAID, id="wide brackets"),
        pytest.param("", "コンビニ決済 (払込票)", PREPAID, id="a blank before a bracket"),
        pytest.param("", "コンビニ決済払込票", PREPAID, id="no brackets"),
        pytest.param("", "後払い決済", DEFERRED, id="deferred"),
        pytest.param("", "ＮＰ-後払い", DEFERRED, id="wide letters and a hyphen"),
        pytest.param("", "ペイディ", PAIDY, id="paidy by its Japanese name"),
        pytest.param("Paidy", "あと払い（ペイディ）", PAIDY, id="paidy"),
        pytest.param("", "代金引換（代引き）", COD, id="cash on delivery"),
        pytest.param("", "ｸﾚｼﾞｯﾄｶｰﾄﾞ決済", CARD, id="half-width kana"),
        pytest.param("銀行振込", "銀行振込", PREPAID, id="the name in the code's place"),
        pytest.param("", "自由決済２", PREPAID, id="free payment by its numbered name"),
        pytest.param("FreePayment12", "店頭払い", PREPAID, id="free payment by the code's prefix"),
        pytest.param("PayPay", "PayPay（オンライン決済）", NONE, id="both agree"),
        pytest.param("Gmo", "GMO後払い", None, id="a name that only ends like one"),
        pytest.param("", "クレジットカード決済（分割）", None, id="a name that only begins so"),
        pytest.param("", "銀行振込・郵便振替", None, id="a name that holds two"),
        pytest.param("CreditCard", "PayPay", None, id="code and name contradict each other"),
        pytest.param("FreePayment1", "クレジットカード決済", None, id="so does a free payment"),
        pytest.param("", "", None, id="nothing told"),
    ],
)
def test_pay_1_a_method_is_recognised_by_code_and_by_name(
    code: str, name: str, expected: PaymentClass | None
) -> None:
    assert means(code, name) is expected


def test_pay_1_the_built_in_list_says_one_thing_of_each_code_and_name() -> None:
    for method in LISTED:
        assert listed(method.code) == {method.means}
        for name in method.names:
            assert listed(name) == listed(method.code, name) == {method.means}


def test_pay_1_what_a_person_said_of_code_or_name_goes_before_the_list() -> None:
    by_name = PaymentTable("books", {plain("GMO後払い"): DEFERRED})
    by_code = PaymentTable("books", {"Gmo": CARD, "PayPay": CARD})
    both = PaymentTable("books", {"Gmo": CARD, plain("GMO後払い"): DEFERRED})

    assert means("Gmo", "ＧＭＯ 後払い", by_name) is DEFERRED
    assert means("Gmo", "GMO後払い", by_code) is CARD
    assert means("PayPay", "PayPay（オンライン決済）", by_code) is CARD
    assert means("Gmo", "GMO後払い", both) is None


def test_pay_1_what_nobody_knows_is_named_with_the_command_that_says_it() -> None:
    table = PaymentTable("books")

    unknown = table.unknown(shopserve_order(method="Gmo", name="GMO 後払い"))
    torn = table.unknown(shopserve_order(method="CreditCard", name="PayPay"))
    silent = table.unknown(shopserve_order(method="", name=""))

    assert "GMO 後払い (code Gmo) is not known" in unknown
    assert "renkei payment set --shop books --method 'GMO 後払い' --as prepaid|" in unknown
    assert "PayPay (code CreditCard) is told in two ways" in torn
    assert "set one there" in silent
