"""One server under supervision: port, lock, process."""

import signal
import time
from pathlib import Path
from typing import Protocol

from adapters.embedded.errors import ServersUnavailable
from adapters.embedded.home import Home
from adapters.embedded.locks import FileLock
from adapters.embedded.ports import PORT_TAKEN, free_port
from adapters.embedded.process import (
    ServerProcess,
    Spawner,
    clear_leftovers,
    log_size,
    pause,
)

START_TIMEOUT_S = 60.0
STOP_PATIENCE_S = 10.0
PORT_TRIES = 5
OLD_PORT_TRIES = 10
OLD_PORT_PAUSE_S = 0.5


class Server(Protocol):
    """What is particular about one kind of server.

    Attributes:
        name: what poll() and restart() call it; also the name of its log.
        program: file name of its program.
        marker: a path on its command line that tells this home's server from another's.
        stop_signals: what asks it to leave, politest first.
    """

    name: str
    program: str
    marker: Path
    stop_signals: tuple[signal.Signals, ...]

    def prepare(self) -> None:
        """Make sure the data can be used; called while no process of the server lives."""

    def command(self, port: int) -> list[str]:
        """Write the settings for a port and return the command line."""

    def ready(self, pid: int, port: int) -> bool:
        """Tell whether this very process takes connections."""

    def url(self, port: int) -> str:
        """Return the address for clients."""


class SupervisedServer:
    """Starts one server, and starts it again where its clients look for it."""

    def __init__(self, server: Server, home: Home, spawner: Spawner) -> None:
        """Args: spawner: starts the processes of all servers of a supervisor."""
        self.server = server
        self._home = home
        self._spawner = spawner
        self._process: ServerProcess | None = None
        self._port: int | None = None

    @property
    def url(self) -> str:
        """The address for clients, once started."""
        return self.server.url(self._port or 0)

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process and self._process.alive() else None

    def start(self) -> None:
        """Start on a free port, trying others when somebody is quicker.

        Raises: ServersUnavailable: with the end of the server's log.
        """
        for _ in range(PORT_TRIES):
            self._port = free_port()
            if self._start_on(self._port):
                return
        raise ServersUnavailable(f"{self.server.name}: found no free port")

    def restart(self) -> None:
        """Start again on the same port, because clients keep the address they were given.

        Raises: ServersUnavailable: it was never started, or its port was taken meanwhile.
        """
        if self._port is None:
            raise ServersUnavailable(f"{self.server.name} was not started")
        self.stop()
        for _ in range(OLD_PORT_TRIES):
            if self._start_on(self._port):
                return
            time.sleep(OLD_PORT_PAUSE_S)
        raise ServersUnavailable(
            f"{self.server.name}: port {self._port} was taken by another program"
        )

    def stop(self) -> None:
        """Stop cleanly; harmless when it does not run."""
        if self._process is not None:
            self._process.stop(signals=self.server.stop_signals, patience_s=STOP_PATIENCE_S)
            self._process = None

    def _start_on(self, port: int) -> bool:
        """Start and wait until it takes connections; False when the port was taken."""
        lock = FileLock(self._home.lock_of(self.server.name))
        clear_leftovers(lock, self.server.program, self.server.marker)
        try:
            self.server.prepare()
            log = self._home.log_of(self.server.name)
            log_start = log_size(log)
            child = self._spawner.spawn(self.server.command(port), log=log, lock=lock)
        finally:
            # From here on the server's own copy holds it.
            lock.release()
        self._process = ServerProcess(self.server.name, child, log, log_start)
        return self._wait_until_ready(self._process, port)

    def _wait_until_ready(self, process: ServerProcess, port: int) -> bool:
        """Wait for a server that was just started; False when its port was taken."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while process.alive():
            if self.server.ready(process.pid, port):
                return True
            if time.monotonic() > deadline:
                self.stop()
                raise ServersUnavailable(f"{process.name} did not get ready: {process.output()}")
            pause()
        if PORT_TAKEN in process.output():
            return False
        raise ServersUnavailable(f"{process.name} did not start: {process.output()}")
