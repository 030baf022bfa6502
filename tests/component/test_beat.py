"""Beat sends by the monotonic clock: no time of day, and no file, stops it (CLK-1)."""

import json
import shelve
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from celery import __version__ as celery_version
from celery.beat import ScheduleEntry
from redis import Redis

from beat_schedule import BEAT_SCHEDULE
from console.supervisor.programs import beat_program
from domain.actions import Queue
from tests.component.command_line import CommandLine
from tests.component.false_clocks import DAY_S, false_clock
from tests.component.processes import running, until
from workers import names
from workers.app import make_app
from workers.beat import LONGEST_BACKLOG, SteadyScheduler

TICKS = f"renkei:{Queue.TICKS}"


@pytest.fixture
def ticks(redis_url: str) -> Iterator["Ticks"]:
    with Redis.from_url(redis_url) as redis:
        yield Ticks(redis)


class Ticks:
    """What beat has sent and nobody has taken."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def __len__(self) -> int:
        """Return how many."""
        length = self._redis.llen(TICKS)
        assert isinstance(length, int)
        return length

    def take(self) -> Counter[str]:
        """Take all of them; returns how many of each task."""
        taken = Counter[str]()
        while (entry := self._redis.rpop(TICKS)) is not None:
            assert isinstance(entry, bytes)
            headers = json.loads(entry)["headers"]
            assert (headers["eta"], headers["expires"]) == (None, None)
            taken[headers["task"]] += 1
        return taken

    def go_on(self) -> None:
        """Wait until beat has sent more."""
        self.take()
        seen = Counter[str]()

        def ticked_thrice() -> bool:
            seen.update(self.take())
            return seen[names.ADMIT] > 2 and seen[names.SWEEP] > 1

        until(ticked_thrice)


@pytest.fixture
def scheduler(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> "Stepped":
    return Stepped(SteadyScheduler(make_app(redis_url)), monkeypatch)


class Stepped:
    """A scheduler and the monotonic clock it goes by."""

    def __init__(self, scheduler: SteadyScheduler, patch: pytest.MonkeyPatch) -> None:
        self.scheduler, self.seconds = scheduler, 5000.0
        patch.setattr(scheduler, "clock", lambda: self.seconds)

    def wait(self, seconds: float) -> float:
        self.seconds += seconds
        return self.scheduler.tick()


def test_clk_1_every_tick_is_sent_at_once_and_then_once_a_period(
    scheduler: Stepped, ticks: Ticks
) -> None:
    scheduler.wait(0)
    assert ticks.take().total() == len(BEAT_SCHEDULE)

    sent = Counter[str]()
    for _ in range(60):
        assert scheduler.wait(1.0) == pytest.approx(1.0)
        sent += ticks.take()
    assert (sent[names.ADMIT], sent[names.SWEEP], sent[names.REFRESH_TOKENS]) == (60, 30, 1)


def test_clk_1_a_beat_that_stood_still_does_not_make_up_for_it(
    scheduler: Stepped, ticks: Ticks
) -> None:
    scheduler.wait(0)
    ticks.take()
    for pause in (3600.0, 0.01, 0.01):
        scheduler.wait(pause)

    assert ticks.take().total() == len(BEAT_SCHEDULE)


def test_clk_1_ticks_that_nobody_takes_stay_few_and_none_is_forgotten(
    scheduler: Stepped, ticks: Ticks
) -> None:
    """A worker away for an hour finds twenty seconds' worth of ticks, not twenty thousand."""
    for _ in range(3600):
        scheduler.wait(1.0)
    assert LONGEST_BACKLOG <= len(ticks) < LONGEST_BACKLOG + len(BEAT_SCHEDULE)

    ticks.take()
    scheduler.wait(1.0)
    assert ticks.take().total() == len(BEAT_SCHEDULE)


def test_sec_1_a_tick_that_cannot_be_sent_is_one_line_and_no_traceback(
    scheduler: Stepped,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Fails with Celery's own: a stack and three tracebacks for each tick, five times a second."""
    with Redis.from_url(redis_url) as redis:
        redis.delete("renkei:ticks")
        redis.set("renkei:ticks", "garbage")
        monkeypatch.setattr(scheduler.scheduler, "_backlog", lambda: 0)
        scheduler.wait(0)
        redis.delete("renkei:ticks")

    assert caplog.text.count("tick not sent") == len(BEAT_SCHEDULE)
    assert "Traceback" not in caplog.text


def test_clk_1_beat_ticks_on_while_its_clock_steps_a_day_forth_and_back(
    renkei: CommandLine, ticks: Ticks
) -> None:
    clock = false_clock(renkei.folder, "beat", 0)
    with running(beat_program(), renkei, clock.environ):
        for ahead_s in (0, DAY_S, 0, -DAY_S, -4):
            clock.set(ahead_s)
            ticks.go_on()


def test_clk_1_beat_trusts_no_schedule_file_from_the_future(
    renkei: CommandLine, ticks: Ticks
) -> None:
    """Such a file was given by the command line of before; it is not looked at any more."""
    file = renkei.folder / "beat-schedule"
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    entries = {
        name: ScheduleEntry(name=name, last_run_at=tomorrow, **entry)
        for name, entry in BEAT_SCHEDULE.items()
    }
    with shelve.open(str(file)) as store:  # noqa: S301 -- written by this test
        store.update(entries=entries, tz="UTC", utc_enabled=True, __version__=celery_version)
    command = (*beat_program().command, "-s", str(file))
    with running(replace(beat_program(), command=command), renkei):
        ticks.go_on()
