"""SKUs of order lines."""

from dataclasses import replace

import pytest

from domain.carts.cart import Cart
from domain.errors import BrokenRule
from domain.orders.cart_order import CartLine
from domain.orders.parts import shared_codes, sku_of
from tests.unit.samples import line, shop_line


def variation(item: str, code: str) -> CartLine:
    return replace(line(code=item), has_variation=True, variation_code=code)


def test_imp_12_the_base_sku_is_the_item_code() -> None:
    assert sku_of(Cart.BASE, line(code="TOTE"), {}).sku == "TOTE"


def test_imp_12_a_variation_code_follows_directly() -> None:
    found = sku_of(Cart.BASE, variation("TOTE", "TOTE-NAT"), {})

    assert (found.sku, found.warning) == ("TOTETOTE-NAT", "")


def test_imp_12_a_variation_without_a_code_uses_the_item_code_with_a_warning() -> None:
    found = sku_of(Cart.BASE, variation("TOTE", " "), {})

    assert found.sku == "TOTE"
    assert "種類コード" in found.warning


def test_imp_12_a_line_without_item_code_fails_and_is_named() -> None:
    with pytest.raises(BrokenRule, match=r"line 90210001 \(item 90210001\).*商品コード"):
        sku_of(Cart.BASE, line("90210001", code=""), {})


def sold(key: str, *item: str) -> CartLine:
    return replace(line(key), item=item)


def test_imp_12_different_items_or_variations_of_one_code_are_a_warning_that_names_them() -> None:
    (warning,) = shared_codes(
        [(sold("1", "77", "4"), "A"), (sold("2", "77", "5"), "A"), (sold("3", "78", ""), "B")]
    )

    assert "code A" in warning
    assert "line 1 (item 1), line 2 (item 2)" in warning


def test_imp_12_the_same_item_on_two_lines_is_nothing_to_report() -> None:
    assert shared_codes([(sold("1", "77", "4"), "A"), (sold("2", "77", "4"), "A")]) == []


def test_imp_18_a_mapping_decides_before_the_item_code() -> None:
    lookup = {("TS-100", ()): "SHIRT", ("TS-100", ("ネイビー", "M")): "SHIRT-N-M"}

    assert sku_of(Cart.SHOPSERVE, shop_line(), lookup).sku == "SHIRT"
    chosen = shop_line(choices=("ネイビー", "M"))
    assert sku_of(Cart.SHOPSERVE, chosen, lookup).sku == "SHIRT-N-M"


def test_imp_18_a_choice_may_hold_the_sign_that_joins_choices() -> None:
    chosen = shop_line(choices=("黒/白", "M"))

    assert sku_of(Cart.SHOPSERVE, chosen, {("TS-100", ("黒", "白", "M")): "SHIRT"}).sku == "SHIRT"


def test_imp_18_without_mapping_and_choices_the_item_code_is_the_sku() -> None:
    assert sku_of(Cart.SHOPSERVE, shop_line(), {}).sku == "TS-100"


def test_imp_18_choices_that_nobody_mapped_fail_and_are_named() -> None:
    with pytest.raises(BrokenRule, match="TS-100 ネイビー/M"):
        sku_of(Cart.SHOPSERVE, shop_line(choices=("ネイビー", "M")), {("TS-100", ()): "SHIRT"})


def test_imp_18_a_blank_item_code_fails() -> None:
    with pytest.raises(BrokenRule, match="no item code"):
        sku_of(Cart.SHOPSERVE, replace(shop_line(), item_code=""), {})
