"""PLC-1: a Redis that is silent costs seconds, in every process and for every use."""

import socket

import pytest
from kombu.exceptions import LimitExceeded
from redis.exceptions import RedisError

from adapters.redis.connections import SOCKETS, open_redis
from tests.component.relay import Relay
from workers.app import celery_settings, dispatcher_of, make_app


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer a test can wait for."""
    monkeypatch.setitem(SOCKETS, "socket_timeout", 0.5)


def test_plc_1_silence_is_noticed_within_15_s() -> None:
    probes = SOCKETS["socket_keepalive_options"]
    broker = celery_settings("redis://127.0.0.1/0")["broker_transport_options"]

    assert SOCKETS["socket_timeout"] < 15
    assert SOCKETS["socket_connect_timeout"] < 15
    assert broker.items() >= SOCKETS.items()
    # Kombu's bound for a BRPOP of one second that nobody answers.
    assert 1 + 2 * broker["health_check_interval"] < 15
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        assert probes[socket.TCP_USER_TIMEOUT] < 15_000


@pytest.mark.usefixtures("short")
def test_plc_1_a_command_to_a_silent_redis_is_given_up_and_the_next_one_works(
    redis_url: str,
) -> None:
    with Relay(redis_url) as relay, open_redis(relay.url) as redis:
        assert redis.ping()
        relay.silence(newcomers=False)
        with pytest.raises(RedisError):
            redis.ping()
        assert redis.ping()


def test_plc_1_notes_that_find_every_producer_waiting_are_left_to_the_sweep(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(redis_url)

    def in_vain(**_: object) -> None:
        raise LimitExceeded(10)

    monkeypatch.setattr(app.producer_pool, "acquire", in_vain)
    dispatcher_of(app).send_runs([1])

    assert "1 notes not sent" in caplog.text
    assert "LimitExceeded" in caplog.text


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("notes", [[1], [1, 2, 3]], ids=["one", "batch"])
def test_plc_1_notes_to_a_silent_broker_are_left_to_the_tick(
    redis_url: str, notes: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    with Relay(redis_url) as relay, open_redis(redis_url) as redis:
        dispatcher = dispatcher_of(make_app(relay.url))
        dispatcher.send_runs([9])
        relay.silence()
        dispatcher.send_runs(notes)
        relay.speak()
        relay.cut()
        dispatcher.send_runs([8])

        assert f"{len(notes)} notes not sent" in caplog.text
        assert redis.llen("renkei:plan") >= 2
