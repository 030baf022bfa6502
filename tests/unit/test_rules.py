"""Processing rules of a shop."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.carts.cart import Cart
from domain.errors import BrokenRule
from domain.orders.cart_order import Contact, Dispatch
from domain.orders.conversion import FREE_SHIPPING, ShopTables, convert
from domain.orders.instructions import HoldReason, Status
from domain.orders.rule_texts import rule_from_json, rule_to_json
from domain.orders.rules import READABLE, SETTABLE, Condition, Operator, Rule, RuleStep, Verb, apply
from domain.orders.shop_rules import STANDARD_RULES, StandardRule
from tests.unit.samples import FRIEND, base_order, instruction, line


def when(field: str, operator: Operator, *values: str, negated: bool = False) -> Condition:
    return Condition(field, operator, values, negated)


def rule(*conditions: Condition, then: tuple[RuleStep, ...], name: str = "r") -> Rule:
    return Rule(name, conditions, then)


MAIL = RuleStep(Verb.SET_DELIVERY_METHOD, "メール便")
COURIER = RuleStep(Verb.SET_DELIVERY_METHOD, "宅配便")
CHECK_NOTE = RuleStep(Verb.HOLD, HoldReason.NOTE.value)
DAY = "2025-01-09"
DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1)).map(str)
TEXTS = [field for field in SETTABLE if field != "wished_date"]
SAMPLE = replace(instruction(), delivery_method="定形外", remarks="ギフト希望", recipient=FRIEND)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        pytest.param(when("delivery_method", Operator.EQUALS, "定形外"), True, id="equals"),
        pytest.param(when("delivery_method", Operator.EQUALS, "定形"), False, id="not a part"),
        pytest.param(when("remarks", Operator.CONTAINS, "ギフト"), True, id="contains"),
        pytest.param(when("wished_date", Operator.IS_BLANK), True, id="is blank"),
        pytest.param(when("remarks", Operator.IS_BLANK), False, id="is not blank"),
        pytest.param(when("payment_method", Operator.IN_LIST, "cod", "creditcard"), True, id="in"),
        pytest.param(
            when("buyer.name", Operator.EQUALS_FIELD, "recipient.name"), False, id="field"
        ),
        pytest.param(when("skus", Operator.CONTAINS, "A"), True, id="its SKUs"),
        pytest.param(when("total_yen", Operator.EQUALS, "1000"), True, id="amounts as text"),
        pytest.param(when("remarks", Operator.IS_BLANK, negated=True), True, id="negated"),
    ],
)
def test_conditions_look_at_fields(condition: Condition, holds: bool) -> None:
    changed, changes = apply([rule(condition, then=(MAIL,))], SAMPLE)

    assert (changed.delivery_method == "メール便") is holds
    assert len(changes) == int(holds)


def test_all_conditions_have_to_hold() -> None:
    both = rule(
        when("remarks", Operator.CONTAINS, "ギフト"),
        when("payment_method", Operator.EQUALS, "cod"),
        then=(MAIL,),
    )

    assert apply([both], SAMPLE) == (SAMPLE, ())


def test_later_rules_override_earlier_ones_and_see_what_they_did() -> None:
    first = rule(then=(MAIL,), name="first")
    second = rule(
        when("delivery_method", Operator.EQUALS, "メール便"), then=(COURIER,), name="second"
    )

    changed, changes = apply([first, second], SAMPLE)

    assert changed.delivery_method == "宅配便"
    assert [text.split("rule ")[1] for text in changes] == ["first", "second"]
    assert apply([second, first], SAMPLE)[0].delivery_method == "メール便"


def test_a_rule_switched_off_or_without_effect_is_not_reported() -> None:
    off = replace(rule(then=(MAIL,)), enabled=False)
    same = rule(then=(RuleStep(Verb.SET_DELIVERY_METHOD, "定形外"),))

    assert apply([off, same], SAMPLE) == (SAMPLE, ())


def test_imp_17_holds_and_waiting_for_goods_are_set_by_rules() -> None:
    held, _ = apply([rule(then=(CHECK_NOTE,))], SAMPLE)
    waiting, _ = apply([rule(then=(RuleStep(Verb.AWAIT_ARRIVAL),))], SAMPLE)
    both, _ = apply([rule(then=(CHECK_NOTE, RuleStep(Verb.AWAIT_ARRIVAL)))], SAMPLE)

    assert (held.status, held.hold_reasons) == (Status.HOLD, (HoldReason.NOTE,))
    assert waiting.status is Status.AWAITING_ARRIVAL
    assert both.status is Status.HOLD
    assert apply([rule(then=(CHECK_NOTE,))], held) == (held, ())


def test_a_rule_can_release_one_reason_or_all() -> None:
    unpaid = instruction(base_order(dispatch=Dispatch.UNPAID))
    held, _ = apply([rule(then=(CHECK_NOTE,))], unpaid)

    one, _ = apply([rule(then=(RuleStep(Verb.RELEASE, HoldReason.NOTE.value),))], held)
    every, _ = apply([rule(then=(RuleStep(Verb.RELEASE),))], held)

    assert (one.status, one.hold_reasons) == (Status.HOLD, (HoldReason.PAYMENT,))
    assert (every.status, every.hold_reasons) == (Status.AWAITING_SHIPMENT, ())


def test_imp_11_a_rule_can_act_on_a_blank_method_also_when_the_default_fills_it() -> None:
    blank = rule(when("delivery_method", Operator.IS_BLANK), then=(COURIER,))
    for default in (FREE_SHIPPING, None):
        (made,) = convert(base_order(), ShopTables(default_method=default)).instructions
        changed, _ = apply([blank], made)
        assert (changed.delivery_method, changed.method_filled) == ("宅配便", False)
    named = instruction(base_order(line(method="宅急便")))
    assert apply([blank], named) == (named, ())


def test_imp_11_and_imp_14_base_shops_have_two_standard_rules() -> None:
    assert STANDARD_RULES[Cart.BASE] == (
        StandardRule.FILL_BLANK_METHOD,
        StandardRule.SPLIT_AMOUNTS,
    )
    assert STANDARD_RULES[Cart.SHOPSERVE] == ()


def test_imp_18_a_rule_that_fills_the_address_ends_the_wait_for_one() -> None:
    nobody = instruction(replace(base_order(recipient=Contact()), buyer=Contact()))
    filled = rule(then=(RuleStep(Verb.SET_FIELD, "東京都千代田区", "recipient.address"),))
    named = rule(then=(RuleStep(Verb.SET_FIELD, "試験 花子", "recipient.name"),))

    ready, _ = apply([filled], nobody)
    waiting, _ = apply([named], nobody)

    assert (ready.status, ready.holds) == (Status.AWAITING_SHIPMENT, ())
    assert waiting.status is Status.HOLD


@pytest.mark.parametrize("field", ["wished_date", "wished_time", "remarks", "gift"])
def test_imp_19_rules_look_at_wishes(field: str) -> None:
    value = DAY if field == "wished_date" else "x"
    wished, _ = apply([rule(then=(RuleStep(Verb.SET_FIELD, value, field),))], SAMPLE)
    seen = rule(when(field, Operator.EQUALS, value), then=(CHECK_NOTE,))

    assert apply([seen], wished)[0].status is Status.HOLD


def test_imp_19_rules_look_at_every_method_and_at_what_was_chosen_for_a_line() -> None:
    line = replace(SAMPLE.lines[0], options=("名入れ: 結衣",))
    wished = replace(SAMPLE, methods=("宅配便", "ネコポス"), lines=(line,))
    for field, part in (("methods", "ネコポス"), ("options", "名入れ")):
        seen = rule(when(field, Operator.CONTAINS, part), then=(CHECK_NOTE,))
        assert apply([seen], wished)[0].status is Status.HOLD
        assert apply([seen], SAMPLE)[0].status is not Status.HOLD


def test_every_settable_field_is_set_and_read_back() -> None:
    for field in SETTABLE:
        value = DAY if field == "wished_date" else "値"
        changed, _ = apply([rule(then=(RuleStep(Verb.SET_FIELD, value, field),))], SAMPLE)
        assert READABLE[field](changed) == value


@pytest.mark.parametrize(
    ("field", "told", "kept"),
    [
        ("total_yen", " \uff11\uff12\uff10\uff10", "1200"),
        ("wished_date", "2025-01-09", "2025-01-09"),
    ],
)
def test_a_value_is_compared_as_the_field_is_written(field: str, told: str, kept: str) -> None:
    assert Condition(field, Operator.EQUALS, (told,)).values == (kept,)
    assert Condition(field, Operator.IN_LIST, (told, told)).values == (kept, kept)


@pytest.mark.parametrize(
    ("field", "told"),
    [
        *(("total_yen", number) for number in ("1e3", "1200.0", "1,200", "1_200", "-1")),
        ("part", "1.0"),
        *(("wished_date", day) for day in ("2025/01/09", "2025-02-30", "9.1.2025")),
    ],
)
def test_a_value_that_no_field_is_written_like_is_refused(field: str, told: str) -> None:
    for operator in (Operator.EQUALS, Operator.IN_LIST):
        with pytest.raises(BrokenRule, match=f"^{field}: no "):
            Condition(field, operator, (told,))
    if field == "wished_date":
        with pytest.raises(BrokenRule, match="no day"):
            RuleStep(Verb.SET_FIELD, told, field)


@given(
    steps=st.lists(
        st.one_of(
            st.builds(RuleStep, st.just(Verb.SET_FIELD), st.text(), st.sampled_from(TEXTS)),
            st.builds(RuleStep, st.just(Verb.SET_FIELD), DAYS, st.just("wished_date")),
            st.builds(RuleStep, st.just(Verb.HOLD), st.sampled_from([r.value for r in HoldReason])),
            st.sampled_from([MAIL, RuleStep(Verb.RELEASE), RuleStep(Verb.AWAIT_ARRIVAL)]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_rules_never_touch_amounts_numbers_or_lines_and_keep_holds_and_status_together(
    steps: list[RuleStep],
) -> None:
    changed, _ = apply([rule(then=tuple(steps))], SAMPLE)

    assert (changed.status is Status.HOLD) is bool(changed.holds)
    for field in ("number", "part", "total_yen", "tax_yen", "lines", "payment", "destination"):
        assert getattr(changed, field) == getattr(SAMPLE, field)
    assert changed.custom["1"] == SAMPLE.custom["1"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param({"if": [], "then": [{"verb": "release"}]}, id="no name"),
        pytest.param({"name": "r", "then": []}, id="nothing to do"),
        pytest.param({"name": "r", "then": [{"verb": "explode"}]}, id="unknown verb"),
        pytest.param({"name": "r", "then": [{"verb": "hold", "value": "x"}]}, id="no such reason"),
        pytest.param(
            {"name": "r", "then": [{"verb": "set_field", "field": "total_yen"}]}, id="not settable"
        ),
        pytest.param(
            {"name": "r", "if": [{"field": "x", "operator": "is_blank"}]}, id="no such field"
        ),
        pytest.param(
            {"name": "r", "if": [{"field": "remarks", "operator": "equals"}]}, id="no value"
        ),
        pytest.param(
            {"name": "r", "if": [{"field": "remarks", "operator": "equals", "values": "x"}]},
            id="values are no list",
        ),
        pytest.param({"name": "r", "when": [], "then": [{"verb": "release"}]}, id="odd key"),
        pytest.param({"name": "r", "then": "release"}, id="then is no list"),
        pytest.param(
            {"name": "r", "then": [{"verb": "release"}], "enabled": "no"}, id="a word for no"
        ),
        pytest.param(
            {
                "name": "r",
                "if": [{"field": "remarks", "operator": "is_blank", "negated": "yes"}],
                "then": [{"verb": "release"}],
            },
            id="a word for yes",
        ),
        pytest.param(
            {
                "name": "r",
                "if": [{"field": "remarks", "operator": "equals", "values": [None]}],
                "then": [{"verb": "release"}],
            },
            id="nothing as a value",
        ),
        pytest.param({"name": "r\x00", "then": [{"verb": "release"}]}, id="NUL"),
        pytest.param({"name": "r\ud800", "then": [{"verb": "release"}]}, id="half a letter"),
        pytest.param(
            {
                "name": "r",
                "if": [{"field": "remarks", "operator": "equals_field", "values": ["nope"]}],
            },
            id="no such other field",
        ),
    ],
)
def test_a_rule_that_is_not_understood_is_refused_when_it_is_written(
    text: dict[str, object],
) -> None:
    with pytest.raises(BrokenRule):
        rule_from_json(text)


def test_a_rule_survives_being_written_down() -> None:
    written = Rule(
        "gift",
        (when("remarks", Operator.CONTAINS, "ギフト", negated=True),),
        (CHECK_NOTE, RuleStep(Verb.SET_FIELD, "x", "custom.2")),
        enabled=False,
    )

    assert rule_from_json(rule_to_json(written)) == written
