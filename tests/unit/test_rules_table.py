"""docs/rules.md is made from the tests, and every rule is proved or says that it is not yet."""

import re
from collections.abc import Sequence

import pytest

from docs.make_rules import NUMBERS, PAGE, ROOT, Rule, faults, main, page, proofs, read_rules

SECTIONS = read_rules(NUMBERS.read_text("utf-8"))


def test_the_page_is_what_the_tests_say() -> None:
    proved = proofs(ROOT / "tests")

    assert list(faults(SECTIONS, proved)) == []
    assert PAGE.read_text("utf-8") == page(SECTIONS, proved), "run `make rules`"
    assert main(["--check"]) == 0


def test_each_rule_is_listed_once() -> None:
    numbers = [rule.number for rules in SECTIONS.values() for rule in rules]

    assert len(numbers) == len(set(numbers)) > 80
    assert all(re.fullmatch(r"[A-Z]{3}-\d+", number) for number in numbers)


@pytest.mark.parametrize(
    ("rules", "proved", "told"),
    [
        pytest.param([Rule("IMP-1", "x", True)], ["IMP-1"], [], id="proved"),
        pytest.param([Rule("IMP-1", "x", False)], [], [], id="not yet"),
        pytest.param([Rule("IMP-1", "x", True)], [], ["no test"], id="its tests are gone"),
        pytest.param([Rule("IMP-1", "x", False)], ["IMP-1"], ['"not yet"'], id="is carried out"),
        pytest.param([Rule("IMP-1", "x", True)], ["IMP-1", "IMP-9"], ["does not"], id="unlisted"),
        pytest.param([Rule("IMP-1", "x", True)], ["IMP-1", "UTF-8"], [], id="no rule at all"),
    ],
)
def test_rules_and_tests_that_disagree_are_told(
    rules: Sequence[Rule], proved: Sequence[str], told: Sequence[str]
) -> None:
    lines = list(faults({"1.": rules}, {key: [("f", "t")] for key in proved}))

    assert len(lines) == len(told)
    assert all(part in line for part, line in zip(told, lines, strict=True))
