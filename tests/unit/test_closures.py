"""When a cart is closed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.carts.calendar import calendar_closures, third_wednesday
from domain.carts.cart import Cart
from domain.engine.cadence import TOKYO
from domain.engine.maintenance import (
    MESSAGE,
    CartAddress,
    Closure,
    ClosureSource,
    closed_now,
    next_probe_at,
)
from domain.errors import ApiFamily
from tests.unit.samples import NOON

moments = st.integers(1_600_000_000, 2_200_000_000).map(lambda s: datetime.fromtimestamp(s, UTC))


def tokyo(year: int, month: int, day: int, hour: int) -> datetime:
    return datetime(year, month, day, hour, tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("around", "start"),
    [
        pytest.param(tokyo(2025, 1, 1, 0), tokyo(2025, 1, 15, 2), id="before: this month's"),
        pytest.param(tokyo(2025, 1, 15, 7), tokyo(2025, 1, 15, 2), id="within: the current one"),
        pytest.param(tokyo(2025, 1, 15, 8), tokyo(2025, 2, 19, 2), id="over: next month's"),
        pytest.param(tokyo(2025, 12, 31, 23), tokyo(2026, 1, 21, 2), id="over the year's end"),
    ],
)
def test_cls_01_shopserve_closes_on_third_wednesdays_from_two_to_eight(
    around: datetime, start: datetime
) -> None:
    (closure,) = calendar_closures(Cart.SHOPSERVE, around)

    assert closure.start == start
    assert closure.end == start + timedelta(hours=6)
    assert (closure.api, closure.source) == (None, ClosureSource.CALENDAR)


@given(around=moments)
def test_cls_01_the_calendar_gives_the_current_or_the_next_occurrence(around: datetime) -> None:
    (closure,) = calendar_closures(Cart.SHOPSERVE, around)

    assert closure.end is not None
    assert around < closure.end <= around + timedelta(days=36)
    local = closure.start.astimezone(TOKYO)
    assert (local.weekday(), (local.day - 1) // 7, local.hour) == (2, 2, 2)


def test_cls_01_base_has_no_calendar() -> None:
    assert calendar_closures(Cart.BASE, NOON) == ()


def test_cls_01_the_third_wednesday_of_a_month_that_begins_with_one() -> None:
    assert third_wednesday(2025, 1) == date(2025, 1, 15)
    assert third_wednesday(2025, 10) == date(2025, 10, 15)


BASE = CartAddress(Cart.BASE, "https://api.thebase.in")
ORDERS = Closure(Cart.BASE, ApiFamily.ORDERS, NOON, NOON + timedelta(hours=1), ClosureSource.PERSON)


@pytest.mark.parametrize(
    ("cart", "api", "minutes", "closed"),
    [
        pytest.param(Cart.BASE, ApiFamily.ORDERS, 0, True, id="from the first moment"),
        pytest.param(Cart.BASE, ApiFamily.ORDERS, 59, True, id="until the end"),
        pytest.param(Cart.BASE, ApiFamily.ORDERS, 60, False, id="the end is open again"),
        pytest.param(Cart.BASE, ApiFamily.ORDERS, -1, False, id="not before"),
        pytest.param(Cart.BASE, ApiFamily.STOCK, 5, False, id="the stock API is apart"),
        pytest.param(Cart.SHOPSERVE, ApiFamily.ORDERS, 5, False, id="the other cart is open"),
    ],
)
def test_cls_01_a_closure_holds_for_its_cart_and_api_only(
    cart: Cart, api: ApiFamily, minutes: int, closed: bool
) -> None:
    found = closed_now(
        [ORDERS], CartAddress(cart, BASE.api_url), api, NOON + timedelta(minutes=minutes)
    )

    assert (found == ORDERS) is closed
    assert (found is None) is not closed


UNKNOWN = Closure(
    Cart.BASE,
    None,
    NOON,
    None,
    ClosureSource.DETECTED,
    probe_at=NOON + timedelta(seconds=30),
    detected_by=7,
)


def test_cls_01_of_several_closures_the_one_that_lasts_longest_counts() -> None:
    longer = replace(ORDERS, api=None, end=NOON + timedelta(hours=2))

    assert closed_now([longer, ORDERS], BASE, ApiFamily.ORDERS, NOON) == longer
    assert closed_now([UNKNOWN], BASE, ApiFamily.STOCK, NOON) == UNKNOWN


def test_cls_01_nobody_probes_while_the_calendar_or_a_person_says_closed() -> None:
    found = closed_now([UNKNOWN, ORDERS], BASE, ApiFamily.ORDERS, NOON)

    assert found == ORDERS
    assert not found.may_probe(NOON + timedelta(days=1), at_once=True)


def test_cls_01_the_log_has_the_words_operators_know() -> None:
    assert MESSAGE == "メンテナンス期間中のためAPIは使用できません。"


def test_cls_01_a_closure_of_unknown_length_is_probed_ever_more_rarely() -> None:
    waits = [(next_probe_at(NOON, times) - NOON).total_seconds() for times in range(1, 7)]

    assert waits == [30, 60, 120, 240, 480, 900]
    assert not UNKNOWN.may_probe(NOON + timedelta(seconds=29), at_once=False)
    assert UNKNOWN.may_probe(NOON + timedelta(seconds=30), at_once=False)
    assert replace(UNKNOWN, probe_at=None).may_probe(NOON, at_once=False)


def test_cls_01_only_a_person_at_the_shop_that_found_it_probes_at_once() -> None:
    assert UNKNOWN.may_probe(NOON, at_once=UNKNOWN.is_probed_at_once(7, by_hand=True))
    assert not UNKNOWN.is_probed_at_once(7, by_hand=False)
    assert not UNKNOWN.is_probed_at_once(8, by_hand=True)


def test_cls_9_a_discovered_closure_holds_for_shops_of_the_same_api_address() -> None:
    found = replace(UNKNOWN, api_url=BASE.api_url)
    elsewhere = CartAddress(Cart.BASE, "https://sandbox.example.jp")

    assert closed_now([found], BASE, ApiFamily.ORDERS, NOON) == found
    assert closed_now([found], elsewhere, ApiFamily.ORDERS, NOON) is None


def test_cls_9_a_closed_cart_that_asks_for_a_wait_is_given_it_up_to_an_hour() -> None:
    waits = [
        (next_probe_at(NOON, 1, asked_s) - NOON).total_seconds() for asked_s in (None, 600, 999_999)
    ]

    assert waits == [30, 600, 900]
