"""What somebody else wrote into Redis is dropped and said once; it blocks no shop (SEC-1)."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from adapters.redis.high_water import HighWater, Mark
from tests.component.engine_bench import Bench, BenchShop

AHEAD = (datetime.now(UTC) + timedelta(hours=1)).isoformat()


def _redis(bench: Bench) -> Redis:
    return Redis.from_url(bench.renkei.environment["RENKEI_REDIS_URL"])


def _shop_id(bench: Bench, shop: BenchShop) -> int:
    (found,) = bench.column("select id from shops where key = :key", key=shop.key)
    return int(found)


def _token_ends_soon(bench: Bench, shop: BenchShop) -> None:
    bench.sql("update shops set access_expires_at = now() + interval '3 min'")
    bench.process.token_tools.cache.forget(_shop_id(bench, shop))
    bench.process.directory.forget(_shop_id(bench, shop))


def _sealed(bench: Bench, plain: object) -> bytes:
    """Seal what only a program with our key could write."""
    return bench.process.token_tools.box._fernet.encrypt(json.dumps(plain).encode())


@pytest.mark.parametrize(
    "plain",
    [
        None,
        [],
        {},
        {"access_token": "a", "refresh_token": "b"},
        {"access_token": 1, "refresh_token": "b", "access_expires_at": AHEAD},
        {"access_token": "a", "refresh_token": "b", "access_expires_at": "soon"},
        {"access_token": "a", "refresh_token": "b", "access_expires_at": "2026-01-01T00:00:00"},
        {"access_token": "a", "refresh_token": "b", "access_expires_at": AHEAD},
        {"access_token": "a", "refresh_token": "b", "access_expires_at": AHEAD, "replaces": 7},
    ],
)
def test_sec_1_a_sealed_copy_of_the_wrong_shape_is_dropped_and_the_token_refreshed(
    bench: Bench, caplog: pytest.LogCaptureFixture, plain: object
) -> None:
    shop = bench.shop("thebase", "card")
    _token_ends_soon(bench, shop)
    with _redis(bench) as redis:
        redis.set(f"renkei:tokens:{_shop_id(bench, shop)}", _sealed(bench, plain))

        run = shop.run("import_orders")

        assert (run["state"], run["succeeded"]) == ("succeeded", 1)
        assert redis.exists(f"renkei:tokens:{_shop_id(bench, shop)}") == 0
    assert len(shop.effects("token_refreshed")) == 1
    assert caplog.text.count("copy of tokens in Redis was broken") == 1


@pytest.mark.parametrize("garbage", [b"", b"garbage", b"\xff\x00", b"gAAAAABm"])
def test_sec_1_bytes_that_no_key_opens_are_dropped_and_the_token_refreshed(
    bench: Bench, caplog: pytest.LogCaptureFixture, garbage: bytes
) -> None:
    shop = bench.shop("thebase", "card")
    _token_ends_soon(bench, shop)
    with _redis(bench) as redis:
        redis.set(f"renkei:tokens:{_shop_id(bench, shop)}", garbage)

    assert shop.run("import_orders")["state"] == "succeeded"
    assert bench.column("select count(*) from dead_letters") == [0]
    assert "no configured key" not in caplog.text


def test_sec_1_another_kind_of_value_where_a_copy_belongs_is_nothing(bench: Bench) -> None:
    shop = bench.shop("thebase", "card")
    _token_ends_soon(bench, shop)
    with _redis(bench) as redis:
        redis.rpush(f"renkei:tokens:{_shop_id(bench, shop)}", "one")

    assert shop.run("import_orders")["state"] == "succeeded"


def test_sec_1_a_budget_that_is_not_ours_is_dropped_and_the_shop_is_called(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    shop = bench.shop("thebase", "card")
    with _redis(bench) as redis:
        redis.set(f"renkei:budget:{_shop_id(bench, shop)}", "garbage")

    assert shop.run("import_orders")["state"] == "succeeded"
    assert caplog.text.count("call budget in Redis was broken") == 1


def test_sec_1_a_mark_that_is_not_ours_is_dropped_and_the_notes_are_sent_again(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    assert bench.process.broker_start()
    assert bench.process.broker_start() is None
    with _redis(bench) as redis, caplog.at_level(logging.WARNING):
        redis.delete("renkei:notes-sent-to")
        redis.rpush("renkei:notes-sent-to", "one")

        assert bench.process.broker_start()

    assert bench.process.broker_start() is None
    assert caplog.text.count("the mark in Redis was broken") == 1


@pytest.mark.parametrize("kind", ["list", "text"])
def test_plc_2_a_highest_run_that_is_not_ours_is_dropped_and_remembered_anew(
    redis_url: str, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """Fails where it stays: a database that lost time is never noticed again, in silence."""
    key = "renkei:highest-run:one"
    with Redis.from_url(redis_url) as redis:
        redis.delete(key)
        redis.rpush(key, "one") if kind == "list" else redis.set(key, "one")
        seen = HighWater(redis)

        assert seen.read("one") is None
        seen.raise_to("one", Mark(7, 8))

        assert seen.read("one") == Mark(7, 8)
        seen.raise_to("one", Mark(6, 9))
        assert seen.read("one") == Mark(7, 8)
    assert caplog.text.count("the highest run in Redis was broken") == 1
