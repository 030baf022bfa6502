"""Rules as people write them: a JSON file, or `--when` and `--then` on the command line."""

import json
import re
from collections.abc import Sequence

from console.failures import CommandFailed, Wrong
from console.files import bytes_of
from domain.errors import BrokenRule
from domain.orders.rule_texts import rule_from_json
from domain.orders.rules import Condition, Operator, Rule, RuleStep, Verb

_CONDITION = re.compile(r"(?P<field>[a-z_0-9.]+)(?P<no>!?)(?P<sign>=@|=|~)(?P<value>.*)", re.DOTALL)
_STEP = re.compile(r"(?P<what>[a-z_0-9.]+)(?:=(?P<value>.*))?", re.DOTALL)
_OPERATORS = {"=": Operator.EQUALS, "=@": Operator.EQUALS_FIELD, "~": Operator.CONTAINS}
_VERBS = {
    "method": Verb.SET_DELIVERY_METHOD,
    "hold": Verb.HOLD,
    "release": Verb.RELEASE,
    "await_arrival": Verb.AWAIT_ARRIVAL,
}


def read_rule(file: str) -> Rule:
    """Return the rule in a JSON file. Raises CommandFailed naming the file and what is wrong.

    Args: file: a path, or `-` for standard input.
    """
    try:
        document = json.loads(bytes_of(file).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise CommandFailed(f"{file}: not UTF-8 text") from error
    except RecursionError as error:
        raise CommandFailed(f"{file}: nested too deeply for a rule") from error
    except ValueError as error:
        raise CommandFailed(f"{file}: not JSON: {error}") from error
    if not isinstance(document, dict):
        raise CommandFailed(f"{file}: a rule is one JSON object, with name, if and then")
    try:
        return rule_from_json(document)
    except BrokenRule as error:
        raise CommandFailed(f"{file}: {error}") from error


def rule_of_options(name: str, when: Sequence[str], then: Sequence[str], *, enabled: bool) -> Rule:
    """Return the rule that options describe. Raises Wrong naming the option."""
    try:
        return Rule(
            name,
            tuple(_condition(each) for each in when),
            tuple(_step(each) for each in then),
            enabled=enabled,
        )
    except BrokenRule as error:
        raise Wrong(str(error)) from error


def _condition(told: str) -> Condition:
    match = _CONDITION.fullmatch(told)
    if match is None:
        raise Wrong(f"--when {told!r} is not FIELD=VALUE, FIELD~PART, FIELD=@FIELD or FIELD=")
    operator, value = _OPERATORS[match["sign"]], match["value"]
    if operator is Operator.EQUALS and not value:
        return Condition(match["field"], Operator.IS_BLANK, negated=bool(match["no"]))
    return Condition(match["field"], operator, (value,), bool(match["no"]))


def _step(told: str) -> RuleStep:
    match = _STEP.fullmatch(told)
    if match is None:
        raise Wrong(f"--then {told!r} is not understood")
    what, value = match["what"], match["value"]
    verb = _VERBS.get(what)
    if verb is None:
        if value is None:
            raise Wrong(f"--then {told!r} is neither FIELD=VALUE nor one of {', '.join(_VERBS)}")
        return RuleStep(Verb.SET_FIELD, value, what)
    if verb is Verb.SET_DELIVERY_METHOD and value is None:
        raise Wrong("--then method needs a value: method=宅配便")
    return RuleStep(verb, value or "")
