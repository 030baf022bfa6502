"""How long a shop waits that its cart does not serve (CLS-9)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.engine.pauses import LONGEST_HONOURED_S, LONGEST_S, wait_s


def test_cls_9_gaps_grow_up_to_a_quarter_of_an_hour() -> None:
    assert [wait_s(times) for times in range(1, 10)] == [5, 10, 20, 40, 80, 160, 320, 640, 900]


@pytest.mark.parametrize(
    ("asked_s", "waits_s"),
    [(0, 5), (60, 60), (3_600, 3_600), (3_601, 900), (999_999, 900), (10.0**9, 900)],
)
def test_cls_9_a_wait_asked_for_is_kept_up_to_an_hour_and_tried_every_quarter_beyond(
    asked_s: float, waits_s: float
) -> None:
    assert wait_s(1, asked_s) == waits_s


@given(times=st.integers(-5, 10**9), asked_s=st.one_of(st.none(), st.floats(0, 1e12)))
def test_cls_9_no_wait_is_longer_than_an_hour(times: int, asked_s: float | None) -> None:
    longest = LONGEST_S if asked_s is None else LONGEST_HONOURED_S
    assert 5 <= wait_s(times, asked_s) <= longest
