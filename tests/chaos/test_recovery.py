"""CLS-7: how soon work goes on after each kind of fault; the table of docs/reliability.md."""

from pathlib import Path

import pytest

from tests.chaos.load import loaded
from tests.chaos.recovery import HEAD, KINDS, measure
from tests.chaos.test_chaos import CHOSEN

LONG_TIMES = 6
FLUSHED = "FLUSHALL of Redis"
# `make chaos` has ten minutes in all.
SHORT_KINDS = ("SIGKILL of one of two workers", FLUSHED)
PROMISED_S = 30.0
# Lost notes are missed by a sweep, not only when their leases of 20 s have ended.
NOTICED_S = 12.0


@pytest.mark.chaos_long
def test_cls_7_work_goes_on_within_half_a_minute(home: Path, tmp_path: Path) -> None:
    kinds, times = (tuple(KINDS), LONG_TIMES) if CHOSEN == "long" else (SHORT_KINDS, 2)
    with loaded(home, tmp_path / "logs", items=40, crowded=True) as load:
        found = [measure(load, kind, times) for kind in kinds]

    print("\n".join([f"\n{HEAD}", f"|{'---|' * 7}", *(one.row() for one in found)]))
    promised = [one for one in found if "SIGSTOP" not in one.kind]
    assert all(max(one.ended_s) < PROMISED_S for one in promised), found
    assert all(max(one.ended_s) < NOTICED_S for one in found if one.kind == FLUSHED), found
