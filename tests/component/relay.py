"""A way to a server that a test can cut or silence, as networks and firewalls do."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

_CHUNK = 65_536


class Relay:
    """Passes bytes between clients and one server until it is closed."""

    def __init__(self, url: str) -> None:
        """Args: url: of the server; clients take `Relay.url` in its place."""
        parts = urlsplit(url)
        self._target = (parts.hostname or "", parts.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._flows: list[threading.Event] = []
        self._lets_speak = True
        port = self._listener.getsockname()[1]
        place = parts.netloc.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{port}")
        self.url = urlunsplit(parts._replace(netloc=place))

    def __enter__(self) -> Self:
        """Let clients in."""
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Cut everything."""
        self.close()

    def close(self) -> None:
        """Cut everything; harmless when it is cut."""
        self._open.append(self._listener)
        self.cut()
        self.speak()

    def cut(self) -> None:
        """Cut what is connected; others may connect."""
        while self._open:
            one = self._open.pop()
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def silence(self, *, newcomers: bool = True) -> None:
        """Pass nothing on any more, both ways, and cut nothing.

        Args: newcomers: who connects from now on is let in and hears nothing either.
        """
        self._lets_speak = not newcomers
        for flow in self._flows:
            flow.clear()

    def speak(self) -> None:
        """Pass on again, also what was said meanwhile."""
        self._lets_speak = True
        for flow in self._flows:
            flow.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                self._open += [client, server]
                flow = threading.Event()
                self._flows.append(flow)
                if self._lets_speak:
                    flow.set()
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(
                        target=_pass_on, args=(source, sink, flow), daemon=True
                    ).start()


def _pass_on(source: socket.socket, sink: socket.socket, flow: threading.Event) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            flow.wait()
            sink.sendall(data)
        # One side has left, so the other is told, as a network would.
        if flow.is_set():
            sink.shutdown(socket.SHUT_WR)
