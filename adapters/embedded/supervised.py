"""One server under supervision: port, lock, process."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from adapters.embedded.errors import ServersUnavailable
from adapters.embedded.home import Home
from adapters.embedded.locks import FileLock
from adapters.embedded.ports import PORT_TAKEN, free_port
from adapters.embedded.postgres import Postgres
from adapters.embedded.process import Spawner, clear_leftovers
from adapters.embedded.valkey import Valkey

START_TIMEOUT_S = 60.0
STOP_PATIENCE_S = 10.0
PORT_TRIES = 5
OLD_PORT_TRIES = 10
OLD_PORT_PAUSE_S = 0.5
POLL_S = 0.01
LOG_LIMIT_BYTES = 16 * 1024 * 1024
TAIL_BYTES = 2_000


class SupervisedServer:
    """Starts one server, and starts it again where its clients look for it."""

    def __init__(self, server: Postgres | Valkey, home: Home, spawner: Spawner) -> None:
        """Args: spawner: starts the processes of all servers of a supervisor."""
        self.server = server
        self._lock_file = home.lock_of(server.name)
        self._log = home.log_of(server.name)
        self._log_start = 0
        self._spawner = spawner
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The address for clients, once started."""
        return self.server.url(self._port)

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs: the launcher has become the server."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

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

        Raises: ServersUnavailable: its port was taken meanwhile.
        """
        self.stop()
        for _ in range(OLD_PORT_TRIES):
            if self._start_on(self._port):
                return
            time.sleep(OLD_PORT_PAUSE_S)
        raise ServersUnavailable(
            f"{self.server.name}: port {self._port} was taken by another program"
        )

    def stop(self) -> None:
        """Ask with one signal after the other, then kill; harmless when it does not run."""
        if self._process is None:
            return
        for number in (*self.server.stop_signals, signal.SIGKILL):
            self._process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=STOP_PATIENCE_S)
                break
        self._process.wait()
        self._process = None

    def _start_on(self, port: int) -> bool:
        """Start and wait until it takes connections; False when the port was taken."""
        lock = FileLock(self._lock_file)
        clear_leftovers(lock, self.server.program, self.server.marker)
        try:
            self.server.prepare()
            self._log_start = _bounded(self._log)
            command, held = self.server.command(port), (lock.descriptor,)
            self._process = self._spawner.spawn(command, log=self._log, pass_fds=held)
        finally:
            # From here on the server's own copy holds it.
            lock.release()
        return self._wait_until_ready(port)

    def _wait_until_ready(self, port: int) -> bool:
        """Wait for a server that was just started; False when its port was taken."""
        name, deadline = self.server.name, time.monotonic() + START_TIMEOUT_S
        while (pid := self.pid) is not None:
            if self.server.ready(pid, port):
                return True
            if time.monotonic() > deadline:
                self.stop()
                raise ServersUnavailable(f"{name} did not get ready: {self._output()}")
            time.sleep(POLL_S)
        if PORT_TAKEN in self._output():
            return False
        raise ServersUnavailable(f"{name} did not start: {self._output()}")

    def _output(self) -> str:
        """Return the end of what the last start wrote to the log."""
        with self._log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, end - TAIL_BYTES))
            return log.read().decode("utf-8", "replace").strip()


def _bounded(log: Path) -> int:
    """Return where a log goes on; one older generation is kept once it is large."""
    size = log.stat().st_size if log.exists() else 0
    if size <= LOG_LIMIT_BYTES:
        return size
    log.replace(log.with_name(f"{log.name}.1"))
    return 0
