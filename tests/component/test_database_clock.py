"""The clock that decides is PostgreSQL's, whatever this machine's shows (CLK-1)."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from sqlalchemy import Connection, Engine

from adapters.postgres import clock
from adapters.postgres.clock import DatabaseClock
from adapters.postgres.database import DatabaseUnavailable, open_engine

NEAR = timedelta(minutes=1)
DAY_S = 86_400


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = open_engine(database_url, connections=1)
    yield made
    made.dispose()


class Wrong(datetime):
    """The time of day of a machine a day ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Wrong":
        """Return tomorrow."""
        return cls.fromtimestamp(datetime.now(UTC).timestamp() + DAY_S, tz)


def test_clk_1_a_machine_a_day_ahead_takes_postgresqls_time_and_knows_how_far_it_is_off(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = datetime.now(UTC)
    monkeypatch.setattr(clock, "datetime", Wrong)
    ours = DatabaseClock(engine)

    assert abs(ours.now() - true) < NEAR
    assert abs(timedelta(seconds=ours.machine_ahead_s()) - timedelta(days=1)) < NEAR


def test_clk_1_many_questions_are_one_statement(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, one = Counter[str](), clock._CLOCK.one

    def counted(connection: Connection) -> datetime:
        asked["times"] += 1
        return one(connection)

    monkeypatch.setattr(clock._CLOCK, "one", counted)
    ours = DatabaseClock(engine)

    times = [ours.now() for _ in range(1000)]

    assert times == sorted(times)
    assert asked.total() == 1


def test_clk_1_the_clock_is_asked_again_now_and_then_and_followed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = DatabaseClock(engine)
    ours.now()
    monkeypatch.setattr(clock._CLOCK, "one", lambda _: datetime.now(UTC) + timedelta(hours=3))
    assert abs(ours.now() - datetime.now(UTC)) < NEAR

    monkeypatch.setattr(clock, "ASK_EVERY_S", 0.0)
    assert abs(ours.now() - datetime.now(UTC) - timedelta(hours=3)) < NEAR


def test_clk_1_a_database_that_is_away_is_bridged_by_the_monotonic_clock(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = DatabaseClock(engine)
    before = ours.now()

    def away(_: object) -> datetime:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(clock, "ASK_EVERY_S", 0.0)
    monkeypatch.setattr(clock._CLOCK, "one", away)
    time.sleep(0.01)

    assert ours.now() > before


def test_clk_1_who_never_reached_the_database_knows_no_time() -> None:
    nowhere = open_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing", connections=1)

    with pytest.raises(DatabaseUnavailable):
        DatabaseClock(nowhere).now()
