"""docs/rules.md: every numbered rule has tests there that exist and name it."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "rules.md"
LAST_OF_SECTION = {"IMP": 18, "CNF": 3, "STS": 8, "RET": 6, "CMP": 4, "STK": 7, "CLS": 8, "LOG": 2}
RULES = [
    rule
    for section, last in LAST_OF_SECTION.items()
    for rule in (f"{section}-{number}" for number in range(1, last + 1))
]


def table() -> dict[str, list[tuple[str, str]]]:
    """Return file and test function of each rule's tests."""
    rows = re.findall(
        r"^\| ([A-Z]{3}-\d+) \|[^|]+\|([^|]+)\|$", TABLE.read_text("utf-8"), re.MULTILINE
    )
    return {rule: re.findall(r"`([\w/.]+)::(\w+)`", tests) for rule, tests in rows}


@cache
def functions(file: str) -> dict[str, str]:
    """Return the test functions of a file with their docstrings."""
    module = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
    return {
        node.name: ast.get_docstring(node) or ""
        for node in module.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def names(rule: str, test: str, docstring: str) -> bool:
    section, number = rule.lower().split("-")
    in_name = re.search(rf"_{section}_0?{number}_", test)
    return bool(in_name or re.search(rf"\b{rule}\b", docstring))


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_test_in_the_table(rule: str) -> None:
    assert table().get(rule), f"docs/rules.md names no test for {rule}"


@pytest.mark.parametrize("rule", sorted(table()))
def test_every_test_of_the_table_exists_and_names_its_rule(rule: str) -> None:
    for file, test in table()[rule]:
        assert test in functions(file), f"{file} has no {test}"
        assert names(rule, test, functions(file)[test]), f"{test} does not name {rule}"


def test_the_table_has_each_rule_once() -> None:
    rules = re.findall(r"^\| ([A-Z]{3}-\d+) \|", TABLE.read_text("utf-8"), re.MULTILINE)

    assert len(rules) == len(set(rules))
