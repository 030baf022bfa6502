"""No decision goes by a machine's time of day (CLK-1): it is asked in few places, named here."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Each with what it is for; a moment that is compared with one in the database is not among them.
MAY_ASK = {
    "adapters/postgres/clock.py": "to tell how far the machine is off",
    "workers/heartbeat.py": "to tell how far the machine is off",
    "console/demo/": "sample orders of a demonstration on one machine",
    "console/supervisor/": "what is shown to whoever sits before the screen",
}
_ASKING = {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time")}
_ASKING |= {("time", "time_ns"), ("datetime", "today")}


def _asks(tree: ast.AST) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in _ASKING
    ]


@pytest.mark.parametrize("layer", ["domain", "adapters", "workers", "console"])
def test_clk_1_the_time_of_day_of_a_machine_decides_nothing(layer: str) -> None:
    found = {
        f"{file.relative_to(ROOT)}:{line}"
        for file in sorted((ROOT / layer).rglob("*.py"))
        if not str(file.relative_to(ROOT)).startswith(tuple(MAY_ASK))
        for line in _asks(ast.parse(file.read_text()))
    }

    assert found == set()
