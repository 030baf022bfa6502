"""An httpx transport whose calls end in time, whatever the other side does.

build_client() -> httpx.Client -> DeadlineTransport -> pool -> sockets that know the deadline

Timeouts of ordinary clients are per read: a server that sends one byte now and then keeps them
waiting for ever. Here every socket operation gets what is left of the whole call, so connecting,
sending, headers and body together end at the deadline. Only looking up a host name cannot be
interrupted; nothing is sent if that took too long.

The transport also keeps memory bounded (`MAX_BODY_BYTES`, compressed answers included), remembers
whether a single byte left this process, and drops the cookies and other headers nobody reads, so
that shops sharing the client share nothing else.
"""

import logging
import select
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterable

import httpcore
import httpx

MAX_BODY_BYTES = 16 * 1024 * 1024
DEFAULT_DEADLINE_S = 20.0
LONGEST_CONNECT_S = 10.0  # per address, so that one dead address leaves time for the next
KEEPALIVE_S = 15.0  # shorter than usual servers keep idle connections, so few die under a request
MAX_CONNECTIONS = 200
EXTENSION = "attempt"
_KEPT_HEADERS = frozenset({b"age", b"content-type", b"date", b"retry-after", b"www-authenticate"})
_CAUGHT = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)
_GZIP_WINDOW = zlib.MAX_WBITS | 32  # gzip or zlib, told by the data itself


class BodyTooLarge(httpx.TransportError):
    """The answer is longer than `MAX_BODY_BYTES`."""


class Attempt:
    """One call: when it must be over, and whether anything was sent.

    Attributes:
        ends_at: on the monotonic clock.
        sent: None until a DeadlineTransport took the call over; then whether sending began.
    """

    __slots__ = ("ends_at", "sent")

    def __init__(self, deadline_s: float) -> None:
        """Args: deadline_s: seconds from now for everything together."""
        self.ends_at = time.monotonic() + deadline_s
        self.sent: bool | None = None

    def left_s(self) -> float:
        """Return the seconds left, 0 or less when the time is over."""
        return self.ends_at - time.monotonic()


class _Running(threading.local):
    """The call this thread is making now."""

    attempt: Attempt | None = None


class _Stream(httpcore.NetworkStream):
    """A socket that gives each operation what is left of the running call."""

    def __init__(self, sock: socket.socket, running: _Running) -> None:
        self._sock = sock
        self._running = running

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return some bytes; an empty answer means the other side closed."""
        try:
            self._sock.settimeout(_allowed(self._running, timeout))
            return self._sock.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout("no complete answer in time") from error
        except OSError as error:
            raise httpcore.ReadError(type(error).__name__) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send everything."""
        view = memoryview(buffer)
        try:
            while view:
                self._sock.settimeout(_allowed(self._running, timeout))
                if self._running.attempt is not None:
                    self._running.attempt.sent = True
                view = view[self._sock.send(view) :]
        except TimeoutError as error:
            raise httpcore.WriteTimeout("not sent in time") from error
        except OSError as error:
            raise httpcore.WriteError(type(error).__name__) from error

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Return this connection with TLS on top."""
        try:
            self._sock.settimeout(_allowed(self._running, timeout))
            secured = ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)
        except TimeoutError as error:
            self.close()
            raise httpcore.ConnectTimeout("TLS not agreed in time") from error
        except OSError as error:
            self.close()
            raise httpcore.ConnectError(f"TLS: {type(error).__name__}") from error
        return _Stream(secured, self._running)

    def get_extra_info(self, info: str) -> object:
        """Tell what the pool asks: whether an idle connection became readable (that is, died)."""
        if info != "is_readable":
            return None
        if self._sock.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(0))


class _Network(httpcore.NetworkBackend):
    """Connects within the running call's time."""

    def __init__(self, running: _Running) -> None:
        self._running = running

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - part of httpcore's interface
        socket_options: Iterable[object] | None = None,  # noqa: ARG002 - as above
    ) -> httpcore.NetworkStream:
        """Try every address of the host in turn."""
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError("the host name is not known") from error
        problem: OSError = OSError("no address")
        for family, kind, protocol, _, address in addresses:
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(min(_allowed(self._running, timeout), LONGEST_CONNECT_S))
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                sock.close()
                problem = error
                continue
            return _Stream(sock, self._running)
        if isinstance(problem, TimeoutError):
            raise httpcore.ConnectTimeout("no connection in time") from problem
        raise httpcore.ConnectError(type(problem).__name__) from problem


def _allowed(running: _Running, timeout: float | None) -> float:
    """Return the seconds one socket operation may take; TimeoutError when none are left."""
    attempt = running.attempt
    left = DEFAULT_DEADLINE_S if attempt is None else attempt.left_s()
    if left <= 0:
        raise TimeoutError
    return left if timeout is None else min(left, timeout)


class DeadlineTransport(httpx.BaseTransport):
    """Sends one request and reads its whole answer before the attempt's end.

    The attempt comes in the request's extensions (`EXTENSION`); without one,
    `DEFAULT_DEADLINE_S` counts from the moment the request arrives here.
    """

    def __init__(self, verify: ssl.SSLContext | bool = True) -> None:
        """Args: verify: how to check the other side's certificate."""
        self._running = _Running()
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(verify=verify),
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEPALIVE_S,
            network_backend=_Network(self._running),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx.BaseTransport.handle_request; the body is already read."""
        given = request.extensions.get(EXTENSION)
        attempt = given if isinstance(given, Attempt) else Attempt(DEFAULT_DEADLINE_S)
        attempt.sent = False
        self._running.attempt = attempt
        try:
            return self._exchange(request, attempt)
        except _CAUGHT as error:
            # httpx has an error by the name of each of httpcore's.
            raise getattr(httpx, type(error).__name__)(str(error)) from error
        finally:
            self._running.attempt = None

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    def _exchange(self, request: httpx.Request, attempt: Attempt) -> httpx.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions={"timeout": {"pool": max(0.0, attempt.left_s())}},
            )
        )
        try:
            body = _bounded(answer.iter_stream(), MAX_BODY_BYTES)
        finally:
            answer.close()
        encoding = b"".join(v for k, v in answer.headers if k.lower() == b"content-encoding")
        kept = [(k, v) for k, v in answer.headers if k.lower() in _KEPT_HEADERS]
        content = _unpacked(body, encoding.strip().lower())
        return httpx.Response(answer.status, headers=kept, content=content, request=request)


def _bounded(parts: Iterable[bytes], limit: int) -> bytes:
    collected = bytearray()
    for part in parts:
        collected += part
        if len(collected) > limit:
            raise BodyTooLarge(f"the answer is longer than {limit} bytes")
    return bytes(collected)


def _unpacked(body: bytes, encoding: bytes) -> bytes:
    """Return the body in plain; we ask for plain, but a proxy in between may not care."""
    if encoding in {b"", b"identity"}:
        return body
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = unpacker.decompress(body, MAX_BODY_BYTES)
    except zlib.error as error:
        raise httpx.RemoteProtocolError("the answer is packed in an unknown way") from error
    if not unpacker.eof:
        raise BodyTooLarge(f"the answer unpacks to more than {MAX_BODY_BYTES} bytes or is cut off")
    return plain


def build_client(*, verify: ssl.SSLContext | bool = True) -> httpx.Client:
    """Return the client that all carts of this process share; call it once per process.

    It follows no redirects, keeps no cookies, uses no proxy of the environment, and is quiet:
    httpx writes an INFO line with the address of every request and httpcore DEBUG lines with all
    headers (credentials too), so both loggers are set to WARNING here.

    Args: verify: how to check certificates; False only against a server on this machine.
    """
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.Client(transport=DeadlineTransport(verify), trust_env=False, timeout=None)  # noqa: S113 - the transport has a stricter limit
