"""Processing rules of a shop (処理ロボット): change a new instruction before it is stored.

The rules run from first to last on what the conversion made, each sees what the ones before it
did, so a later rule overrides an earlier one.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from domain.errors import BrokenRule
from domain.orders.cart_order import Contact
from domain.orders.instructions import (
    Hold,
    HoldCause,
    HoldReason,
    Status,
    status_after_release,
    status_with,
    without,
)
from domain.orders.new_instructions import NewInstruction
from domain.orders.rule_values import as_written


class Operator(StrEnum):
    """How a condition looks at a field."""

    EQUALS = "equals"
    CONTAINS = "contains"
    IS_BLANK = "is_blank"
    IN_LIST = "in_list"
    EQUALS_FIELD = "equals_field"


class Verb(StrEnum):
    """What a rule does."""

    SET_FIELD = "set_field"
    SET_DELIVERY_METHOD = "set_delivery_method"
    HOLD = "hold"
    RELEASE = "release"
    AWAIT_ARRIVAL = "await_arrival"


@dataclass(frozen=True, slots=True)
class Condition:
    """One question about an instruction.

    Attributes:
        field: one of `READABLE`.
        values: one for equals and contains, the name of the other field for equals_field, one or
            more for in_list, none for is_blank.
        negated: the condition holds when the answer is no.
    """

    field: str
    operator: Operator
    values: tuple[str, ...] = ()
    negated: bool = False

    def __post_init__(self) -> None:
        """Reject a condition that can never be judged."""
        _known(self.field, READABLE, "field")
        few, many = _VALUES[self.operator]
        if not few <= len(self.values) <= many:
            raise BrokenRule(f"{self.operator} does not take {len(self.values)} values")
        if self.operator is Operator.EQUALS_FIELD:
            _known(self.values[0], READABLE, "field")
        if self.operator in {Operator.EQUALS, Operator.IN_LIST}:
            values = tuple(as_written(self.field, value) for value in self.values)
            object.__setattr__(self, "values", values)


@dataclass(frozen=True, slots=True)
class RuleStep:
    """One thing a rule does.

    Attributes:
        field: for set_field, one of `SETTABLE`.
        value: what is set; for hold and release a HoldReason (release: blank = every hold).
    """

    verb: Verb
    value: str = ""
    field: str = ""

    def __post_init__(self) -> None:
        """Reject a step that could not be carried out."""
        if self.verb is Verb.SET_FIELD:
            _known(self.field, SETTABLE, "field that can be set")
            if self.value.strip():
                object.__setattr__(self, "value", as_written(self.field, self.value))
        reasons = [reason.value for reason in HoldReason]
        if self.verb is Verb.HOLD or (self.verb is Verb.RELEASE and self.value):
            _known(self.value, reasons, "hold reason")


@dataclass(frozen=True, slots=True)
class Rule:
    """When all conditions hold, all steps are taken, in their order."""

    name: str
    conditions: tuple[Condition, ...]
    steps: tuple[RuleStep, ...]
    enabled: bool = True

    def __post_init__(self) -> None:
        """Reject a rule that does nothing."""
        if not self.name.strip() or not self.steps:
            raise BrokenRule("a rule needs a name and at least one step")


def apply(
    rules: Iterable[Rule], instruction: NewInstruction
) -> tuple[NewInstruction, tuple[str, ...]]:
    """Return the instruction after all rules, and one line per rule that changed it.

    Amounts, number, part, lines and payment flag are beyond the reach of rules.
    """
    changes: list[str] = []
    for rule in rules:
        # A rule without conditions always matches.
        if not rule.enabled or not all(_holds(each, instruction) for each in rule.conditions):
            continue
        after = instruction
        for step in rule.steps:
            after = _STEPS[step.verb](after, step, rule.name)
        if after != instruction:
            changes.append(f"{instruction.number}: rule {rule.name}")
        instruction = after
    return instruction, tuple(changes)


def _holds(condition: Condition, instruction: NewInstruction) -> bool:
    told = READABLE[condition.field](instruction)
    match condition.operator:
        case Operator.EQUALS | Operator.IN_LIST:
            answer = told in condition.values
        case Operator.CONTAINS:
            answer = condition.values[0] in told
        case Operator.IS_BLANK:
            # IMP-11: the default does not hide from a rule that the cart left the method blank.
            filled = condition.field == "delivery_method" and instruction.method_filled
            answer = filled or not told.strip()
        case Operator.EQUALS_FIELD:
            answer = told == READABLE[condition.values[0]](instruction)
    return answer is not condition.negated


def reader(path: str) -> Callable[[NewInstruction], str]:
    """Return what tells a field, such as `buyer.name`, as a text."""
    read = attrgetter(path)
    return lambda instruction: str(read(instruction))


def _custom_reader(slot: str) -> Callable[[NewInstruction], str]:
    return lambda instruction: instruction.custom.get(slot, "")


_PLAIN = (
    "number",
    "part",
    "status",
    "payment",
    "payment_method",
    "delivery_method",
    "total_yen",
    "wished_date",
    "wished_time",
    "remarks",
    "gift",
)
_CONTACT = ("name", "postal_code", "address", "tel", "email")
_BUYER = tuple(f"buyer.{field}" for field in _CONTACT)
_RECIPIENT = tuple(f"recipient.{field}" for field in _CONTACT)
_CUSTOM = tuple(str(slot) for slot in range(1, 11))

READABLE: Mapping[str, Callable[[NewInstruction], str]] = MappingProxyType(
    {
        **{field: reader(field) for field in (*_PLAIN, *_BUYER, *_RECIPIENT)},
        **{f"custom.{slot}": _custom_reader(slot) for slot in _CUSTOM},
        "skus": lambda instruction: " ".join(line.sku for line in instruction.lines),
        "methods": lambda instruction: " ".join(instruction.methods),
        "options": lambda instruction: " ".join(
            option for line in instruction.lines for option in line.options
        ),
    }
)
"""Fields a condition can look at."""

SETTABLE = (
    "delivery_method",
    "wished_date",
    "wished_time",
    "remarks",
    "gift",
    *_RECIPIENT,
    *(f"custom.{slot}" for slot in _CUSTOM[1:]),
)
"""Fields a rule can set; 注文独自1 belongs to IMP-13."""

_VALUES: Mapping[Operator, tuple[int, int]] = MappingProxyType(
    {
        Operator.EQUALS: (1, 1),
        Operator.CONTAINS: (1, 1),
        Operator.IS_BLANK: (0, 0),
        Operator.IN_LIST: (1, 1000),
        Operator.EQUALS_FIELD: (1, 1),
    }
)


def _set_field(instruction: NewInstruction, step: RuleStep, _: str) -> NewInstruction:
    group, _dot, name = step.field.partition(".")
    if group == "custom":
        return replace(instruction, custom={**instruction.custom, name: step.value})
    told: dict[str, Any] = {name or group: step.value}
    if group == "recipient":
        return _set_recipient(instruction, replace(instruction.recipient, **told))
    if group == "delivery_method":
        return _set_method(instruction, step, "")
    return replace(instruction, **told)


def _set_recipient(instruction: NewInstruction, recipient: Contact) -> NewInstruction:
    holds = instruction.holds
    if recipient.address.strip():  # what IMP-18 waited for is there now
        holds = without(holds, HoldCause.NO_ADDRESS)
    return replace(
        instruction,
        recipient=recipient,
        holds=holds,
        status=status_after_release(instruction.status, holds),
    )


def _set_method(instruction: NewInstruction, step: RuleStep, _: str) -> NewInstruction:
    holds = instruction.holds
    if step.value.strip():  # what IMP-16 waited for is there now
        holds = without(holds, HoldCause.NO_DELIVERY_METHOD)
    return replace(
        instruction,
        delivery_method=step.value,
        method_filled=False,
        holds=holds,
        status=status_after_release(instruction.status, holds),
    )


def _hold(instruction: NewInstruction, step: RuleStep, rule: str) -> NewInstruction:
    reason = HoldReason(step.value)
    if reason in instruction.hold_reasons:
        return instruction
    holds = (*instruction.holds, Hold(reason, HoldCause.RULE, f"rule {rule}"))
    return replace(instruction, holds=holds, status=status_with(holds))


def _release(instruction: NewInstruction, step: RuleStep, _: str) -> NewInstruction:
    holds = tuple(
        hold for hold in instruction.holds if step.value and hold.reason.value != step.value
    )
    return replace(instruction, holds=holds, status=status_with(holds))


def _await_arrival(instruction: NewInstruction, _: RuleStep, __: str) -> NewInstruction:
    if instruction.holds:
        return instruction
    return replace(instruction, status=Status.AWAITING_ARRIVAL)


_STEPS: Mapping[Verb, Callable[[NewInstruction, RuleStep, str], NewInstruction]] = MappingProxyType(
    {
        Verb.SET_FIELD: _set_field,
        Verb.SET_DELIVERY_METHOD: _set_method,
        Verb.HOLD: _hold,
        Verb.RELEASE: _release,
        Verb.AWAIT_ARRIVAL: _await_arrival,
    }
)


def _known(word: str, words: Iterable[str], what: str) -> None:
    if word not in (known := list(words)):
        raise BrokenRule(f"not a {what}: {word!r}; known: {', '.join(known)}")
