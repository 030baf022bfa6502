"""Carriers and tracking numbers as the carts want them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.carts.cart import Cart
from domain.errors import BrokenRule
from domain.shipments.carriers import KnownCarrier, carrier_for, known_carrier, tracking_number_for

TABLE = {"宅配便": "YAMATO", "メール便(追跡)": "JAPANPOST"}
COMPANIES = {"ヤマト運輸": "1", "日本郵便": "5"}


def test_ret_06_the_shops_table_translates_the_method() -> None:
    assert carrier_for("宅配便", TABLE, shop="tote") == "YAMATO"
    assert carrier_for("メール便（追跡） ", TABLE, shop="tote") == "JAPANPOST"


@pytest.mark.parametrize("method", ["ドローン便", ""])
def test_ret_06_an_unknown_method_is_an_error_that_says_what_to_do(method: str) -> None:
    with pytest.raises(BrokenRule, match="renkei method set --shop tote --method"):
        carrier_for(method, TABLE, shop="tote")


def test_ret_06_base_companies_are_matched_by_name() -> None:
    assert known_carrier(Cart.BASE, "ﾔﾏﾄ運輸", COMPANIES) == KnownCarrier("ヤマト運輸", "1")
    assert known_carrier(Cart.BASE, "5", COMPANIES) == KnownCarrier("日本郵便", "5")


def test_ret_06_a_carrier_the_cart_does_not_list_is_an_error_naming_those_it_does() -> None:
    with pytest.raises(BrokenRule, match="carrier 飛脚; it lists: ヤマト運輸, 日本郵便"):
        known_carrier(Cart.BASE, "飛脚", COMPANIES)


@pytest.mark.parametrize(
    ("cart", "number", "sent"),
    [
        pytest.param(Cart.BASE, "4470-1234-5678", "447012345678", id="hyphens"),
        pytest.param(Cart.BASE, "\uff14470ー1234\u20105678", "447012345678", id="wide ones"),
        pytest.param(Cart.SHOPSERVE, " 4470-1234 ", "4470-1234", id="ShopServe keeps them"),
        pytest.param(Cart.SHOPSERVE, "4470\uff0d1234", "4470-1234", id="as one hyphen"),
    ],
)
def test_ret_06_tracking_numbers_lose_their_hyphens_on_base(
    cart: Cart, number: str, sent: str
) -> None:
    assert tracking_number_for(cart, number) == sent


@pytest.mark.parametrize("cart", list(Cart))
@pytest.mark.parametrize("number", ["--", "あ1234", "  ", "4.1E+11"])
def test_ret_07_what_is_no_tracking_number_is_sent_to_no_cart(cart: Cart, number: str) -> None:
    with pytest.raises(BrokenRule, match="tracking number"):
        tracking_number_for(cart, number)


@given(number=st.text(max_size=20))
def test_ret_06_base_gets_letters_and_digits_or_nothing(number: str) -> None:
    try:
        sent = tracking_number_for(Cart.BASE, number)
    except BrokenRule:
        return
    assert sent.isascii()
    assert sent.isalnum()
