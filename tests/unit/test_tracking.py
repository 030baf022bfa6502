"""Tracking numbers (問番) where they are entered (RET-7)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BrokenRule
from domain.shipments.tracking import tracking_number
from domain.warehouse.moves import Parcel

TODAY = date(2025, 1, 15)
WIDE = "\uff14\uff14\uff17\uff10\uff0d\uff11\uff12\uff13\uff14"


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("4470-1234-5678", "4470-1234-5678"),
        (" 447012345678\n", "447012345678"),
        (WIDE, "4470-1234"),
        ("4470ー1234\u20105678\u22129", "4470-1234-5678-9"),
        ("RR123456789JP", "RR123456789JP"),
        ("1E2F3A4B", "1E2F3A4B"),
        ("0000", "0000"),
        ("1" * 30, "1" * 30),
    ],
)
def test_ret_07_a_number_is_kept_in_one_form(told: str, kept: str) -> None:
    assert tracking_number(told) == kept


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("4.1E+11", "rounded"),
        ("4,1e+11", "rounded"),
        ("\uff14.1\uff25+11", "rounded"),
        ("412E9", "rounded"),
        ("41E-11", "rounded"),
        ("4123.0", "rounded"),
        ("4123.", "rounded"),
        ("4470-1234-5678 4470-1234-5679", "more than one"),
        ("447012345678/447012345679", "more than one"),
        ("447012345678、447012345679", "more than one"),
        ("447012345678\n447012345679", "more than one"),
        ("4470\t1234", "more than one"),
        ("未定", "no tracking number"),
        ("TBD-", "no tracking number"),
        ("123", "no tracking number"),
        ("1" * 31, "no tracking number"),
        ("4470_1234", "no tracking number"),
        ("\u0664\u0664\u0667\u0660", "no tracking number"),
        ("4470\u00001234", "no tracking number"),
        ("  ", "blank"),
    ],
)
def test_ret_07_anything_else_is_refused_and_says_what_it_looks_like(told: str, said: str) -> None:
    with pytest.raises(BrokenRule, match=said):
        tracking_number(told)


@given(text=st.text(alphabet="0123456789ABEe.+- ー\uff0d,/未", max_size=34))
def test_ret_07_what_is_kept_stays_as_it_is_when_entered_again(text: str) -> None:
    try:
        kept = tracking_number(text)
    except BrokenRule:
        return

    assert tracking_number(kept) == kept
    assert 4 <= len(kept) <= 30
    assert kept.isascii()
    assert any(sign.isdigit() for sign in kept)


def test_ret_07_a_parcel_holds_the_number_as_it_is_kept() -> None:
    parcel = Parcel.entered(" 宅急便 ", WIDE, None, today=TODAY)

    assert parcel == Parcel("宅急便", "4470-1234", TODAY)
    with pytest.raises(BrokenRule, match="as tracking numbers are kept"):
        Parcel("宅急便", WIDE, TODAY)


@pytest.mark.parametrize("days", [-31, 31, -9000, 1826])
def test_ret_01_a_ship_date_more_than_thirty_days_away_is_refused(days: int) -> None:
    with pytest.raises(BrokenRule, match="30 days away"):
        Parcel.entered("m", "4470", TODAY + timedelta(days=days), today=TODAY)


@pytest.mark.parametrize("days", [-30, -1, 0, 1, 30])
def test_ret_01_up_to_thirty_days_either_way_are_taken(days: int) -> None:
    day = TODAY + timedelta(days=days)

    assert Parcel.entered("m", "4470", day, today=TODAY).shipped_on == day
