"""Tests can be chosen by room, and none is in no room."""

from fnmatch import fnmatch
from pathlib import Path

from tests.rooms import ROOMS, rooms_of

TESTS = Path(__file__).parents[1]
FILES = sorted(path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py"))


def test_every_test_file_has_a_room() -> None:
    assert [file for file in FILES if not rooms_of(file)] == []


def test_every_pattern_means_some_file() -> None:
    patterns = {pattern for patterns in ROOMS.values() for pattern in patterns}

    assert [one for one in sorted(patterns) if not any(fnmatch(file, one) for file in FILES)] == []
