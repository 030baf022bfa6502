"""One order, several instructions: groups and numbers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.carts.shop_settings import SplitBy
from domain.errors import BrokenRule
from domain.orders.cart_order import CartLine, LineState
from domain.orders.parts import Group, groups, live
from domain.orders.splitting import Splitting
from tests.unit.samples import base_order, line, shop_line, shopserve_order

KEY = "3C07A19F5B2E84D6"
METHODS = ("宅配便", "メール便", "", "送料無料")
TABLE = {"宅配便": "ヤマト運輸", "メール便": "ヤマト運輸", "ゆうパック": "日本郵便"}
BY_COMPANY = Splitting(companies=TABLE)


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


def methods_of(parts: tuple[Group, ...]) -> list[tuple[str, tuple[str, ...]]]:
    return [(part.number.removeprefix(KEY), part.methods) for part in parts]


def test_imp_10_methods_of_one_company_make_one_instruction() -> None:
    lines = (
        line("1", method="メール便"),
        line("2", method="ゆうパック"),
        line("3", method="宅配便", fee=900),
    )

    told = methods_of(groups(base_order(*lines), BY_COMPANY))

    assert told == [("-1", ("宅配便", "メール便")), ("-2", ("ゆうパック",))]


def test_imp_10_an_order_whose_methods_are_all_of_one_company_keeps_its_number() -> None:
    lines = (line("1", method="メール便"), line("2", method="宅配便"))

    (part,) = groups(base_order(*lines), BY_COMPANY)

    assert part.number == KEY
    assert part.methods == ("メール便", "宅配便")  # on a tie the first one names it


def test_imp_10_a_method_the_table_does_not_know_is_a_company_of_its_own() -> None:
    lines = [line(name, method=name) for name in ("宅配便", "謎の便", "チャーター便")]

    assert len(groups(base_order(*lines), BY_COMPANY)) == 3


@pytest.mark.parametrize("told", ["メール便", "ﾒｰﾙ便", " メール便 "])
def test_imp_10_the_table_is_looked_up_as_shipments_look_it_up(told: str) -> None:
    lines = (line("1", method="宅配便"), line("2", method=told))

    assert len(groups(base_order(*lines), BY_COMPANY)) == 1


def test_imp_10_a_shop_may_split_by_method() -> None:
    lines = (line("1", method="宅配便"), line("2", method="メール便"))

    told = methods_of(groups(base_order(*lines), Splitting(SplitBy.METHOD, TABLE)))

    assert told == [("-1", ("宅配便",)), ("-2", ("メール便",))]


def test_imp_10_a_cancelled_line_names_no_instruction_but_counts_for_the_numbers() -> None:
    gone = line("1", method="メール便", fee=900, state=LineState.CANCELLED)
    lines = (gone, line("2", method="ゆうパック"), line("3", method="宅配便"))

    told = methods_of(groups(base_order(*lines), BY_COMPANY))

    assert told == [("-1", ("宅配便",)), ("-2", ("ゆうパック",))]


def test_imp_10_the_split_that_was_kept_stays_when_the_table_changes() -> None:
    order = base_order(line("1", method="宅配便"), line("2", method="メール便"))
    apart = Splitting().parts(order)
    together = BY_COMPANY.parts(order)

    assert [g.number for g in groups(order, BY_COMPANY.keeping(apart))] == [f"{KEY}-1", f"{KEY}-2"]
    assert [g.number for g in groups(order, Splitting().keeping(together))] == [KEY]


def test_imp_10_a_line_the_split_does_not_know_joins_its_kind_or_is_the_next_part() -> None:
    kept = Splitting(companies=TABLE, kept={"1": 1})
    lines = (
        line("0", method="ゆうパック"),
        line("1", method="宅配便"),
        line("2", method="メール便"),
    )

    parts = groups(base_order(*lines), kept)

    assert [(p.number.removeprefix(KEY), [each.key for each in p.lines]) for p in parts] == [
        ("", ["1", "2"]),
        ("-2", ["0"]),
    ]


def test_imp_15_a_kept_split_keeps_the_number_of_a_destination_that_is_left() -> None:
    order = shopserve_order(shop_line("1-1", 1), shop_line("2-1", 2))
    kept = Splitting().keeping(Splitting().parts(order))

    (part,) = groups(replace(order, lines=order.lines[1:]), kept)

    assert part.number == "10004217-2"


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


tables = st.dictionaries(st.sampled_from(METHODS), st.sampled_from(["ヤマト", "日本郵便"]))
splittings = st.builds(Splitting, st.sampled_from(SplitBy), tables)


@given(drawn=drawn_lines, before=splittings, after=splittings)
def test_imp_10_a_kept_split_makes_the_same_parts_whatever_becomes_of_the_table(
    drawn: list[tuple[CartLine, bool]], before: Splitting, after: Splitting
) -> None:
    order = base_order(*(each for each, _ in drawn))

    first = {each.key: p.number for p in groups(order, before) for each in p.lines}
    again = {
        each.key: p.number
        for p in groups(order, after.keeping(before.parts(order)))
        for each in p.lines
    }

    assert again == first


@given(drawn=drawn_lines, splitting=splittings)
def test_imp_10_numbering_is_stable_under_rereads_and_line_cancellations(
    drawn: list[tuple[CartLine, bool]], splitting: Splitting
) -> None:
    before = [each for each, _ in drawn]
    after = [
        replace(each, state=LineState.CANCELLED) if cancelled else each for each, cancelled in drawn
    ]

    number_of = {
        each.key: part.number
        for part in groups(base_order(*before), splitting)
        for each in part.lines
    }

    for part in groups(base_order(*after), splitting):
        for each in part.lines:
            assert number_of[each.key] == part.number


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
