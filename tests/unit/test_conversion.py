"""From one cart order to shipping instructions."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BrokenRule
from domain.orders.cart_order import CartOrder, Contact, Dispatch, LineState, Wishes
from domain.orders.conversion import FREE_SHIPPING, Conversion, ShopTables, convert
from domain.orders.instructions import (
    ApiStatus,
    HoldCause,
    HoldReason,
    Payment,
    Status,
    secures_stock,
)
from domain.orders.splitting import Splitting
from tests.unit.samples import (
    BUYER,
    FRIEND,
    READY,
    base_order,
    charged,
    charges,
    line,
    numbered,
    shop_line,
    shopserve_order,
)


def made(order: CartOrder, default_method: str | None = FREE_SHIPPING) -> Conversion:
    return convert(order, ShopTables(default_method=default_method))


def test_imp_06_a_conversion_can_be_repeated_with_the_same_outcome() -> None:
    order = base_order(line("1", method="宅配便"), line("2", method="メール便"))

    assert made(order) == made(order)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(Contact(), replace(BUYER, email=""), id="all blank: the buyer"),
        pytest.param(Contact(name=" "), replace(BUYER, email=""), id="only blanks: the buyer"),
        pytest.param(FRIEND, FRIEND, id="told: the recipient"),
        pytest.param(Contact(tel="03"), Contact(tel="03"), id="one field told: as told"),
    ],
)
def test_imp_09_a_blank_recipient_is_the_buyer(told: Contact, expected: Contact) -> None:
    (instruction,) = made(base_order(recipient=told)).instructions

    assert instruction.recipient == expected
    assert instruction.buyer == BUYER


def test_imp_09_shopserve_recipients_are_kept_as_told() -> None:
    place = replace(numbered(1), recipient=Contact())

    (instruction,) = made(shopserve_order(destinations=(place,))).instructions

    assert instruction.recipient == Contact()


def test_imp_10_each_delivery_company_is_an_instruction() -> None:
    result = made(base_order(line("1", method="宅配便"), line("2", 500, "メール便", code="B")))

    assert [(i.number[-2:], i.part, i.delivery_method) for i in result.instructions] == [
        ("-1", 1, "宅配便"),
        ("-2", 2, "メール便"),
    ]
    assert [i.total_yen for i in result.instructions] == [1000, 500]


def test_imp_10_a_remaining_second_group_is_part_2() -> None:
    gone = line("1", method="宅配便", state=LineState.CANCELLED, code="")

    (instruction,) = made(base_order(gone, line("2", method="メール便"))).instructions

    assert (instruction.part, instruction.number[-2:]) == (2, "-2")
    assert [each.cart_line_key for each in instruction.lines] == ["2"]


def test_imp_11_filling_a_blank_method_merges_no_groups() -> None:
    order = base_order(line("1", method=FREE_SHIPPING), line("2", method="", code="B"))

    result = made(order)

    assert [i.delivery_method for i in result.instructions] == [FREE_SHIPPING, FREE_SHIPPING]
    assert [i.method_filled for i in result.instructions] == [False, True]


def test_imp_11_without_a_default_the_method_stays_blank() -> None:
    for default in (None, ""):
        (instruction,) = made(base_order(), default).instructions
        assert instruction.delivery_method == ""
        assert not instruction.method_filled


def test_imp_11_shopserve_methods_are_never_filled() -> None:
    (instruction,) = made(shopserve_order(destinations=(numbered(1, ""),))).instructions

    assert instruction.delivery_method == ""


def test_imp_12_warnings_name_the_order_and_do_not_stop_it() -> None:
    coded = replace(line("1"), has_variation=True, item=("77", "4"))

    result = made(base_order(coded, replace(line("2"), item=("78",))))

    assert len(result.instructions) == 1
    assert len(result.warnings) == 2
    assert all(text.startswith("order 3C07A19F5B2E84D6: ") for text in result.warnings)


def test_imp_12_a_line_without_code_fails_the_order_unless_it_is_cancelled() -> None:
    with pytest.raises(BrokenRule, match="line 2"):
        made(base_order(line("1"), line("2", code="")))

    cancelled = line("2", code="", state=LineState.CANCELLED)
    assert len(made(base_order(line("1"), cancelled)).instructions) == 1


def test_imp_13_deferred_payment_and_line_ids_go_to_the_custom_fields() -> None:
    (deferred,) = made(base_order(line("90210001"), payment="atobarai")).instructions
    (card,) = made(base_order()).instructions
    (other,) = made(shopserve_order()).instructions

    assert deferred.custom == {"1": "atobarai"}
    assert deferred.lines[0].custom == {"1": "90210001"}
    assert card.custom == other.custom == other.lines[0].custom == {"1": ""}


def test_imp_14_an_order_is_never_refused_for_a_gap() -> None:
    result = made(base_order(line("1"), costs=charges(1234)))

    assert [i.total_yen for i in result.instructions] == [1234]
    assert result.instructions[0].adjustment_yen == 234
    assert any("+234 yen" in text for text in result.warnings)


def test_imp_15_every_destination_gets_its_own_lines_and_recipient() -> None:
    other = replace(numbered(2), recipient=BUYER)
    order = shopserve_order(
        shop_line("1-1", 1), shop_line("2-1", 2), destinations=(numbered(1), other)
    )

    first, second = made(order).instructions

    assert (first.number, first.recipient, first.destination) == ("10004217-1", FRIEND, 1)
    assert (second.number, second.recipient, second.destination) == ("10004217-2", BUYER, 2)


def test_imp_16_a_provisional_number_makes_the_carrier_the_method() -> None:
    (instruction,) = made(shopserve_order()).instructions

    assert instruction.delivery_method == "ヤマト運輸"
    assert instruction.status is Status.AWAITING_SHIPMENT


@pytest.mark.parametrize(
    ("tracking", "carrier", "named"),
    [
        pytest.param("", "ヤマト運輸", "仮の問い合わせ番号", id="no provisional number"),
        pytest.param(" ", "ヤマト運輸", "仮の問い合わせ番号", id="a number of blanks"),
        pytest.param("0000", "", "配送業者", id="a number but no carrier"),
    ],
)
def test_imp_16_without_number_or_carrier_it_is_on_hold_and_the_cause_named(
    tracking: str, carrier: str, named: str
) -> None:
    place = numbered(1, tracking, carrier)

    (instruction,) = made(shopserve_order(destinations=(place,))).instructions

    assert instruction.delivery_method == ""
    assert instruction.status is Status.HOLD
    assert instruction.hold_reasons == (HoldReason.CHECK,)
    assert named in instruction.holds[0].text


def test_imp_17_two_causes_of_the_same_reason_are_kept_apart() -> None:
    order = shopserve_order(method="Bitcoin", destinations=(numbered(1, ""),))

    (instruction,) = made(order).instructions

    assert instruction.hold_reasons == (HoldReason.CHECK,)
    assert len(instruction.holds) == 2


def test_imp_17_every_instruction_starts_unprinted_and_secures_its_stock() -> None:
    for dispatch in (Dispatch.UNPAID, Dispatch.ORDERED):
        for instruction in made(base_order(dispatch=dispatch)).instructions:
            assert instruction.api_status is ApiStatus.AWAITING_PRINT
            assert secures_stock(instruction.status)


def test_imp_17_all_parts_share_the_payment() -> None:
    order = base_order(
        line("1", method="宅配便"), line("2", method="メール便"), dispatch=Dispatch.UNPAID
    )

    for instruction in made(order).instructions:
        assert instruction.payment is Payment.UNPAID
        assert instruction.hold_reasons == (HoldReason.PAYMENT,)


def test_imp_18_numbers_and_keys_are_the_carts() -> None:
    (shopserve,) = made(shopserve_order()).instructions
    (base,) = made(base_order()).instructions

    assert (shopserve.number, shopserve.cart_order_key) == ("10004217", "SC-20250115-000417")
    assert base.number == base.cart_order_key == "3C07A19F5B2E84D6"


def test_an_order_of_which_nothing_is_left_cannot_be_converted() -> None:
    with pytest.raises(BrokenRule, match="no line"):
        made(base_order(line("1", state=LineState.CANCELLED)))


def test_a_destination_that_is_not_described_cannot_be_converted() -> None:
    with pytest.raises(BrokenRule, match="destination 2"):
        made(shopserve_order(shop_line("2-1", 2), destinations=(numbered(1),)))


def test_an_unconfirmed_order_that_the_cart_has_shipped_is_a_warning() -> None:
    result = made(shopserve_order(status=replace(READY, shipped=True)))

    assert any("発送済" in text for text in result.warnings)


TABLE = {"宅配便60": "ヤマト運輸", "ネコポス": "ヤマト運輸", "ゆうパケット": "日本郵便"}
BY_COMPANY = ShopTables(splitting=Splitting(companies=TABLE))


def test_imp_10_the_dearest_method_names_the_instruction_and_the_others_are_named() -> None:
    costs = replace(
        charges(3180, shipping_yen=1180),
        per_method=(charged("ネコポス", 200), charged("宅配便60", 980)),
    )
    order = base_order(
        line("1", method="ネコポス"), line("2", method="宅配便60", code="B"), costs=costs
    )

    result = convert(order, BY_COMPANY)

    (one,) = result.instructions
    assert (one.number, one.delivery_method, one.methods) == (
        order.number,
        "宅配便60",
        ("宅配便60", "ネコポス"),
    )
    assert (one.shipping_fee_yen, one.total_yen) == (1180, 3180)
    (note,) = result.notes
    assert "宅配便60" in note
    assert "ネコポス" in note


def test_imp_10_groups_are_made_before_a_blank_method_is_filled() -> None:
    tables = ShopTables(
        default_method="ネコポス", splitting=Splitting(companies={**TABLE, "": "ヤマト運輸"})
    )

    result = convert(base_order(line("1", method="ネコポス"), line("2", code="B")), tables)

    assert [one.number[-2:] for one in result.instructions] == ["-1", "-2"]


def test_imp_10_an_order_whose_split_is_lost_is_on_hold_where_the_table_decides_it() -> None:
    merged = base_order(line("1", method="ネコポス"), line("2", method="宅配便60", code="B"))
    alike = base_order(line("1", method="ネコポス"), line("2", method="ゆうパケット", code="B"))
    lost = replace(BY_COMPANY, split_lost=True)

    (held,) = convert(merged, lost).instructions

    assert held.hold_reasons == (HoldReason.CHECK,)
    assert held.holds[0].cause is HoldCause.SPLIT_LOST
    assert not any(one.holds for one in convert(alike, lost).instructions)
    assert not any(one.holds for one in convert(merged, BY_COMPANY).instructions)


NOBODY = Contact()


@pytest.mark.parametrize(
    ("order", "where"),
    [
        pytest.param(replace(base_order(recipient=NOBODY), buyer=NOBODY), "", id="BASE"),
        pytest.param(
            replace(base_order(recipient=Contact(name="佐伯")), buyer=NOBODY), "", id="only a name"
        ),
        pytest.param(
            replace(
                shopserve_order(destinations=(replace(numbered(1), recipient=NOBODY),)),
                buyer=NOBODY,
            ),
            "",
            id="ShopServe",
        ),
        pytest.param(
            shopserve_order(
                shop_line("2-1", 2),
                destinations=(numbered(1), replace(numbered(2), recipient=NOBODY)),
            ),
            "destination 2",
            id="of the second destination",
        ),
    ],
)
def test_imp_18_an_order_nobody_can_address_is_on_hold_with_the_cause(
    order: CartOrder, where: str
) -> None:
    (instruction,) = made(order).instructions

    assert instruction.status is Status.HOLD
    assert instruction.hold_reasons == (HoldReason.CHECK,)
    assert instruction.holds[0].cause is HoldCause.NO_ADDRESS
    assert "address" in instruction.holds[0].text
    assert where in instruction.holds[0].text


def test_imp_18_a_recipient_without_a_name_is_not_passed_in_silence() -> None:
    result = made(base_order(recipient=replace(FRIEND, name=" ")))

    assert any("no recipient's name" in text for text in result.warnings)
    assert not result.instructions[0].holds


def test_imp_19_each_destination_keeps_its_own_wishes() -> None:
    first = replace(numbered(1), wishes=Wishes("2025-01-20", "午前中", "玄関先に", "のし: 御祝"))
    second = replace(numbered(2), wishes=Wishes("2025-02-03", "", "玄関先に", ""))
    order = shopserve_order(shop_line("1-1", 1), shop_line("2-1", 2), destinations=(first, second))

    told = [
        (one.wished_date, one.wished_time, one.remarks, one.gift)
        for one in made(order).instructions
    ]

    assert told == [
        ("2025-01-20", "午前中", "玄関先に", "のし: 御祝"),
        ("2025-02-03", "", "玄関先に", ""),
    ]


def test_imp_19_what_was_chosen_or_written_for_a_line_stays_with_it() -> None:
    engraved = replace(line("1"), options=("名入れ: 結衣", "ラッピング: あり"))

    first, second = made(base_order(engraved, line("2", code="B"))).instructions[0].lines

    assert (first.options, second.options) == (("名入れ: 結衣", "ラッピング: あり"), ())


@given(
    methods=st.lists(st.sampled_from(["宅配便", "メール便", ""]), min_size=1, max_size=6),
    gone=st.sets(st.integers(0, 5)),
)
def test_imp_10_reading_again_after_cancellations_never_makes_a_new_part(
    methods: list[str], gone: set[int]
) -> None:
    lines = [line(str(i), method=method, code=f"S{i}") for i, method in enumerate(methods)]
    later = [
        replace(each, state=LineState.CANCELLED) if i in gone else each
        for i, each in enumerate(lines)
    ]
    if all(each.state is LineState.CANCELLED for each in later):
        return

    first = {(i.part, i.number, i.delivery_method) for i in made(base_order(*lines)).instructions}
    again = {(i.part, i.number, i.delivery_method) for i in made(base_order(*later)).instructions}

    assert again <= first
