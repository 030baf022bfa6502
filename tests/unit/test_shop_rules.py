"""All rules of one shop at work on one order."""

from dataclasses import replace

from domain.carts.cart import Cart
from domain.orders.cart_order import CartOrder
from domain.orders.conversion import FREE_SHIPPING, ShopTables
from domain.orders.instructions import HoldReason, Status
from domain.orders.new_instructions import NewInstruction
from domain.orders.rules import Condition, Operator, Rule, RuleStep, Verb
from domain.orders.shop_rules import Difference, ShopRules, StandardRule, differences, without_rules
from tests.unit.samples import base_order, charged, charges, instruction, line, shopserve_order

BLANK_TO_COURIER = Rule(
    "blank",
    (Condition("delivery_method", Operator.IS_BLANK),),
    (RuleStep(Verb.SET_DELIVERY_METHOD, "宅配便"),),
)
SPLIT = base_order(
    line("1", total=1000, method="宅配便"),
    line("2", total=2000, method="メール便"),
    costs=replace(
        charges(3300, shipping_yen=300),
        per_method=(charged("宅配便", 100), charged("メール便", 200)),
    ),
)


def made(rules: ShopRules, order: CartOrder) -> tuple[NewInstruction, ...]:
    processed = rules.process(order, ShopTables(default_method=FREE_SHIPPING))
    return processed.conversion.instructions


def test_imp_11_a_blank_method_is_filled_unless_the_rule_is_off() -> None:
    off = ShopRules(off=frozenset({StandardRule.FILL_BLANK_METHOD}))

    assert [one.delivery_method for one in made(ShopRules(), base_order())] == [FREE_SHIPPING]
    assert [one.delivery_method for one in made(off, base_order())] == [""]


def test_imp_11_a_processing_rule_acts_on_a_blank_method_whether_it_was_filled_or_not() -> None:
    for off in (frozenset[StandardRule](), frozenset({StandardRule.FILL_BLANK_METHOD})):
        (one,) = made(ShopRules(off, (BLANK_TO_COURIER,)), base_order())
        assert one.delivery_method == "宅配便"


def test_imp_14_parts_bear_their_own_amounts_unless_the_rule_is_off() -> None:
    off = ShopRules(off=frozenset({StandardRule.SPLIT_AMOUNTS}))

    assert [one.total_yen for one in made(ShopRules(), SPLIT)] == [1100, 2200]
    assert [one.total_yen for one in made(off, SPLIT)] == [3300, 0]


def test_changes_are_told_for_each_instruction() -> None:
    only_second = Rule(
        "second",
        (Condition("part", Operator.EQUALS, ("2",)),),
        (RuleStep(Verb.HOLD, HoldReason.CHECK.value),),
    )

    processed = ShopRules(own=(only_second,)).process(SPLIT, ShopTables())

    first, second = processed.conversion.instructions
    assert (first.status, second.status) == (Status.AWAITING_SHIPMENT, Status.HOLD)
    assert processed.changes == ((), (f"{second.number}: rule second",))


def test_a_shop_without_rules_has_only_those_off_that_its_cart_has() -> None:
    assert without_rules(Cart.BASE).off == frozenset(StandardRule)
    assert without_rules(Cart.SHOPSERVE) == ShopRules()
    assert made(without_rules(Cart.SHOPSERVE), shopserve_order())


def test_differences_name_the_fields_a_person_knows() -> None:
    before = instruction()
    after = replace(before, delivery_method="宅配便", tax_yen=before.tax_yen + 1)

    assert differences(before, before) == ()
    assert differences(before, after) == (
        Difference("delivery_method", before.delivery_method, "宅配便"),
        Difference("tax_yen", str(before.tax_yen), str(before.tax_yen + 1)),
    )
