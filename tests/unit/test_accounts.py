"""One account of a cart is one account however its address and id are written (STK-8)."""

import pytest

from domain.carts.accounts import AccountHolder, account_at, refuse_taken, tidy_address
from domain.carts.cart import Cart
from domain.errors import AccountTaken, BrokenRule

API = "https://management.api.shopserve.jp/v2"


@pytest.mark.parametrize(
    ("address", "account"),
    [
        pytest.param(API, "kura", id="as it is"),
        pytest.param(f"{API}/", "kura", id="a slash at the end"),
        pytest.param("https://management.api.shopserve.jp:443//v2/", "kura", id="port and slashes"),
        pytest.param("HTTPS://Management.API.shopserve.jp./v2", "kura", id="another case"),
        pytest.param("http://management.api.shopserve.jp/v2", "kura", id="in the clear"),
        pytest.param(API, " KURA ", id="id in capitals"),
        pytest.param(API, "ｋｕｒａ", id="id in full width"),
    ],
)
def test_stk_08_an_account_is_the_same_however_it_is_written(address: str, account: str) -> None:
    assert account_at(Cart.SHOPSERVE, address, account) == account_at(Cart.SHOPSERVE, API, "kura")


@pytest.mark.parametrize(
    ("cart", "address", "account"),
    [
        pytest.param(Cart.BASE, API, "kura", id="another cart"),
        pytest.param(Cart.SHOPSERVE, "https://test.example/v2", "kura", id="another address"),
        pytest.param(Cart.SHOPSERVE, f"{API}/test", "kura", id="another path"),
        pytest.param(Cart.SHOPSERVE, API, "kura2", id="another shop"),
    ],
)
def test_stk_08_accounts_that_differ_are_told_apart(cart: Cart, address: str, account: str) -> None:
    assert account_at(cart, address, account) != account_at(Cart.SHOPSERVE, API, "kura")


def test_names_of_this_machine_are_one_place() -> None:
    addresses = ("http://localhost:8080", "http://127.0.0.1:8080/", "http://[::1]:8080")

    assert len({account_at(Cart.BASE, address, "a") for address in addresses}) == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("HTTP://Host.example:80/v2//x/", "http://host.example/v2/x"),
        ("https://host.example:8443", "https://host.example:8443"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_an_address_is_kept_in_one_form(given: str, kept: str) -> None:
    assert tidy_address(given) == kept
    assert tidy_address(kept) == kept


def test_a_blank_account_is_none() -> None:
    with pytest.raises(BrokenRule):
        account_at(Cart.BASE, API, " ")


def test_stk_08_another_merchants_shop_is_not_named() -> None:
    account, holder = account_at(Cart.BASE, API, "tote"), AccountHolder(1, 7, "secret-key", False)

    with pytest.raises(AccountTaken, match="secret-key"):
        refuse_taken(account, holder, merchant_id=7)
    with pytest.raises(AccountTaken) as other:
        refuse_taken(account, holder, merchant_id=8)

    assert "secret-key" not in str(other.value)
    refuse_taken(account, None, merchant_id=8)
