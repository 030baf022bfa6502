"""Every numbered rule that the domain decides has a test that names it, and a docstring too."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.make_rules import NUMBERS, read_rules

ROOT = Path(__file__).parents[2]
DECIDED_ELSEWHERE = {
    "IMP-7": "a unique key in the database decides",
    "CNF-3": "an item of a confirm run is one cart order",
    "STK-1": "a version of each mapping in the database, counted up by every change",
    "STK-4": "the same version: a failed push leaves it behind",
    "STK-5": "the same version, compared where a push is recorded",
}
OF_THE_BUSINESS = {"IMP", "CNF", "STS", "RET", "CMP", "STK"}
RULES = [
    rule.number
    for rules in read_rules(NUMBERS.read_text("utf-8")).values()
    for rule in rules
    if rule.is_carried_out and rule.number.split("-")[0] in OF_THE_BUSINESS
]


def _claims(layer: str = "unit") -> Iterator[str]:
    for path in Path(__file__).parents[1].glob(f"{layer}/test_*.py"):
        yield from re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)


def _name(rule: str) -> str:
    section, number = rule.lower().split("-")
    return f"test_{section}_{number:0>2}_"


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in DECIDED_ELSEWHERE])
def test_every_rule_decided_in_the_domain_is_claimed_by_a_test(rule: str) -> None:
    assert any(claim.startswith(_name(rule)) for claim in _claims())


@pytest.mark.parametrize("rule", DECIDED_ELSEWHERE)
def test_every_other_rule_is_claimed_by_a_test_of_the_whole(rule: str) -> None:
    assert any(claim.startswith(_name(rule)) for claim in _claims("component"))


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in DECIDED_ELSEWHERE])
def test_every_rule_decided_in_the_domain_is_cited_where_it_is_decided(rule: str) -> None:
    cited = re.compile(rf"\b{rule}\b")

    assert any(
        cited.search(path.read_text(encoding="utf-8")) for path in (ROOT / "domain").rglob("*.py")
    )
