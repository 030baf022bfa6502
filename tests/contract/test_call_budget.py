"""The call budget (CLS-2): one script, on the server we run and on the one tests may use."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import fakeredis
import pytest
from redis import Redis

from adapters.redis.budget import Allowance, CallBudget

SHOP = 7
KEY = f"renkei:budget:{SHOP}"
FREE = Allowance(pace_ms=0, longest_wait_ms=0, hour=0, day=0, alone="", deadline_ms=20_000)
LENGTH_S = {"hour": 3_600, "day": 86_400}
PERIOD = {"hour": "h", "day": "d"}
REMEMBERED = (40, 900)


@pytest.fixture(params=["server", "in memory"])
def redis(request: pytest.FixtureRequest) -> Iterator[Redis]:
    if request.param == "server":
        with Redis.from_url(request.getfixturevalue("redis_url")) as real:
            yield real
    else:
        yield fakeredis.FakeRedis(server=fakeredis.FakeServer())


@pytest.fixture
def budget(redis: Redis) -> CallBudget:
    return CallBudget(redis, remembered=lambda _: REMEMBERED, now=lambda: datetime.now(UTC))


def counts(redis: Redis) -> tuple[int, int]:
    hour, day = cast("list[bytes]", redis.hmget(KEY, ["hn", "dn"]))
    return int(hour), int(day)


def test_cls_2_a_shop_redis_knows_nothing_of_goes_on_from_what_postgresql_knows(
    budget: CallBudget, redis: Redis
) -> None:
    assert budget.ask(SHOP, FREE).verdict == "go"
    assert counts(redis) == (41, 901)

    redis.flushdb()

    assert budget.ask(SHOP, FREE).verdict == "go"
    assert counts(redis) == (41, 901)


def up_to(limit: str, calls: int) -> Allowance:
    """Allow so many more calls of an hour or day than are remembered."""
    hour, day = REMEMBERED
    if limit == "hour":
        return replace(FREE, hour=hour + calls)
    return replace(FREE, day=day + calls)


@pytest.mark.parametrize("limit", ["hour", "day"])
def test_cls_2_a_used_up_hour_or_day_blocks_until_its_reset_and_counts_nothing(
    budget: CallBudget, redis: Redis, limit: str
) -> None:
    asked = up_to(limit, 2)
    granted = [budget.ask(SHOP, asked).verdict for _ in range(3)]
    refused = budget.ask(SHOP, asked)

    left_s = LENGTH_S[limit] - (time.time() + 9 * 3600) % LENGTH_S[limit]
    assert granted == ["go", "go", limit]
    assert refused.verdict == limit
    assert refused.ms / 1000 == pytest.approx(left_s, abs=5)
    assert counts(redis) == (42, 902)


@pytest.mark.parametrize("limit", ["hour", "day"])
def test_cls_2_the_next_hour_or_day_begins_at_nothing(
    budget: CallBudget, redis: Redis, limit: str
) -> None:
    asked = up_to(limit, 0)
    assert budget.ask(SHOP, asked).verdict == limit

    redis.hincrby(KEY, PERIOD[limit], -1)

    assert budget.ask(SHOP, asked).verdict == "go"
    assert 1 in counts(redis)


@pytest.mark.parametrize("limit", ["hour", "day"])
def test_cls_2_the_carts_own_answer_corrects_the_count_and_leaves_the_other_one(
    budget: CallBudget, redis: Redis, limit: str
) -> None:
    asked = replace(FREE, hour=5_000, day=100_000)
    budget.fill(SHOP, limit, {"hour": 5_000, "day": 100_000}[limit])

    assert budget.ask(SHOP, asked).verdict == limit
    assert counts(redis) == {"hour": (5_000, 900), "day": (40, 100_000)}[limit]


def test_cls_2_calls_of_a_shop_keep_its_pace_and_a_caller_that_cannot_wait_is_told_how_long(
    budget: CallBudget,
) -> None:
    asked = replace(FREE, pace_ms=5_000, longest_wait_ms=12_000)
    verdicts = [budget.ask(SHOP, asked) for _ in range(4)]

    assert [verdict.verdict for verdict in verdicts] == ["go", "go", "go", "pace"]
    for verdict, expected in zip(verdicts, (0, 5_000, 10_000, 15_000), strict=True):
        assert expected - 4_000 <= verdict.ms <= expected
    assert budget.ask(SHOP + 1, asked).ms == 0


def test_cls_2_a_shop_that_takes_one_call_at_a_time_waits_for_its_end(budget: CallBudget) -> None:
    first, other = replace(FREE, alone="item 1#1"), replace(FREE, alone="item 2#1")
    assert budget.ask(SHOP, first).verdict == "go"
    assert budget.ask(SHOP, other).verdict == "pace"
    assert budget.ask(SHOP, first).verdict == "go"

    budget.release(SHOP, "item 2#1")  # not its turn: nothing happens
    assert budget.ask(SHOP, other).verdict == "pace"
    budget.release(SHOP, "item 1#1")

    assert budget.ask(SHOP, other).verdict == "go"


def test_cls_2_the_turn_of_a_caller_that_never_comes_back_ends_with_its_deadline(
    budget: CallBudget,
) -> None:
    assert budget.ask(SHOP, replace(FREE, alone="gone", deadline_ms=1_000)).verdict == "go"
    assert budget.ask(SHOP, replace(FREE, alone="next")).verdict == "pace"
    time.sleep(1.1)

    assert budget.ask(SHOP, replace(FREE, alone="next")).verdict == "go"


def test_cls_2_robots_of_a_shop_that_ask_at_once_get_no_call_too_many(
    budget: CallBudget, redis: Redis
) -> None:
    asked = replace(FREE, hour=REMEMBERED[0] + 25)
    granted: list[str] = []

    def robot() -> None:
        granted.extend(budget.ask(SHOP, asked).verdict for _ in range(10))

    robots = [threading.Thread(target=robot) for _ in range(8)]
    for one in robots:
        one.start()
    for one in robots:
        one.join(30)

    assert (granted.count("go"), granted.count("hour")) == (25, 55)
    assert counts(redis)[0] == REMEMBERED[0] + 25


def test_clk_1_hours_begin_by_postgresqls_clock_not_by_that_of_redis(redis: Redis) -> None:
    """A Redis that is an hour off would let calls of two of the cart's hours into one."""
    moment = [datetime(2026, 10, 3, 14, 59, tzinfo=UTC)]
    budget = CallBudget(redis, remembered=lambda _: REMEMBERED, now=lambda: moment[0])
    assert budget.ask(SHOP, up_to("hour", 1)).verdict == "go"
    spent = budget.ask(SHOP, up_to("hour", 1))
    assert (spent.verdict, spent.ms) == ("hour", 60_000)

    moment[0] += timedelta(minutes=1)

    assert budget.ask(SHOP, up_to("hour", 1)).verdict == "go"


def test_clk_2_hours_are_the_carts_where_its_clock_is_known_to_differ(redis: Redis) -> None:
    moment = datetime(2026, 10, 3, 15, 5, tzinfo=UTC)
    budget = CallBudget(redis, remembered=lambda _: REMEMBERED, now=lambda: moment)
    behind = replace(up_to("hour", 1), cart_ahead_s=-900.0)
    budget.fill(SHOP, "hour", 5_000, cart_ahead_s=-900.0)

    spent = budget.ask(SHOP, behind)

    assert (spent.verdict, spent.ms) == ("hour", 600_000)


@pytest.mark.parametrize("name", ["at", "until"])
def test_clk_1_a_turn_set_before_redis_clock_stepped_back_stops_nobody(
    budget: CallBudget, redis: Redis, name: str
) -> None:
    asked = replace(FREE, alone="item 1#1", pace_ms=1000, longest_wait_ms=30_000)
    budget.ask(SHOP, asked)
    redis.hincrby(KEY, name, 86_400_000)
    next_caller = "item 2#1" if name == "until" else "item 1#1"

    assert budget.ask(SHOP, replace(asked, alone=next_caller)).verdict == "go"


GARBAGE: dict[str, dict[str, str]] = {
    "no number": {"h": "x", "hn": "1", "d": "1", "dn": "1"},
    "a count is missing": {"h": "1"},
    "a count is no number": {"h": "1", "hn": "many", "d": "1", "dn": "1"},
    "below nothing": {"h": "1", "hn": "-5", "d": "1", "dn": "1"},
    "not a number": {"h": "1", "hn": "nan", "d": "1", "dn": "1"},
    "its pace is no number": {"h": "1", "hn": "1", "d": "1", "dn": "1", "at": "later"},
    "its pace ends in years": {"h": "1", "hn": "1", "d": "1", "dn": "1", "at": "9e15"},
    "a turn without end": {"h": "1", "hn": "1", "d": "1", "dn": "1", "busy": "somebody"},
    "somebody else's hash": {"colour": "blue"},
}


@pytest.mark.parametrize("fields", GARBAGE.values(), ids=GARBAGE)
def test_sec_1_a_hash_that_is_not_ours_is_dropped_and_the_counts_come_from_postgresql(
    budget: CallBudget,
    redis: Redis,
    fields: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name, value in fields.items():
        redis.hset(KEY, name, value)

    assert budget.ask(SHOP, replace(FREE, alone="me")).verdict == "go"

    assert counts(redis) == (41, 901)
    assert caplog.text.count("was broken") == 1


def test_sec_1_another_kind_of_value_is_dropped_also_before_the_carts_own_limit_is_noted(
    budget: CallBudget, redis: Redis
) -> None:
    redis.set(KEY, "garbage")
    assert budget.ask(SHOP, FREE).verdict == "go"
    redis.delete(KEY)
    redis.rpush(KEY, "garbage")

    budget.fill(SHOP, "hour", 500)

    assert counts(redis) == (500, 900)
