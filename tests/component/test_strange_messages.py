"""A worker goes on whatever lies in its queues (SEC-1): nothing strange is done, kept or told."""

import base64
import logging
from unittest.mock import Mock

import pytest
from kombu import Message
from redis import Redis

from console.supervisor.programs import beat_program
from domain.actions import Action, Queue
from tests.component.engine_bench import Bench
from tests.component.processes import running, until, worker_program
from tests.component.strange_messages import Told, note, strange
from workers import names
from workers.messages import Dropped, refusal

STRANGE = strange(names.PLAN_RUN)
SECRET = "nobodys-business"


def _message(told: Told) -> Message:
    return Message(
        base64.b64decode(told["body"]).decode(),
        channel=Mock(),
        content_type=told["content-type"],
        content_encoding=told["content-encoding"],
        headers=told["headers"],
    )


def test_sec_1_what_a_process_of_ours_sends_is_taken() -> None:
    for ours in (
        note(names.PLAN_RUN, 7),
        note(names.address_of(Action.SYNC_STOCK)[0], 2**63 - 1),
        note(names.SWEEP),
        note(names.START_DUE_RUNS, "import_orders"),
    ):
        assert refusal(_message(ours)) is None


def test_sec_1_a_tick_for_an_action_nobody_has_is_not_taken() -> None:
    assert refusal(_message(note(names.START_DUE_RUNS, "their_action"))) == "other arguments"


def test_sec_1_dropped_messages_are_told_once_a_minute_with_their_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seconds = [0.0]
    dropped = Dropped(lambda: seconds[0])

    with caplog.at_level(logging.ERROR):
        for _ in range(1000):
            dropped.note("not JSON")
        seconds[0] = 61.0
        dropped.note("not JSON")

    counts = [record.__dict__["fields"]["count"] for record in caplog.records]
    assert counts == [1, 1000]


def test_sec_1_a_worker_goes_on_whatever_lies_in_its_queues(bench: Bench) -> None:
    """Fails on a worker that Celery's own consumer feeds: it ends, or waits until 2099."""
    shop = bench.shop("thebase", "card")
    asked = bench.renkei.read("run", "import_orders", "--shop", shop.key)
    with Redis.from_url(bench.renkei.environment["RENKEI_REDIS_URL"]) as redis:
        for queue in Queue:
            for entry in [*STRANGE.values(), *[STRANGE["a time to begin"]] * 50]:
                redis.lpush(f"renkei:{queue}", entry.replace(b"their.task", SECRET.encode()))
        with running(worker_program(bench.renkei), bench.renkei) as worker:
            bench.process.dispatcher.send_runs([asked["id"]])
            until(lambda: shop.shown(asked["id"])["state"] == "succeeded" or not worker.lives)

            assert worker.lives, worker.log[-2000:]
            until(lambda: not any(redis.llen(f"renkei:{queue}") for queue in Queue))
    assert "were dropped" in worker.log
    assert "Traceback" not in worker.log
    assert SECRET not in worker.log
    assert bench.column("select count(*) from dead_letters") == [0]


def test_sec_1_keys_of_another_kind_are_dropped_at_the_start_and_said(bench: Bench) -> None:
    """Fails where they are left: every worker and beat ends, and each one started after it."""
    shop = bench.shop("thebase", "card")
    asked = bench.renkei.read("run", "import_orders", "--shop", shop.key)
    kept = ("unacked", "_kombu.binding.plan", "_kombu.binding_deadlines", "_kombu.binding.celeryev")
    with Redis.from_url(bench.renkei.environment["RENKEI_REDIS_URL"]) as redis:
        for name in (*Queue, *kept):
            redis.delete(f"renkei:{name}")
            redis.set(f"renkei:{name}", SECRET)
        with (
            running(beat_program(), bench.renkei) as beat,
            running(worker_program(bench.renkei), bench.renkei) as worker,
        ):
            redis.sadd("renkei:_kombu.binding.plan", "no binding")
            until(lambda: shop.shown(asked["id"])["state"] == "succeeded" or not worker.lives)

            assert worker.lives, worker.log[-2000:]
            assert beat.lives, beat.log[-2000:]
    assert beat.log.count("was not ours") == len(Queue) + len(kept)
    assert SECRET not in beat.log
