"""One order, several instructions: groups and numbers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BrokenRule
from domain.orders.cart_order import CartLine, LineState
from domain.orders.parts import groups, live
from tests.unit.samples import base_order, line, shop_line, shopserve_order

KEY = "3C07A19F5B2E84D6"
METHODS = ("宅配便", "メール便", "", "送料無料")


def numbers(*lines: CartLine) -> list[str]:
    return [group.number for group in live(groups(base_order(*lines)))]


def test_imp_10_an_order_with_one_method_keeps_its_number() -> None:
    assert numbers(line("1", method="宅配便"), line("2", method="宅配便")) == [KEY]
    assert numbers(line("1"), line("2")) == [KEY]


def test_imp_10_numbers_follow_the_first_appearance_of_each_method() -> None:
    parts = groups(
        base_order(
            line("1", method="メール便"), line("2", method="宅配便"), line("3", method="メール便")
        )
    )

    assert [(part.number, part.part) for part in parts] == [(f"{KEY}-1", 1), (f"{KEY}-2", 2)]
    assert [[each.key for each in part.lines] for part in parts] == [["1", "3"], ["2"]]


def test_imp_10_a_remaining_second_group_keeps_its_suffix() -> None:
    gone = line("1", method="宅配便", state=LineState.CANCELLED)

    assert numbers(gone, line("2", method="メール便")) == [f"{KEY}-2"]


def test_imp_10_a_cancelled_line_of_the_only_method_changes_no_number() -> None:
    gone = line("1", method="宅配便", state=LineState.CANCELLED)

    assert numbers(gone, line("2", method="宅配便")) == [KEY]


def test_imp_11_a_blank_method_is_a_group_of_its_own() -> None:
    parts = groups(base_order(line("1", method="送料無料"), line("2", method="")))

    assert [part.delivery_method for part in parts] == ["送料無料", ""]


def test_imp_15_each_destination_is_an_instruction_numbered_in_line_order() -> None:
    order = shopserve_order(shop_line("2-1", 2), shop_line("1-1", 1), shop_line("2-2", 2))

    parts = groups(order)

    assert [(part.number, part.destination) for part in parts] == [
        ("10004217-1", 2),
        ("10004217-2", 1),
    ]


def test_imp_15_one_destination_keeps_the_number() -> None:
    assert [part.number for part in groups(shopserve_order())] == ["10004217"]


def test_an_order_without_lines_is_refused() -> None:
    with pytest.raises(BrokenRule, match="no lines"):
        groups(replace(base_order(), lines=()))


drawn_lines = st.lists(
    st.tuples(st.sampled_from(METHODS), st.booleans()), min_size=1, max_size=8
).map(
    lambda drawn: [
        (line(str(index), method=method), cancelled)
        for index, (method, cancelled) in enumerate(drawn)
    ]
)


@given(drawn=drawn_lines)
def test_imp_10_numbering_is_stable_under_rereads_and_line_cancellations(
    drawn: list[tuple[CartLine, bool]],
) -> None:
    before = [each for each, _ in drawn]
    after = [
        replace(each, state=LineState.CANCELLED) if cancelled else each for each, cancelled in drawn
    ]

    number_of = {
        each.key: part.number for part in groups(base_order(*before)) for each in part.lines
    }

    for part in groups(base_order(*after)):
        for each in part.lines:
            assert number_of[each.key] == part.number
    assert groups(base_order(*after)) == groups(base_order(*after))


@given(drawn=drawn_lines)
def test_imp_10_no_line_is_lost_or_doubled_by_splitting(
    drawn: list[tuple[CartLine, bool]],
) -> None:
    lines = [each for each, _ in drawn]

    parts = groups(base_order(*lines))

    kept = sorted(each.key for part in parts for each in part.lines)
    assert kept == sorted(each.key for each in lines)
    assert len({part.number for part in parts}) == len(parts)
    assert all(len({each.delivery_method for each in part.lines}) == 1 for part in parts)
