"""Makes docs/rules.md from docs/rule_numbers.txt and the tests: each rule, and what proves it.

A test names a rule in its own name (`test_imp_04_…`, `…_and_imp_08_…`) or in its docstring
(`IMP-4`). Run as `make rules`; with `--check` nothing is written, and a stale page, a rule that
lost its tests or one that wrongly says "not yet" ends with 1 and one line each.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NUMBERS = ROOT / "docs" / "rule_numbers.txt"
PAGE = ROOT / "docs" / "rules.md"
NOT_YET = "not yet: "
HEAD = """\
# The rules and the tests that prove them

Made by `make rules` from `docs/rule_numbers.txt` and the tests; `make check` fails if stale.
A test names the rules it proves in its name (`test_imp_04_…`) or its docstring (`IMP-4`).

- `unit/`: the decision alone.
- `component/test_engine_*.py`: the engine in one thread, the command line, the database, HTTP.
- `e2e/`: the same with real workers, beat and the command line as processes.
- `chaos/`: the same while processes and servers are ended at random (`make chaos`).
- `contract/`: one port, every implementation.

Figures of load and chaos: [reliability.md](reliability.md).
"""
TABLE_HEAD = "\n| rule | what it says | proved by |\n|---|---|---|\n"
_IN_NAME = re.compile(r"(?<=_)([a-z]{3})_(\d{1,2})(?=_)")
_IN_DOCSTRING = re.compile(r"\b([A-Z]{3})-(\d{1,2})\b")


@dataclass(frozen=True, slots=True)
class Rule:
    """One numbered rule.

    Attributes:
        number: such as IMP-4.
        words: what it says, in a few words.
        is_carried_out: something in the product does what it says.
    """

    number: str
    words: str
    is_carried_out: bool


def read_rules(text: str) -> dict[str, list[Rule]]:
    """Return each section of docs/rule_numbers.txt with its rules, in their order."""
    sections: dict[str, list[Rule]] = {}
    rules: list[Rule] = []
    for line in text.splitlines():
        if line.startswith("## "):
            rules = sections.setdefault(line.removeprefix("## "), [])
        elif line and not line.startswith("#"):
            number, _, words = line.partition(" ")
            rules.append(Rule(number, words.removeprefix(NOT_YET), not words.startswith(NOT_YET)))
    return sections


def rules_named(name: str, docstring: str) -> set[str]:
    """Return the numbers of the rules that a test names."""
    found = [(section.upper(), number) for section, number in _IN_NAME.findall(name)]
    found += _IN_DOCSTRING.findall(docstring)
    return {f"{section}-{int(number)}" for section, number in found}


def proofs(tests: Path) -> dict[str, list[tuple[str, str]]]:
    """Return file and name of the tests of each rule, in the order of files and lines."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path in sorted(tests.rglob("test_*.py")):
        file = path.relative_to(tests).as_posix()
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for rule in rules_named(node.name, ast.get_docstring(node) or ""):
                    found[rule].append((file, node.name))
    return found


def faults(
    sections: Mapping[str, Sequence[Rule]], proved: Mapping[str, Sequence[object]]
) -> Iterator[str]:
    """Tell one line for each rule whose tests and words do not agree."""
    rules = [rule for section in sections.values() for rule in section]
    for rule in rules:
        if rule.is_carried_out and rule.number not in proved:
            yield f"{rule.number}: no test names it"
        if not rule.is_carried_out and rule.number in proved:
            yield f'{rule.number}: tests name it, docs/rule_numbers.txt says "not yet"'
    sections_known = {rule.number.split("-")[0] for rule in rules}
    known = {rule.number for rule in rules}
    for number in sorted(set(proved) - known):
        if number.split("-")[0] in sections_known:
            yield f"{number}: tests name it, docs/rule_numbers.txt does not"


def page(
    sections: Mapping[str, Sequence[Rule]], proved: Mapping[str, Sequence[tuple[str, str]]]
) -> str:
    """Return the text of docs/rules.md."""
    parts = [HEAD]
    for title, rules in sections.items():
        parts.append(f"\n## {title}\n{TABLE_HEAD}")
        for rule in rules:
            tests = "<br>".join(f"`{file}::{name}`" for file, name in proved.get(rule.number, ()))
            parts.append(f"| {rule.number} | {rule.words} | {tests or 'not yet'} |\n")
    return "".join(parts)


def main(words: Sequence[str]) -> int:
    """Write the page, or check it. Returns the exit code."""
    sections, proved = read_rules(NUMBERS.read_text("utf-8")), proofs(ROOT / "tests")
    made, wrong = page(sections, proved), list(faults(sections, proved))
    if "--check" not in words:
        PAGE.write_text(made, "utf-8")
    elif PAGE.read_text("utf-8") != made:
        wrong.append("docs/rules.md is stale: make rules")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
