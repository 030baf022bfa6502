"""CLS-7: whatever ends at whatever moment, nothing is lost, doubled or stuck.

RENKEI_TEST_CHAOS (smoke, short, long) and RENKEI_TEST_SEED choose; `make chaos` sets them.
"""

import os
import random
from pathlib import Path

import pytest

from tests.chaos.storm import Report, Size, storm

# Read before the fixtures take everything named RENKEI_ away.
CHOSEN = os.environ.get("RENKEI_TEST_CHAOS", "short")
SEED = int(os.environ.get("RENKEI_TEST_SEED") or random.SystemRandom().randrange(10**6))

SMOKE = Size(
    {
        "kill worker": 2, "kill all workers": 1, "term worker": 1, "pause worker shortly": 1,
        "kill beat": 1, "flush redis": 2, "kill redis": 1, "stop postgres": 1,
        "cut after effect": 2, "end tokens": 1, "duplicates": 1, "second slots": 1,
        "full compare": 1,
    },
    pairs=2, items=10, orders_a_second=1.2, pause_s=1.8, blind_s=3.0,
)  # fmt: skip
SHORT = Size(
    {
        "kill worker": 24, "kill all workers": 4, "kill in call": 8, "term worker": 6,
        "pause worker": 6, "kill beat": 8, "pause beat": 3, "flush redis": 10, "kill redis": 5,
        "restart redis": 2, "cut redis connections": 3, "stop postgres": 8,
        "cut before effect": 4, "cut after effect": 6, "cut reads": 3, "slow calls": 4,
        "bad answers": 4, "close cart": 3, "use up hour": 2, "end tokens": 5, "duplicates": 6,
        "second slots": 3, "full compare": 4,
    },
    pairs=3, items=15, orders_a_second=1.2, pause_s=2.0, blind_s=3.0,
)  # fmt: skip
LONG = Size(
    {
        "kill worker": 120, "kill all workers": 16, "kill in call": 40, "term worker": 20,
        "pause worker": 16, "kill beat": 30, "pause beat": 8, "flush redis": 30, "kill redis": 12,
        "restart redis": 6, "cut redis connections": 8, "stop postgres": 26,
        "cut before effect": 14, "cut after effect": 20, "cut reads": 8, "slow calls": 12,
        "bad answers": 12, "close cart": 8, "use up hour": 5, "end tokens": 14, "duplicates": 20,
        "second slots": 8, "full compare": 12,
    },
    pairs=4, items=20, orders_a_second=1.2, pause_s=2.6, blind_s=3.0,
)  # fmt: skip


def _weather(size: Size, home: Path, tmp_path: Path) -> Report:
    print(f"\nchaos: RENKEI_TEST_SEED={SEED}")
    report = storm(size, SEED, home, tmp_path / "logs")
    (tmp_path / "faults.txt").write_text("\n".join(report.timeline))
    print(report.text())
    return report


def test_cls_7_nothing_is_lost_doubled_or_stuck_in_a_short_storm(
    home: Path, tmp_path: Path
) -> None:
    report = _weather(SMOKE, home, tmp_path)

    assert report.verdict.good, report.text()
    assert report.logged["a bug"] == report.logged["Unrecoverable error"] == 0


@pytest.mark.chaos_long
def test_cls_7_nothing_is_lost_doubled_or_stuck_in_minutes_of_chaos(
    home: Path, tmp_path: Path
) -> None:
    report = _weather(LONG if CHOSEN == "long" else SHORT, home, tmp_path)

    assert report.verdict.good, report.text()
    assert report.logged["a bug"] == report.logged["Unrecoverable error"] == 0
