"""In place of a PgBouncer that cannot be had: what it does with start-up packets, and no more."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import make_url

_ENCRYPT = (80877103, 80877104)  # asks for TLS or GSSAPI before anything else
_REFUSED = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0"
_CHUNK = 65_536


@contextmanager
def doorkeeper(database_url: str, *, ignores_options: bool) -> Iterator[str]:
    """Let clients in without the `options` they send, or refuse those; gives the address."""
    url = make_url(database_url)
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = (str(url.host), int(url.port or 0))
                threading.Thread(
                    target=_serve, args=(client, server, ignores_options), daemon=True
                ).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        through = url.set(host="127.0.0.1", port=listener.getsockname()[1])
        yield through.render_as_string(hide_password=False)
    finally:
        listener.close()


def _serve(client: socket.socket, to: tuple[str, int], ignores_options: bool) -> None:
    with suppress(OSError), client, socket.create_connection(to) as server:
        code, told = _packet(client)
        while code in _ENCRYPT:
            client.sendall(b"N")
            code, told = _packet(client)
        if told.pop(b"options", None) is not None and not ignores_options:
            client.sendall(b"E" + struct.pack("!i", len(_REFUSED) + 4) + _REFUSED)
            return
        body = b"".join(name + b"\0" + value + b"\0" for name, value in told.items()) + b"\0"
        server.sendall(struct.pack("!ii", len(body) + 8, code) + body)
        answers = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
        answers.start()
        _pass_on(client, server)


def _packet(client: socket.socket) -> tuple[int, dict[bytes, bytes]]:
    """Read a start-up packet; returns its code and the parameters."""
    length, code = struct.unpack("!ii", client.recv(8, socket.MSG_WAITALL))
    body = client.recv(length - 8, socket.MSG_WAITALL) if length > 8 else b""
    words = body.rstrip(b"\0").split(b"\0")
    return code, dict(zip(words[::2], words[1::2], strict=False))


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
