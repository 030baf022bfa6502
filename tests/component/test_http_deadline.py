"""The shared HTTP client ends every call in time and tells sent from never sent."""

import gzip
import logging
import socket
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from adapters.http.calls import Answer, Call, send
from adapters.http.deadline import MAX_BODY_BYTES, build_client
from domain.errors import OutcomeUnknown, RemoteDown, Undecodable
from tests.component.rude_server import RudeServer, reset, rude_server

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
HELD_S = 240.0
SLACK_S = 20.0  # a busy machine, and still far below what the rude servers hold

Behave = Callable[[RudeServer, socket.socket], None]


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with build_client(verify=False) as client:
        yield client


def call(url: str, *, writes: bool = False, deadline_s: float = 5.0) -> Call:
    return Call(
        remote="cart",
        method="POST" if writes else "GET",
        path="/x",
        url=f"{url}/x",
        headers={"authorization": "Bearer sesame"},
        content=b"secret=1" if writes else b"",
        writes=writes,
        deadline_s=deadline_s,
    )


def polite(server: RudeServer, connection: socket.socket) -> None:
    while server.read_request(connection):
        connection.sendall(OK)


def drip_header(server: RudeServer, connection: socket.socket) -> None:
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-Wait: 1\r\n")
        time.sleep(0.05)


def drip_body(server: RudeServer, connection: socket.socket) -> None:
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.05)


def drip_chunks(server: RudeServer, connection: socket.socket) -> None:
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"1\r\n \r\n")
        time.sleep(0.05)


def never_read(server: RudeServer, connection: socket.socket) -> None:
    server.closed.wait(HELD_S)
    connection.close()


def say_nothing(server: RudeServer, connection: socket.socket) -> None:
    server.read_request(connection)
    server.closed.wait(HELD_S)


def hang_up(server: RudeServer, connection: socket.socket) -> None:
    server.read_request(connection)


def reset_after_reading(server: RudeServer, connection: socket.socket) -> None:
    server.read_request(connection)
    reset(connection)


def cut_off(server: RudeServer, connection: socket.socket) -> None:
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


def talk_nonsense(server: RudeServer, connection: socket.socket) -> None:
    server.read_request(connection)
    connection.sendall(b"220 mail.example.jp ESMTP ready\r\n")


SLOW = [drip_header, drip_body, drip_chunks, say_nothing]
LOST = [hang_up, reset_after_reading, cut_off, talk_nonsense]


@pytest.mark.parametrize("behave", SLOW)
@pytest.mark.parametrize(("writes", "error"), [(False, RemoteDown), (True, OutcomeUnknown)])
def test_a_call_ends_at_its_deadline_however_the_answer_drips(
    http: httpx.Client, behave: Behave, writes: bool, error: type[Exception]
) -> None:
    with rude_server(behave) as server:
        started = time.monotonic()
        with pytest.raises(error) as caught:
            send(http, call(server.url, writes=writes, deadline_s=0.4))

    assert type(caught.value) is error
    assert time.monotonic() - started < 0.4 + SLACK_S


@pytest.mark.parametrize("behave", LOST)
@pytest.mark.parametrize(("writes", "error"), [(False, RemoteDown), (True, OutcomeUnknown)])
def test_an_answer_lost_after_sending_leaves_only_writes_in_doubt(
    http: httpx.Client, behave: Behave, writes: bool, error: type[Exception]
) -> None:
    with rude_server(behave) as server, pytest.raises(error) as caught:
        send(http, call(server.url, writes=writes))

    assert type(caught.value) is error


def test_a_server_that_does_not_read_a_large_request_cannot_hold_the_call(
    http: httpx.Client,
) -> None:
    with rude_server(never_read) as server:
        large = Call(
            remote="cart",
            method="POST",
            path="/x",
            url=server.url,
            headers={},
            content=b"x" * 30_000_000,
            writes=True,
            deadline_s=0.4,
        )
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            send(http, large)

    assert time.monotonic() - started < 0.4 + SLACK_S


def test_a_write_that_never_left_is_not_in_doubt(http: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    with pytest.raises(RemoteDown, match="nothing was sent"):
        send(http, call(url, writes=True))


def test_an_unknown_host_means_nothing_was_sent(http: httpx.Client) -> None:
    with pytest.raises(RemoteDown, match="nothing was sent"):
        send(http, call("http://no-such-host.invalid", writes=True))


def test_a_tls_handshake_that_hangs_means_nothing_was_sent(http: httpx.Client) -> None:
    with rude_server(never_read) as server:
        started = time.monotonic()
        with pytest.raises(RemoteDown, match="nothing was sent"):
            send(http, call(server.url.replace("http:", "https:"), writes=True, deadline_s=0.4))

    assert time.monotonic() - started < 0.4 + SLACK_S


def test_a_full_queue_of_connections_ends_in_time(http: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(address)
        started = time.monotonic()
        with pytest.raises((RemoteDown, OutcomeUnknown)):
            send(http, call(f"http://127.0.0.1:{address[1]}", writes=True, deadline_s=0.4))
        for sock in waiting:
            sock.close()

    assert time.monotonic() - started < 0.4 + SLACK_S


def test_a_call_whose_time_is_over_sends_nothing(http: httpx.Client) -> None:
    with rude_server(polite) as server:
        with pytest.raises(RemoteDown, match="nothing was sent"):
            send(http, call(server.url, writes=True, deadline_s=0.0))

        assert server.requests == []


def answer_with(http: httpx.Client, raw: bytes, *, writes: bool = False) -> Answer:
    def behave(server: RudeServer, connection: socket.socket) -> None:
        while server.read_request(connection):
            connection.sendall(raw)

    with rude_server(behave) as server:
        return send(http, call(server.url, writes=writes))


def packed(body: bytes) -> bytes:
    content = gzip.compress(body)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


def test_a_huge_body_is_refused(http: httpx.Client) -> None:
    size = MAX_BODY_BYTES + 1
    raw = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode() + b" " * size

    with pytest.raises(Undecodable, match="too large"):
        answer_with(http, raw)
    with pytest.raises(OutcomeUnknown, match="too large"):
        answer_with(http, raw, writes=True)


def test_a_body_that_unpacks_to_something_huge_is_refused(http: httpx.Client) -> None:
    with pytest.raises(Undecodable, match="too large"):
        answer_with(http, packed(b" " * (MAX_BODY_BYTES + 1)))


def test_a_packed_answer_is_read_although_plain_was_asked_for(http: httpx.Client) -> None:
    assert answer_with(http, packed(b'{"a":1}')).body == b'{"a":1}'


def test_a_largest_allowed_body_is_read(http: httpx.Client) -> None:
    body = b" " * MAX_BODY_BYTES
    raw = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    assert len(answer_with(http, raw).body) == MAX_BODY_BYTES


def test_redirects_are_not_followed(http: httpx.Client) -> None:
    raw = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"

    assert answer_with(http, raw).status == 302


def test_the_seconds_a_busy_server_asks_for_are_read(http: httpx.Client) -> None:
    raw = b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"

    assert answer_with(http, raw).retry_after_s == 7


def test_calls_reuse_a_connection_and_share_no_cookies(http: httpx.Client) -> None:
    def behave(server: RudeServer, connection: socket.socket) -> None:
        while server.read_request(connection):
            connection.sendall(OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: shop=a; Path=/\r\n\r\n"))

    with rude_server(behave) as server:
        for _ in range(3):
            send(http, call(server.url))

        assert server.connections == 1
        assert not any(b"cookie" in request.lower() for request in server.requests)


def test_nothing_of_a_call_is_logged(http: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with rude_server(polite) as server:
        send(http, call(server.url, writes=True))

    assert [record for record in caplog.records if record.name.startswith("http")] == []


def test_errors_hold_neither_credentials_nor_bodies(http: httpx.Client) -> None:
    with rude_server(hang_up) as server, pytest.raises(OutcomeUnknown) as caught:
        send(http, call(server.url, writes=True))

    shown = f"{caught.value} {caught.value!r} {caught.value.__cause__!r} {call('http://h')!r}"
    assert "sesame" not in shown
    assert "secret" not in shown
