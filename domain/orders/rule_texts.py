"""Rules as JSON, the form in which people write and the database keeps them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from domain.errors import BrokenRule
from domain.orders.rules import Condition, Operator, Rule, RuleStep, Verb

_Word = TypeVar("_Word", bound=StrEnum)


def rule_from_json(text: Mapping[str, object]) -> Rule:
    """Return the rule that `rule_to_json` wrote, or that a person wrote in the same form.

    Raises: BrokenRule: the form is not understood; the message names the place.
    """
    _only(text, {"name", "if", "then", "enabled"}, "rule")
    return Rule(
        name=_text(text, "name"),
        conditions=tuple(_condition(each) for each in _objects(text, "if")),
        steps=tuple(_step(each) for each in _objects(text, "then")),
        enabled=_flag(text, "enabled", default=True),
    )


def rule_to_json(rule: Rule) -> dict[str, object]:
    """Return a rule as JSON values."""
    return {
        "name": rule.name,
        "if": [
            {
                "field": each.field,
                "operator": each.operator.value,
                "values": list(each.values),
                "negated": each.negated,
            }
            for each in rule.conditions
        ],
        "then": [
            {"verb": each.verb.value, "value": each.value, "field": each.field}
            for each in rule.steps
        ],
        "enabled": rule.enabled,
    }


def _condition(text: Mapping[str, object]) -> Condition:
    _only(text, {"field", "operator", "values", "negated"}, "condition")
    values = text.get("values", [])
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise BrokenRule("a condition's values are a list of texts")
    return Condition(
        field=_text(text, "field"),
        operator=_word(Operator, _text(text, "operator")),
        values=tuple(_value(value) for value in values),
        negated=_flag(text, "negated", default=False),
    )


def _step(text: Mapping[str, object]) -> RuleStep:
    _only(text, {"verb", "value", "field"}, "step")
    return RuleStep(
        verb=_word(Verb, _text(text, "verb")),
        value=_text(text, "value", default=""),
        field=_text(text, "field", default=""),
    )


def _objects(text: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    told = text.get(key, [])
    if not isinstance(told, Sequence) or not all(isinstance(each, Mapping) for each in told):
        raise BrokenRule(f"a rule's {key!r} is a list of objects")
    return list(told)


def _text(text: Mapping[str, object], key: str, *, default: str | None = None) -> str:
    told = text.get(key, default)
    if not isinstance(told, str):
        raise BrokenRule(f"{key!r} is missing or not a text")
    return _clean(told)


def _value(told: object) -> str:
    """Fields are compared as texts; an amount may also be written as a number."""
    if isinstance(told, bool) or not isinstance(told, str | int):
        raise BrokenRule(f"a condition's value is a text or a whole number, not {told!r}")
    return _clean(str(told))


def _clean(told: str) -> str:
    """Refuse what no database column takes: it would fail at the next order, not now."""
    if "\x00" in told or any("\ud800" <= letter <= "\udfff" for letter in told):
        raise BrokenRule(f"not a text that can be kept: {told!r}")
    return told


def _flag(text: Mapping[str, object], key: str, *, default: bool) -> bool:
    told = text.get(key, default)
    if not isinstance(told, bool):
        raise BrokenRule(f"{key!r} is true or false, not {told!r}")
    return told


def _word(kind: type[_Word], told: str) -> _Word:
    for word in kind:
        if word.value == told:
            return word
    raise BrokenRule(f"not understood: {told!r}; known: {', '.join(kind)}")


def _only(text: Mapping[str, object], known: set[str], what: str) -> None:
    strange = sorted(set(text) - known)
    if strange:
        raise BrokenRule(f"a {what} has no {', '.join(strange)}; known: {', '.join(sorted(known))}")
