"""Counts statements and round trips to PostgreSQL by listening on the line.

A worker is pointed at a proxy that passes every byte on. PostgreSQL ends each answer to a round
trip with ReadyForQuery and each statement with CommandComplete, which names what it was; so the
count holds for any driver and any pool, and nothing in the worker is changed for it.
"""

import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import make_url

_READY_FOR_QUERY = b"Z"
_COMMAND_COMPLETE = b"C"
_CHUNK = 65_536
TRANSACTION_WORDS = frozenset({"BEGIN", "COMMIT", "ROLLBACK"})


class LineCounter:
    """What has passed so far.

    Attributes:
        round_trips: answers awaited by the client.
        statements: executed, by their first word.
    """

    def __init__(self) -> None:
        """Begin at nothing."""
        self._guard = threading.Lock()
        self.round_trips = 0
        self.statements: Counter[str] = Counter()

    def reset(self) -> None:
        """Forget what has passed."""
        with self._guard:
            self.round_trips = 0
            self.statements.clear()

    def read(self, kind: bytes, body: bytes) -> None:
        """Count one message of the server."""
        with self._guard:
            if kind == _READY_FOR_QUERY:
                self.round_trips += 1
            elif kind == _COMMAND_COMPLETE:
                self.statements[body.split(b" ", 1)[0].rstrip(b"\0").decode("ascii")] += 1

    def working(self) -> int:
        """Return the statements that are not BEGIN, COMMIT or ROLLBACK."""
        return sum(
            count for word, count in self.statements.items() if word not in TRANSACTION_WORDS
        )


@contextmanager
def counted(database_url: str) -> Iterator[tuple[str, LineCounter]]:
    """Yield an address of the same database whose traffic is counted."""
    url = make_url(database_url)
    counter = LineCounter()
    # Backlog for a whole pool that connects at once.
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    target = (url.host or "127.0.0.1", url.port or 5432)
    threading.Thread(target=_accept, args=(listener, target, counter), daemon=True).start()
    try:
        # In plain, so that the line can be read.
        plain = url.set(host="127.0.0.1", port=listener.getsockname()[1]).update_query_dict(
            {"sslmode": "disable", "gssencmode": "disable"}
        )
        yield plain.render_as_string(hide_password=False), counter
    finally:
        listener.close()


def _accept(listener: socket.socket, target: tuple[str, int], counter: LineCounter) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:  # closed: the count is over
            return
        server = socket.create_connection(target)
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_pass_on, args=(client, server), daemon=True).start()
        threading.Thread(target=_listen, args=(server, client, counter), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _listen(server: socket.socket, client: socket.socket, counter: LineCounter) -> None:
    waiting = b""
    with suppress(OSError), server, client:
        while data := server.recv(_CHUNK):
            # Counted first: who has its answer finds it counted.
            waiting = _count(waiting + data, counter)
            client.sendall(data)


def _count(data: bytes, counter: LineCounter) -> bytes:
    """Count the whole messages in the data and return what is left: type, length, body."""
    place = 0
    while place + 5 <= len(data):
        end = place + 1 + struct.unpack_from("!i", data, place + 1)[0]
        if end > len(data):
            break
        counter.read(data[place : place + 1], data[place + 5 : end])
        place = end
    return data[place:]
