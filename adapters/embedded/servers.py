"""The private servers of one home, owned by one process at a time."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from adapters.embedded.addresses import ServerAddresses, publish
from adapters.embedded.errors import ServersUnavailable
from adapters.embedded.home import LONGEST_HOME_BYTES, Home
from adapters.embedded.locks import FileLock
from adapters.embedded.postgres import Postgres
from adapters.embedded.process import Spawner
from adapters.embedded.run_as import RunAs
from adapters.embedded.supervised import SupervisedServer
from adapters.embedded.valkey import Valkey

# find_running() in another process holds the lock for an instant when it looks.
LOCK_PATIENCE_S = 0.5


class PrivateServers:
    """Starts, watches and stops a PostgreSQL and a Redis for one RENKEI_HOME.

    The servers end with the process that started them, also when it is killed. They do not get the
    terminal's Ctrl-C: whoever owns this object stops its clients first and then calls stop().
    """

    def __init__(self, home: Path, *, run_as: RunAs | None = None, durable: bool = True) -> None:
        """Describe the servers of a home; nothing is started or written yet.

        Args:
            home: RENKEI_HOME; made when missing.
            run_as: how PostgreSQL becomes a user it accepts; found out when None.
            durable: False for tests, whose data may be lost in a power cut.
        """
        self._home = Home(home.absolute())
        self._run_as = run_as
        self._durable = durable
        self._lock = FileLock(self._home.supervisor_lock)
        self._spawner: Spawner | None = None
        self._servers: dict[str, SupervisedServer] = {}
        # A supervisor may poll in one thread while another one stops.
        self._turn = threading.RLock()

    def __enter__(self) -> ServerAddresses:
        """Start both servers."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop both servers."""
        self.stop()

    def start(self) -> ServerAddresses:
        """Start both servers on the data that is there; harmless when they run already.

        Raises: ServersUnavailable: another process owns this home, or a server cannot start.
        """
        with self._turn:
            if self._spawner is None:
                self._own_home()
                try:
                    self._start_both()
                except BaseException:
                    # Ctrl-C included: nothing half started stays behind.
                    self.stop()
                    raise
            return self._addresses()

    def poll(self) -> list[str]:
        """Return the names of servers that have died: `postgres`, `valkey`."""
        with self._turn:
            return [name for name, server in self._servers.items() if server.pid is None]

    def restart(self, name: str) -> None:
        """Start a server again on its data and its port, stopping it first if it still runs.

        Raises:
            ServersUnavailable: it cannot start; poll() still reports it and restart() may be
                tried again.
        """
        with self._turn:
            if name not in self._servers:
                raise ServersUnavailable(f"{name} was not started")
            self._servers[name].restart()

    def processes(self) -> dict[str, int]:
        """Return the process ids of the servers that run, by name."""
        with self._turn:
            found = {name: server.pid for name, server in self._servers.items()}
        return {name: pid for name, pid in found.items() if pid is not None}

    def stop(self) -> None:
        """Stop both servers cleanly and let go of the home; harmless when nothing runs."""
        with self._turn:
            if self._spawner is None:
                return
            self._home.addresses.unlink(missing_ok=True)
            # One after the other: no new threads can be had while the interpreter ends.
            for server in self._servers.values():
                server.stop()
            self._servers = {}
            self._spawner.close()
            self._spawner = None
            self._lock.release()

    def _own_home(self) -> None:
        _refuse_impossible(self._home.root)
        try:
            self._home.create()
        except OSError as error:
            raise ServersUnavailable(f"cannot use {self._home.root}: {error.strerror}") from error
        if not self._lock.acquire(wait_s=LOCK_PATIENCE_S):
            raise ServersUnavailable(
                f"another renkei process runs the private servers of {self._home.root}"
            )
        # A killed supervisor's: its ports may be other programs' by now.
        self._home.addresses.unlink(missing_ok=True)
        self._spawner = Spawner()

    def _start_both(self) -> None:
        """Start both at once and tell other processes where they are."""
        assert self._spawner is not None, "we own the home"  # noqa: S101 - for the reader and mypy
        self._home.passwords()  # made before two threads want them
        postgres = Postgres(self._home, run_as=self._run_as, durable=self._durable)
        self._servers = {
            kind.name: SupervisedServer(kind, self._home, self._spawner)
            for kind in (postgres, Valkey(self._home))
        }
        with ThreadPoolExecutor(max_workers=2) as both:
            list(both.map(SupervisedServer.start, self._servers.values()))
        publish(self._home, self._addresses())

    def _addresses(self) -> ServerAddresses:
        return ServerAddresses(self._servers[Postgres.name].url, self._servers[Valkey.name].url)


def _refuse_impossible(root: Path) -> None:
    """Say at once what would fail in obscure ways later."""
    if not sys.platform.startswith("linux"):
        raise ServersUnavailable(
            "private servers need Linux; set RENKEI_DATABASE_URL and RENKEI_REDIS_URL"
        )
    if len(str(root).encode()) > LONGEST_HOME_BYTES:
        raise ServersUnavailable(
            f"the path of RENKEI_HOME is longer than {LONGEST_HOME_BYTES} bytes: {root}"
        )
