"""The amounts of the parts of an order."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.carts.shop_settings import SplitBy
from domain.orders.amounts import Split, keep_together, split_amounts
from domain.orders.cart_order import CartLine, Charges, LineState
from domain.orders.parts import groups
from domain.orders.splitting import Splitting
from tests.unit.samples import (
    base_order,
    charged,
    charges,
    line,
    shop_line,
    shopserve_order,
)


def split(costs: Charges, *lines: CartLine) -> Split:
    return split_amounts(groups(base_order(*lines, costs=costs)), costs)


def totals(result: Split) -> list[int]:
    return [part.total_yen for part in result.parts]


TWO = (line("1", 3000, "宅配便"), line("2", 1000, "メール便"))


def test_imp_14_the_documented_example_comes_out_to_the_yen() -> None:
    costs = replace(
        charges(6280, shipping_yen=980, discount_yen=200), per_method=(charged("宅配便", 980),)
    )

    (part,) = split(costs, line("1", 5500, "宅配便")).parts

    assert (part.total_yen, part.shipping_yen, part.discount_yen, part.tax_yen) == (
        6280,
        980,
        200,
        570,
    )


def test_imp_14_each_part_bears_the_fee_named_for_its_method() -> None:
    named = (charged("メール便", 200), charged("宅配便", 900))
    costs = replace(charges(5100, shipping_yen=1100), per_method=named)

    result = split(costs, *TWO)

    assert totals(result) == [3900, 1200]
    assert result.gap_yen == 0


def test_imp_14_a_line_bears_its_own_fee_where_no_method_fee_covers_it() -> None:
    costs = charges(4700, shipping_yen=700)

    result = split(costs, line("1", 3000, "宅配便", fee=500), line("2", 1000, "メール便", fee=200))

    assert [part.shipping_yen for part in result.parts] == [500, 200]


def test_imp_14_fees_of_one_company_are_added_and_a_fee_is_charged_once() -> None:
    named = (charged("メール便", 200), charged("宅配便", 900))
    costs = replace(charges(5100, shipping_yen=1100), per_method=named)
    company = Splitting(companies={"宅配便": "甲", "メール便": "甲"})
    order = base_order(*TWO, costs=costs)
    alike = base_order(TWO[0], replace(TWO[1], delivery_method="宅配便"), costs=costs)

    together = split_amounts(groups(order, company), costs)
    # Its methods became one after it was split: the fee named for it is the first part's.
    apart = split_amounts(groups(alike, company.keeping({"1": 1, "2": 2})), costs)

    assert [(part.shipping_yen, part.total_yen) for part in together.parts] == [(1100, 5100)]
    assert [part.shipping_yen for part in apart.parts] == [1100, 0]
    assert totals(apart) == [4100, 1000]


def test_imp_14_a_fee_of_the_whole_order_goes_to_part_1() -> None:
    result = split(charges(4600, shipping_yen=600), *TWO)

    assert [part.shipping_yen for part in result.parts] == [600, 0]


def test_imp_14_fee_discount_coins_and_adjustment_go_to_part_1() -> None:
    costs = charges(3950, fee_yen=300, discount_yen=200, points_yen=100, adjustment_yen=-50)

    first, second = split(costs, *TWO).parts

    assert (first.fee_yen, first.discount_yen, first.points_yen, first.adjustment_yen) == (
        300,
        200,
        100,
        -50,
    )
    assert (first.total_yen, second.total_yen) == (2950, 1000)


def test_imp_14_what_would_make_part_1_negative_goes_to_the_next_part() -> None:
    lines = [line("1", 300, "宅配便"), line("2", 400, "メール便"), line("3", 5000, "定形外")]

    result = split(charges(4700, discount_yen=1000), *lines)

    assert totals(result) == [0, 0, 4700]
    assert [part.discount_yen for part in result.parts] == [300, 400, 300]


def test_imp_14_a_gap_to_the_carts_total_goes_to_part_1_and_is_told() -> None:
    dearer = split(charges(4100), *TWO)
    cheaper = split(charges(3900), *TWO)

    assert (totals(dearer), dearer.gap_yen) == ([3100, 1000], 100)
    assert (totals(cheaper), cheaper.gap_yen) == ([2900, 1000], -100)


def test_imp_14_the_fee_of_a_vanished_part_goes_to_part_1_while_it_is_charged() -> None:
    gone = line("1", 3000, "宅配便", state=LineState.CANCELLED)
    named = (charged("宅配便", 900), charged("メール便", 200))

    still = split(replace(charges(2100, shipping_yen=1100), per_method=named), gone, TWO[1])
    dropped = split(replace(charges(1200, shipping_yen=200), per_method=named), gone, TWO[1])

    assert [part.shipping_yen for part in still.parts] == [1100]
    assert [part.shipping_yen for part in dropped.parts] == [200]
    assert still.gap_yen == dropped.gap_yen == 0


def test_imp_14_shopserve_charges_go_to_part_1() -> None:
    costs = charges(2160, shipping_yen=660, fee_yen=100, discount_yen=300, points_yen=300)
    order = shopserve_order(shop_line("1-1", 1), shop_line("2-1", 2), costs=costs)

    result = split_amounts(groups(order), costs)

    assert totals(result) == [1160, 1000]


@pytest.mark.parametrize(
    ("lines", "costs", "tax"),
    [
        pytest.param([line(total=1080, rate=8)], charges(1080), 80, id="reduced rate"),
        pytest.param([line(total=1099)], charges(1099), 99, id="rounded down"),
        pytest.param(
            [line("1", 1080, rate=8), line("2", 1100)], charges(2180), 180, id="both rates"
        ),
        pytest.param(
            [line(total=1080, rate=8)],
            charges(2180, shipping_yen=1100),
            180,
            id="fees count at 10 %",
        ),
        pytest.param(
            [line("1", 1080, rate=8), line("2", 1100)],
            charges(1090, discount_yen=1090),
            90,
            id="half the price as a discount halves the tax of both rates",
        ),
        pytest.param([line(total=1100)], charges(0, points_yen=1100), 0, id="nothing to pay"),
    ],
)
def test_imp_14_tax_is_taken_per_rate_out_of_tax_included_amounts(
    lines: list[CartLine], costs: Charges, tax: int
) -> None:
    (part,) = split(costs, *lines).parts

    assert part.tax_yen == tax


def test_imp_14_switched_off_everything_stays_with_part_1() -> None:
    costs = charges(4600, shipping_yen=600)

    result = keep_together(groups(base_order(*TWO, costs=costs)), costs)

    assert totals(result) == [4600, 0]
    assert result.parts[0].tax_yen == 418


yen = st.integers(0, 50_000)
drawn_lines = st.lists(
    st.builds(
        line,
        total=st.one_of(yen, st.integers(-500, 0)),
        method=st.sampled_from(["宅配便", "メール便", "定形外", ""]),
        state=st.sampled_from([LineState.OPEN, LineState.OPEN, LineState.CANCELLED]),
        fee=st.integers(0, 1500),
        rate=st.sampled_from([8, 10]),
    ),
    min_size=1,
    max_size=7,
).map(lambda lines: [replace(each, key=str(i)) for i, each in enumerate(lines)])
drawn_charges = st.builds(
    Charges,
    shipping_yen=yen,
    fee_yen=st.integers(0, 1000),
    discount_yen=yen,
    points_yen=yen,
    adjustment_yen=st.integers(-50_000, 50_000),
    total_yen=st.integers(0, 200_000),
    per_method=st.lists(
        st.builds(charged, st.sampled_from(["宅配便", "メール便", "x"]), st.integers(0, 2000)),
        max_size=3,
    ).map(tuple),
)


splittings = st.builds(
    Splitting,
    st.sampled_from(SplitBy),
    st.dictionaries(
        st.sampled_from(["宅配便", "メール便", "定形外"]), st.sampled_from(["甲", "乙"])
    ),
    st.dictionaries(st.sampled_from([str(i) for i in range(7)]), st.integers(1, 3)),
)


@given(lines=drawn_lines, costs=drawn_charges, splitting=splittings)
def test_imp_14_parts_always_add_up_and_are_never_negative(
    lines: list[CartLine], costs: Charges, splitting: Splitting
) -> None:
    """Split by method, by company, and as it was kept from an earlier conversion (IMP-10)."""
    every = groups(base_order(*lines, costs=costs), splitting)
    if not any(group.lines for group in every):
        return

    parts = split_amounts(every, costs).parts

    assert sum(part.total_yen for part in parts) == costs.total_yen
    for part in parts:
        assert part.total_yen >= 0
        assert 0 <= part.tax_yen <= -(-part.total_yen // 11)
        assert min(part.discount_yen, part.points_yen, part.fee_yen, part.shipping_yen) >= 0


@given(lines=drawn_lines, costs=drawn_charges, splitting=splittings)
def test_imp_14_the_taxes_of_the_parts_are_the_tax_of_the_order(
    lines: list[CartLine], costs: Charges, splitting: Splitting
) -> None:
    """The order's tax is what the same order would carry if it were not split."""
    lines = [replace(each, total_yen=abs(each.total_yen)) for each in lines]
    every = groups(base_order(*lines, costs=costs), splitting)
    if not any(group.lines for group in every):
        return

    split_taxes = [part.tax_yen for part in split_amounts(every, costs).parts]

    shipping = sum(part.shipping_yen for part in split_amounts(every, costs).parts)
    whole = replace(costs, shipping_yen=shipping, per_method=())
    one_group = [replace(each, delivery_method="", shipping_fee_yen=0) for each in lines]
    (unsplit,) = split_amounts(groups(base_order(*one_group, costs=whole)), whole).parts
    assert sum(split_taxes) == unsplit.tax_yen
