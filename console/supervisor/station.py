"""Everything one machine runs: private servers if none are configured, then the programs."""

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from adapters.embedded import PrivateServers
from adapters.embedded.locks import FileLock
from adapters.embedded.process import Spawner
from adapters.postgres.migrations import upgrade
from console.failures import CommandFailed
from console.supervisor.child import Child
from console.supervisor.programs import CONSOLE, FLOWER, STOP_ORDER, Program, environment
from console.supervisor.servers import ServerWatch
from console.supervisor.state import (
    LOCK_FILE,
    STATE_FILE,
    ProcessState,
    UpState,
    read_state,
    write_state,
)
from workers.places import places, secret_box
from workers.settings import Settings

LOOK_EVERY_S = 0.1
BOUND_LOGS_EVERY_S = 60.0
LOCK_PATIENCE_S = 0.5


class Station:
    """Owns one home: `claim`, `open`, `run`, `close`. The demo uses it, too."""

    def __init__(
        self, settings: Settings, *, tell: Callable[[str], None], environ: Mapping[str, str]
    ) -> None:
        """Describe it; nothing is started or written yet.

        Args:
            tell: gets a sentence about everything that happens.
            environ: what the programs' environment is made from.
        """
        self.settings = settings
        self._tell = tell
        self._env = environment(settings, environ)
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")
        self._lock = FileLock(settings.home / LOCK_FILE)
        self._servers: PrivateServers | None = None
        self._server_watch: ServerWatch | None = None
        self._spawner = Spawner()
        self._children: list[Child] = []
        self._stop = threading.Event()
        self._watch = threading.Thread(target=self._look_after, name="station", daemon=True)
        self._written: UpState | None = None

    def claim(self) -> None:
        """Take the home. Raises CommandFailed when another `renkei up` has it."""
        home = self.settings.home
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._lock.acquire(wait_s=LOCK_PATIENCE_S):
            other = read_state(home)
            pid = f" (pid {other.pid})" if other else ""
            raise CommandFailed(f"another `renkei up`{pid} runs for {home}")
        (home / "log").mkdir(mode=0o700, exist_ok=True)

    def open(self) -> None:
        """Start private servers where needed and prepare the database.

        Raises: ServersUnavailable.
        """
        if not (self.settings.database_url and self.settings.redis_url):
            servers = PrivateServers(self.settings.home)
            servers.start()
            self._servers = servers
            self._server_watch = ServerWatch(servers, self._tell)
            self._server_watch.start()
        secret_box(self.settings)  # makes the private key before several processes want it
        upgrade(places(self.settings).database_url)

    def run(self, programs: Sequence[Program]) -> None:
        """Start programs and look after them until `close`."""
        folder = self.settings.home / "log"
        self._children = [Child(one, self._spawner, self._env, folder) for one in programs]
        self._watch.start()

    @property
    def ready(self) -> bool:
        """Whether every program works."""
        return bool(self._children) and all(child.ready for child in self._children)

    def wait_until_ready(self, timeout_s: float, stop: threading.Event | None = None) -> bool:
        """Wait until every program works, or somebody wants to stop."""
        deadline = time.monotonic() + timeout_s
        while not self.ready and time.monotonic() < deadline:
            if stop is not None and stop.is_set():
                break
            time.sleep(LOOK_EVERY_S)
        return self.ready

    def state(self) -> UpState:
        """Return what runs now."""
        watch = self._server_watch
        return UpState(
            pid=os.getpid(),
            started_at=self._started_at,
            ready=self.ready,
            addresses={
                child.program.kind: child.program.url
                for child in self._children
                if child.program.kind in {FLOWER, CONSOLE}
            },
            processes={
                child.program.name: ProcessState(child.pid, child.state, child.restarts)
                for child in self._children
            },
            servers=watch.states() if watch else {},
        )

    def close(self, hurry: threading.Event | None = None) -> None:
        """Drain and stop everything in order; harmless when little or nothing was started.

        Args: hurry: once set, nobody is waited for any more.
        """
        self._stop.set()
        if self._watch.is_alive():
            self._watch.join()
        for kind in STOP_ORDER:
            stop_all([one for one in self._children if one.program.kind == kind], hurry)
        self._spawner.close()
        if self._server_watch is not None:
            self._server_watch.stop()
        if self._servers is not None:
            self._servers.stop()
        if self._written is not None:
            (self.settings.home / STATE_FILE).unlink(missing_ok=True)
        self._lock.release()

    def _look_after(self) -> None:
        bound_at = time.monotonic() + BOUND_LOGS_EVERY_S
        while not self._stop.is_set():
            for child in self._children:
                said = child.tick()
                if said:
                    self._tell(said)
            self._publish()
            if time.monotonic() > bound_at:
                bound_at += BOUND_LOGS_EVERY_S
                for child in self._children:
                    child.bound_log()
            self._stop.wait(LOOK_EVERY_S)

    def _publish(self) -> None:
        state = self.state()
        if state == self._written:
            return
        try:
            write_state(self.settings.home, state)
        except OSError as error:  # a full disk must not end the supervision
            self._tell(f"up.json not written: {error.strerror}")
        self._written = state


def stop_all(children: Sequence[Child], hurry: threading.Event | None) -> None:
    """Ask children to stop, wait as long as the most patient needs, then kill."""
    for child in children:
        child.ask_to_stop()
    deadline = time.monotonic() + max((one.program.patience_s for one in children), default=0.0)
    while time.monotonic() < deadline and not all(child.gone() for child in children):
        if hurry is not None and hurry.is_set():
            break
        time.sleep(LOOK_EVERY_S / 2)
    for child in children:
        child.kill()
