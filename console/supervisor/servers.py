"""The private servers under supervision: started again within a second of their end."""

import threading
import time
from collections import Counter
from collections.abc import Callable

from adapters.embedded import PrivateServers, ServersUnavailable
from console.supervisor.backoff import BackOff
from console.supervisor.state import ProcessState

LOOK_EVERY_S = 0.2


class ServerWatch:
    """Looks after private servers in a thread of its own: a recovery may take a while."""

    def __init__(self, servers: PrivateServers, tell: Callable[[str], None]) -> None:
        """Args: tell: gets a sentence about everything that happens."""
        self._servers = servers
        self._tell = tell
        self._restarts: Counter[str] = Counter()
        self._states = self._read()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="server watch", daemon=True)

    def start(self) -> None:
        """Begin to look after servers that run already."""
        self._thread.start()

    def stop(self) -> None:
        """Look away; the servers go on."""
        self._stop.set()
        self._thread.join()

    def states(self) -> dict[str, ProcessState]:
        """Return the servers by name as last seen; never waits for one that is starting."""
        return self._states

    def _read(self) -> dict[str, ProcessState]:
        return {
            name: ProcessState(pid, "running", self._restarts[name])
            for name, pid in self._servers.processes().items()
        }

    def _watch(self) -> None:
        back_off, not_before = BackOff(), 0.0
        while not self._stop.wait(LOOK_EVERY_S):
            if time.monotonic() < not_before:
                continue
            # Valkey before PostgreSQL, which may have to recover.
            for name in sorted(self._servers.poll(), reverse=True):
                self._states = {**self._states, name: ProcessState(None, "starting")}
                try:
                    self._servers.restart(name)
                except (ServersUnavailable, OSError) as error:
                    pause_s = back_off.pause_s(0.0)
                    not_before = time.monotonic() + pause_s
                    self._tell(f"{name} cannot start, again in {pause_s:g} s: {error}")
                    continue
                back_off = BackOff()
                self._restarts[name] += 1
                self._states = self._read()
                self._tell(f"{name} had ended and was started again")
