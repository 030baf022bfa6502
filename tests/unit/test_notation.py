"""Days, moments and numbers as people, files and programs write them."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.notation import read_day, read_decimal, read_moment, read_whole


@pytest.mark.parametrize("text", ["2025-01-31", " 2025-01-31 ", "\uff12\uff10\uff12\uff15-01-31"])
def test_a_day_is_written_in_one_form(text: str) -> None:
    assert read_day(text) == date(2025, 1, 31)


@pytest.mark.parametrize(
    "text",
    [
        "2025/01/31",
        "2025-1-31",
        "20250131",
        "2025-W05-5",
        "2025-031",
        "25-01-31",
        "2025-02-30",
        "31.1.2025",
        "1738281600",
        "2025-01-31T00:00",
        "tomorrow",
        "2025-01-31x",
    ],
)
def test_any_other_form_of_a_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no day like 2025-01-31"):
        read_day(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2025-01-31T18:00", datetime(2025, 1, 31, 9, tzinfo=UTC)),
        ("2025-01-31 18:00:05", datetime(2025, 1, 31, 9, 0, 5, tzinfo=UTC)),
        ("2025-01-31T09:00:00Z", datetime(2025, 1, 31, 9, tzinfo=UTC)),
        ("2025-01-31T10:00:00.25+01:00", datetime(2025, 1, 31, 9, 0, 0, 250_000, tzinfo=UTC)),
        ("2025-01-31", datetime(2025, 1, 30, 15, tzinfo=UTC)),
    ],
)
def test_a_moment_is_tokyos_unless_it_says_otherwise(text: str, read: datetime) -> None:
    assert read_moment(text) == read
    assert read_moment(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        *("1738281600", "20250131T180000", "2025-01-31T18", "2025-01-31T24:00", "2025-W05-5"),
        *("2025-01-31x18:00", "2025-01-31T18:00+9", "2025/01/31 18:00", "2025-01-31T18:00:00,5"),
        *("0001-01-01", "2025-02-30T00:00", "2025-01-31T18:00 09:00", "now"),
    ],
)
def test_any_other_form_of_a_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no time like"):
        read_moment(text)


@pytest.mark.parametrize(
    ("text", "read"), [("0", 0), (" 12 ", 12), ("\uff11\uff12", 12), ("007", 7)]
)
def test_a_whole_number_is_digits_alone(text: str, read: int) -> None:
    assert read_whole(text) == read


@pytest.mark.parametrize(
    "text",
    ["1e3", "1.0", "1,000", "1_000", "0x10", "+1", "-1", "", "\u0663", "1 0", "12個", "9" * 5000],
)
def test_no_other_form_of_a_whole_number_is_taken(text: str) -> None:
    with pytest.raises(ValueError, match="no whole number from 0 up"):
        read_whole(text)


def test_a_signed_number_is_taken_only_where_it_may_be_negative() -> None:
    assert [read_whole(text, low=-9, high=9) for text in ("+5", "-5", "5")] == [5, -5, 5]
    with pytest.raises(ValueError, match="from -9 to 9"):
        read_whole("10", low=-9, high=9)


@pytest.mark.parametrize("text", ["nan", "inf", "1e1", "1.", ".5", "1,5", "-1", "11", "0.001"])
def test_a_decimal_is_digits_with_one_point_at_most(text: str) -> None:
    assert read_decimal("0.5", low=0.01, high=10) == 0.5
    with pytest.raises(ValueError, match=r"no number from 0\.01 to 10"):
        read_decimal(text, low=0.01, high=10)


# What would read 1_000, 20250131 or Unix seconds as well.
LENIENT = re.compile(
    r"fromisoformat|strptime|IntRange|FloatRange|click\.(INT|FLOAT|DateTime)|type=int"
)


def test_whatever_people_and_programs_enter_is_read_here() -> None:
    files = (Path(__file__).parents[2] / "console").rglob("*.py")

    assert [str(file) for file in files if LENIENT.search(file.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    "read", [read_day, read_moment, read_whole, partial(read_decimal, low=0, high=9)]
)
@given(text=st.text(max_size=30))
def test_nothing_but_a_value_error_comes_of_any_text(
    read: Callable[[str], object], text: str
) -> None:
    try:
        read(text)
    except ValueError as error:
        assert repr(text) in str(error)  # noqa: PT017 -- most texts raise, some are read
