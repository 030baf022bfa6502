"""PLC-1: a server that is away is a line of the log, not a storm of tracebacks."""

import logging
from collections.abc import Callable

import pytest
from redis.exceptions import ConnectionError as RedisGone

from adapters.postgres.database import DatabaseUnavailable
from workers.logs import OncePerOutage


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> logging.Logger:
    caplog.set_level("INFO")
    return logging.getLogger("outage")


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[float], list[str]]:
    """Let what was logged so far through the filter, at that second; returns the lines."""
    seconds = [0.0]
    once = OncePerOutage(clock=lambda: seconds[0])

    def read(at: float) -> list[str]:
        seconds[0] = at
        passed = [caplog.handler.format(one) for one in caplog.records if once.filter(one)]
        caplog.clear()
        return passed

    return read


def test_plc_1_hundreds_of_failed_statements_are_one_line_a_minute(
    log: logging.Logger, lines: Callable[[float], list[str]]
) -> None:
    for _ in range(100):
        log.warning("left to the next tick: %s", DatabaseUnavailable("PostgreSQL: AdminShutdown"))

    (line,) = lines(0)
    assert line.endswith("left to the next tick: PostgreSQL: AdminShutdown (DatabaseUnavailable)")
    log.warning("left to the next tick: %s", DatabaseUnavailable("PostgreSQL: AdminShutdown"))
    (line,) = lines(61)
    assert line.endswith("; 99 more like it")


def test_plc_1_a_lost_broker_leaves_no_traceback(
    log: logging.Logger, lines: Callable[[float], list[str]]
) -> None:
    log.warning("connection to broker lost\nTrying again", exc_info=RedisGone("gone"))

    (line,) = lines(0)
    assert line.endswith("connection to broker lost (ConnectionError)")


def test_a_bug_keeps_its_traceback_and_each_of_its_lines(
    log: logging.Logger, lines: Callable[[float], list[str]]
) -> None:
    for _ in range(2):
        log.warning("a bug", exc_info=KeyError("x"))

    assert [line.endswith("KeyError: 'x'") for line in lines(0)] == [True, True]
    for _ in range(2):
        log.warning("plain %s", "text")
    assert len(lines(0)) == 2
