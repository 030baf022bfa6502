"""How long the supervisor waits before it starts a program again."""

from hypothesis import given
from hypothesis import strategies as st

from console.supervisor.backoff import LONGEST_PAUSE_S, BackOff


def test_pauses_double_up_to_half_a_minute() -> None:
    back_off = BackOff()

    assert [back_off.pause_s(1) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_a_program_that_was_up_for_a_minute_starts_over() -> None:
    back_off = BackOff()
    for _ in range(5):
        back_off.pause_s(1)

    assert back_off.pause_s(60) == 0.5


@given(st.lists(st.floats(0, 200), max_size=200))
def test_no_pause_is_longer_than_half_a_minute_or_shorter_than_half_a_second(
    ups_s: list[float],
) -> None:
    back_off = BackOff()

    assert all(0.5 <= back_off.pause_s(up_s) <= LONGEST_PAUSE_S for up_s in ups_s)
