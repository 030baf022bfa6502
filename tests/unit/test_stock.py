"""What a shop may sell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.carts.cart import Cart
from domain.carts.ports import ExternalItem, ItemKey, StockLevel
from domain.errors import BrokenRule
from domain.stock.offers import (
    answer_matches,
    differs,
    free_stock,
    offer,
    offer_of,
    set_free_stock,
)

count = st.integers(0, 10**6)


@given(on_hand=count, secured=count)
def test_stk_02_free_stock_is_on_hand_less_secured_and_never_negative(
    on_hand: int, secured: int
) -> None:
    free = free_stock(on_hand, secured)

    assert free == (on_hand - secured if on_hand > secured else 0)


@given(free=st.integers(-100, 10**6))
def test_stk_02_shopserve_gets_at_most_9999_and_base_everything(free: int) -> None:
    shopserve = offer(Cart.SHOPSERVE, free, None, unlimited=False)
    base = offer(Cart.BASE, free, None, unlimited=False)

    assert base.level == StockLevel(max(0, free))
    assert shopserve.level == StockLevel(max(0, min(free, 9999)))
    assert (shopserve.warning is not None) is (free > 9999)
    assert base.warning is None


@pytest.mark.parametrize(
    ("cart", "low_stock", "unlimited", "level", "warned"),
    [
        pytest.param(Cart.SHOPSERVE, 3, False, StockLevel(5, low_stock=3), False, id="notice"),
        pytest.param(Cart.SHOPSERVE, 0, False, StockLevel(5, low_stock=0), False, id="notice 0"),
        pytest.param(Cart.SHOPSERVE, None, False, StockLevel(5), False, id="the cart's own notice"),
        pytest.param(
            Cart.SHOPSERVE, 20_000, False, StockLevel(5, low_stock=9999), True, id="notice too high"
        ),
        pytest.param(Cart.SHOPSERVE, 3, True, StockLevel(5, unlimited=True), False, id="unlimited"),
        pytest.param(Cart.BASE, 3, False, StockLevel(5), False, id="BASE has no notice"),
        pytest.param(Cart.BASE, None, True, StockLevel(5), True, id="BASE has no unlimited"),
    ],
)
def test_stk_02_notice_numbers_and_unlimited_are_shopserves(
    cart: Cart, low_stock: int | None, unlimited: bool, level: StockLevel, warned: bool
) -> None:
    sent = offer(cart, 5, low_stock, unlimited=unlimited)

    assert sent.level == level
    assert (sent.warning is not None) is warned


def test_stk_03_the_answer_is_compared_with_what_was_sent() -> None:
    assert answer_matches(StockLevel(5), 5)
    assert answer_matches(StockLevel(5), None)
    assert answer_matches(StockLevel(5, unlimited=True), 0)
    assert not answer_matches(StockLevel(5), 4)


@pytest.mark.parametrize(
    ("wished", "quantity", "unlimited", "different"),
    [
        pytest.param(StockLevel(5), 5, False, False, id="the same"),
        pytest.param(StockLevel(5), 4, False, True, id="another number"),
        pytest.param(StockLevel(5), None, False, True, id="the list does not tell"),
        pytest.param(StockLevel(5), 5, True, True, id="unlimited in the shop only"),
        pytest.param(StockLevel(5, unlimited=True), 5, False, True, id="unlimited here only"),
        pytest.param(StockLevel(5, unlimited=True), None, True, False, id="unlimited in both"),
    ],
)
def test_stk_06_a_full_compare_pushes_only_what_differs(
    wished: StockLevel, quantity: int | None, unlimited: bool, different: bool
) -> None:
    shown = ExternalItem(ItemKey("77001234"), "tote", "TOTE", quantity, unlimited)

    assert differs(wished, shown) is different


@pytest.mark.parametrize(
    ("wished", "shown", "different"),
    [
        pytest.param(3, 3, False, id="the same"),
        pytest.param(3, 5, True, id="another notice number"),
        pytest.param(None, 5, False, id="the cart keeps its own"),
        pytest.param(3, None, False, id="the list does not tell"),
    ],
)
def test_stk_06_a_full_compare_looks_at_the_notice_number(
    wished: int | None, shown: int | None, different: bool
) -> None:
    item = ExternalItem(ItemKey("TS-100"), "shirt", "TS-100", 5, low_stock=shown)

    assert differs(StockLevel(5, low_stock=wished), item) is different


@given(parts=st.lists(st.tuples(count, st.integers(1, 50)), min_size=1, max_size=5))
def test_stk_07_as_many_sets_as_the_scarcest_component_allows(
    parts: list[tuple[int, int]],
) -> None:
    sets = set_free_stock(parts)

    assert sets is not None
    assert all(sets * needed <= free for free, needed in parts)
    assert any((sets + 1) * needed > free for free, needed in parts)


def test_stk_07_a_set_without_components_or_with_none_needed_is_refused() -> None:
    for parts in ([], [(5, 0)]):
        with pytest.raises(BrokenRule, match="set product"):
            set_free_stock(parts)


@given(
    parts=st.lists(st.tuples(st.none() | count, st.integers(1, 50)), min_size=1, max_size=5),
    secured=count,
)
def test_stk_08_what_nobody_counted_has_no_free_stock_and_a_set_of_it_neither(
    parts: list[tuple[int | None, int]], secured: int
) -> None:
    assert free_stock(None, secured) is None
    assert (set_free_stock(parts) is None) is any(free is None for free, _ in parts)


@given(low_stock=st.none() | count, unlimited=st.booleans())
def test_stk_08_of_what_nobody_counted_no_shop_is_told_a_number(
    low_stock: int | None, unlimited: bool
) -> None:
    base = offer_of(Cart.BASE, None, low_stock, unlimited)
    shopserve = offer_of(Cart.SHOPSERVE, None, low_stock, unlimited)

    assert base is None
    assert (shopserve is not None) is unlimited
    assert shopserve is None or shopserve.level.unlimited


@given(free=count, low_stock=st.none() | count, unlimited=st.booleans())
def test_stk_02_what_is_counted_is_told(free: int, low_stock: int | None, unlimited: bool) -> None:
    for cart in Cart:
        assert offer_of(cart, free, low_stock, unlimited) == offer(cart, free, low_stock, unlimited)
