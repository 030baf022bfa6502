"""Which order times are asked for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.carts.cart import Cart
from domain.engine.runs import Window
from domain.errors import BrokenRule
from domain.orders.windows import (
    Clocks,
    ListCursor,
    believed,
    difference_window,
    held_cursor,
    newest_within,
    next_cursor,
    range_slices,
    slices,
)
from tests.unit.samples import NOON

WEEK = timedelta(days=7)
OVERLAP = timedelta(minutes=10)
carts = pytest.mark.parametrize("cart", list(Cart))


def ago(**parts: float) -> datetime:
    return NOON - timedelta(**parts)


def test_imp_01_the_first_shopserve_run_looks_back_seven_days_without_overlap() -> None:
    window = difference_window(Cart.SHOPSERVE, cursor=None, clocks=Clocks(NOON), overlap=OVERLAP)

    assert window == Window(ago(days=7), NOON)


def test_imp_01_later_runs_start_at_the_newest_order_fetched() -> None:
    window = difference_window(
        Cart.SHOPSERVE, cursor=ListCursor(ago(hours=3)), clocks=Clocks(NOON), overlap=timedelta(0)
    )

    assert window == Window(ago(hours=3), NOON)


def test_imp_01_the_cursor_is_the_newest_order_and_never_goes_back() -> None:
    def after(newest: datetime | None) -> datetime:
        return next_cursor(
            Cart.SHOPSERVE,
            cursor=ListCursor(ago(hours=3)),
            clocks=Clocks(NOON),
            newest_ordered_at=newest,
        ).position

    assert after(ago(hours=1)) == ago(hours=1)
    assert after(ago(hours=9)) == ago(hours=3)
    assert after(None) == ago(hours=3)


def test_imp_01_a_shop_without_any_order_keeps_looking_from_where_it_began() -> None:
    cursor = next_cursor(
        Cart.SHOPSERVE, cursor=None, clocks=Clocks(ago(days=30)), newest_ordered_at=None
    )

    window = difference_window(Cart.SHOPSERVE, cursor=cursor, clocks=Clocks(NOON), overlap=OVERLAP)

    assert window.since <= ago(days=29) <= window.until


def test_imp_01_a_long_window_is_read_in_calls_of_at_most_seven_days_oldest_first() -> None:
    window = Window(ago(days=17), NOON)

    assert slices(window, Cart.SHOPSERVE, NOON) == [
        Window(ago(days=17), ago(days=10)),
        Window(ago(days=10), ago(days=3)),
        Window(ago(days=3), NOON),
    ]


def test_imp_01_nothing_older_than_two_years_is_asked_for() -> None:
    oldest = slices(Window(ago(days=5000), NOON), Cart.SHOPSERVE, NOON)[0]

    assert timedelta(0) < oldest.since - ago(days=730) <= timedelta(hours=1)


def test_imp_02_the_first_base_run_looks_back_seven_days_and_nine_hours() -> None:
    window = difference_window(Cart.BASE, cursor=None, clocks=Clocks(NOON), overlap=OVERLAP)

    assert window == Window(ago(days=7, hours=9), NOON)
    assert slices(window, Cart.BASE, NOON) == [window]


@pytest.mark.parametrize(
    ("newest", "expected"),
    [
        pytest.param(None, NOON, id="no order ever seen"),
        pytest.param(ago(hours=2), ago(hours=2), id="the newest order"),
        pytest.param(NOON + timedelta(minutes=3), NOON, id="no later than the start of the run"),
        pytest.param(ago(days=2), ago(days=1), id="never backwards"),
    ],
)
def test_imp_02_the_base_cursor_is_the_earlier_of_the_runs_start_and_the_newest_order(
    newest: datetime | None, expected: datetime
) -> None:
    cursor = next_cursor(
        Cart.BASE,
        cursor=ListCursor(ago(days=1)),
        clocks=Clocks(NOON),
        newest_ordered_at=newest,
    )

    assert cursor.position == expected


def test_imp_02_a_base_difference_is_read_in_one_piece_however_long() -> None:
    window = Window(ago(days=400), NOON)

    assert slices(window, Cart.BASE, NOON) == [window]


@carts
def test_imp_03_seven_days_are_one_request_and_a_second_more_is_not(cart: Cart) -> None:
    since = ago(days=20)

    assert range_slices(cart, since, since + WEEK, NOON) == [Window(since, since + WEEK)]
    assert len(range_slices(cart, since, since + WEEK + timedelta(seconds=1), NOON)) == 2


@carts
@pytest.mark.parametrize(
    ("since", "until", "reason"),
    [
        pytest.param(ago(days=1), ago(days=2), "reversed", id="the end before the beginning"),
        pytest.param(NOON + WEEK, NOON + WEEK, "in the future", id="nothing there yet"),
    ],
)
def test_imp_03_a_senseless_range_is_refused_with_the_reason(
    cart: Cart, since: datetime, until: datetime, reason: str
) -> None:
    with pytest.raises(BrokenRule, match=reason):
        range_slices(cart, since, until, NOON)


def test_imp_03_only_shopserve_refuses_what_is_older_than_two_years() -> None:
    since = ago(days=731)

    with pytest.raises(BrokenRule, match="2 years"):
        range_slices(Cart.SHOPSERVE, since, since + WEEK, NOON)
    assert range_slices(Cart.BASE, since, since + WEEK, NOON) == [Window(since, since + WEEK)]
    assert range_slices(Cart.SHOPSERVE, ago(days=729), ago(days=728), NOON)


def test_imp_03_an_end_in_the_future_means_until_now() -> None:
    parts = range_slices(Cart.BASE, ago(days=1), NOON + timedelta(hours=6), NOON)

    assert parts == [Window(ago(days=1), NOON)]


@carts
@given(days=st.floats(0, 700))
def test_imp_03_a_long_range_is_cut_without_a_hole(cart: Cart, days: float) -> None:
    since = ago(days=days)

    parts = range_slices(cart, since, NOON, NOON)

    assert parts[0].since == since.replace(microsecond=0)
    assert parts[-1].until == NOON
    assert all(part.until - part.since <= WEEK for part in parts)
    assert all(one.until == two.since for one, two in pairwise(parts))


@carts
def test_imp_04_the_overlap_is_read_again_except_on_a_first_run(cart: Cart) -> None:
    with_overlap = difference_window(
        cart, cursor=ListCursor(ago(hours=1)), clocks=Clocks(NOON), overlap=OVERLAP
    )
    first = difference_window(cart, cursor=None, clocks=Clocks(NOON), overlap=OVERLAP)

    assert with_overlap.since == ago(hours=1, minutes=10)
    assert first == difference_window(cart, cursor=None, clocks=Clocks(NOON), overlap=timedelta(0))


@given(seconds=st.floats(-100_000, 10_000_000), overlap=st.timedeltas(timedelta(0), WEEK))
def test_a_window_has_whole_seconds_and_is_never_reversed(
    seconds: float, overlap: timedelta
) -> None:
    now = datetime(2025, 1, 15, 3, 0, 0, 654321, tzinfo=UTC)
    cursor = now - timedelta(seconds=seconds)

    for cart in Cart:
        window = difference_window(
            cart, cursor=ListCursor(cursor), clocks=Clocks(now), overlap=overlap
        )
        assert window.since <= window.until <= now
        assert window.since.microsecond == window.until.microsecond == 0
        assert all(part.since <= part.until for part in slices(window, cart, now))


def test_imp_04_the_overlap_is_ten_minutes_unless_configured() -> None:
    window = difference_window(Cart.BASE, cursor=ListCursor(ago(hours=1)), clocks=Clocks(NOON))

    assert window.since == ago(hours=1, minutes=10)


HELD = Window(NOON - timedelta(days=2), NOON)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([], NOON),
        ([NOON - timedelta(days=1)], NOON - timedelta(days=1)),
        ([NOON - timedelta(days=1), None], HELD.since),
        ([NOON + timedelta(days=900)], HELD.since),
        ([NOON - timedelta(days=900)], HELD.since),
    ],
)
def test_imp_04_the_cursor_moves_past_no_row_nobody_can_read(
    told: list[datetime | None], expected: datetime
) -> None:
    assert held_cursor(NOON, HELD, told) == expected


def test_imp_04_an_order_time_after_the_window_is_no_time() -> None:
    late, known = NOON + timedelta(days=900), NOON - timedelta(hours=3)

    assert newest_within(HELD, [known, late, None]) == known
    assert newest_within(HELD, [late]) is None


BEHIND, AHEAD = Clocks(NOON, -timedelta(minutes=15)), Clocks(NOON, timedelta(minutes=15))


def test_clk_2_a_window_reaches_from_the_clock_behind_to_the_clock_ahead() -> None:
    cursor = ListCursor(ago(hours=1))
    behind = difference_window(Cart.BASE, cursor=cursor, clocks=BEHIND, overlap=OVERLAP)
    ahead = difference_window(Cart.BASE, cursor=cursor, clocks=AHEAD, overlap=OVERLAP)

    assert behind == Window(ago(hours=1, minutes=25), NOON)
    assert ahead == Window(ago(hours=1, minutes=25), NOON + timedelta(minutes=15))


@carts
@given(ahead_s=st.integers(-86_400, 86_400), gaps=st.lists(st.integers(1, 7200), min_size=3))
def test_clk_2_whatever_a_carts_clock_shows_no_order_falls_between_two_windows(
    cart: Cart, ahead_s: int, gaps: list[int]
) -> None:
    """An order a second before, one after each run: each is in the window of the next one."""
    ahead, now, cursor, waiting = timedelta(seconds=ahead_s), NOON, None, set[datetime]()
    for gap in gaps:
        clocks = Clocks(now, ahead)
        window = difference_window(cart, cursor=cursor, clocks=clocks, overlap=timedelta(0))
        assert all(window.since <= at <= window.until for at in waiting)
        newest = newest_within(window, waiting)
        cursor = next_cursor(cart, cursor=cursor, clocks=clocks, newest_ordered_at=newest)
        assert believed(cursor, Clocks(now, ahead)) == cursor
        step = timedelta(seconds=gap)
        waiting = {now + ahead + timedelta(seconds=1), now + ahead + step}
        now += step


def test_clk_2_a_cursor_later_than_the_carts_now_is_pulled_back() -> None:
    """One run of a process whose clock was an hour ahead, or a clock that stepped back."""
    wrong = ListCursor(NOON + timedelta(hours=1), ago(hours=3), ago(minutes=5))

    assert believed(wrong, Clocks(NOON)).position == ago(hours=4)
    assert believed(replace(wrong, newest_ordered_at=None), Clocks(NOON)).position == ago(
        hours=1, minutes=5
    )


def test_clk_2_a_difference_of_a_few_seconds_pulls_nothing_back() -> None:
    cursor = ListCursor(NOON + timedelta(seconds=4))

    assert believed(cursor, Clocks(NOON)) is cursor
