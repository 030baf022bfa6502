"""Real servers and processes, started again whenever one ends, as a supervisor would.

One keeper thread does everything that has its time: restarts, and the ends of faults.
"""

import heapq
import itertools
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from subprocess import Popen

from sqlalchemy import Engine

from adapters.embedded import PrivateServers, ServersUnavailable
from adapters.embedded.process import Spawner
from adapters.postgres.database import open_engine
from adapters.postgres.migrations import upgrade
from console.supervisor.child import spawn
from console.supervisor.programs import Program, beat_program, environment, worker_programs
from workers.places import PRIVATE_KEY_FILE, Places, places, secret_box
from workers.settings import Settings

LOOK_EVERY_S = 0.05
START_AGAIN_AFTER_S = 0.2
PATIENCE_S = 300.0
BEATS = 2


@dataclass
class Kept:
    """One program that is kept running."""

    program: Program
    process: "Popen[bytes] | None" = None
    start_at: float = 0.0
    starts: int = 0
    log_start: int = 0
    endings: list[int] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        """Whether it runs now."""
        return self.process is not None and self.process.poll() is None

    def said(self, log: Path) -> bool:
        """Tell whether it wrote that it is ready since its last start."""
        with log.open("rb") as lines:
            lines.seek(self.log_start)
            return self.program.ready_text.encode() in lines.read()

    def send(self, number: signal.Signals) -> bool:
        """Send a signal if it runs."""
        process = self.process
        if process is None or process.poll() is not None:
            return False
        process.send_signal(number)
        return True


class Station:
    """One installation on private servers: workers, two beats, PostgreSQL, Valkey."""

    def __init__(
        self, home: Path, logs: Path, *, workers: int = 2, threads: int | None = None
    ) -> None:
        """Args: logs: where the programs write, kept longer than the home."""
        settings = Settings.from_environ({"RENKEI_HOME": str(home)})
        threads = threads or settings.threads
        self.settings = replace(settings, workers=workers, threads=threads)
        self._home, self._logs = home, logs
        self._servers = PrivateServers(home)
        self._spawner = Spawner()
        self._turn = threading.RLock()
        self._agenda: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._down: dict[str, float] = {}
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self.workers = [Kept(program) for program in worker_programs(self.settings)]
        self.beats = [Kept(self._beat(number)) for number in range(BEATS)]
        self.troubles: list[str] = []
        # Settings of the programs, where they reach the servers by another way than the tests.
        self.detour: dict[str, str] = {}

    def _beat(self, number: int) -> Program:
        return replace(beat_program(), name=f"beat-{number}")

    def open(self) -> None:
        """Start the servers, prepare the database."""
        self._logs.mkdir(parents=True, exist_ok=True)
        self._servers.start()
        secret_box(self.settings)
        upgrade(self.places.database_url)

    @cached_property
    def places(self) -> Places:
        """Where PostgreSQL and Redis are; they keep their addresses."""
        return places(self.settings)

    def go_by(self, way: Places) -> None:
        """Have the programs reach the servers by another way than the tests."""
        key = (self._home / PRIVATE_KEY_FILE).read_text().strip()
        self.detour = {
            "RENKEI_DATABASE_URL": way.database_url,
            "RENKEI_REDIS_URL": way.redis_url,
            "RENKEI_SECRET_KEYS": key,
        }

    def engine(self, connections: int = 4) -> Engine:
        """Return an engine of the test's own."""
        return open_engine(self.places.database_url, connections=connections, name="chaos")

    def start(self) -> None:
        """Start the programs and keep everything running from now on."""
        self._keeper.start()

    def add_worker(self) -> Kept:
        """Start one more worker."""
        count = len(self.workers) + 1
        added = Kept(worker_programs(replace(self.settings, workers=count))[-1])
        self.workers = [*self.workers, added]
        return added

    def wait_until_working(self) -> None:
        """Wait until every worker takes messages."""
        give_up_at = time.monotonic() + PATIENCE_S
        while not all(self._ready(one) for one in self.workers):
            if time.monotonic() > give_up_at:
                raise AssertionError(f"workers do not start: {self.tail()}")
            time.sleep(0.1)

    def close(self) -> None:
        """Stop everything."""
        self._stopping.set()
        if self._keeper.is_alive():
            self._keeper.join()
        for one in [*self.beats, *self.workers]:
            one.send(signal.SIGCONT)
            one.send(signal.SIGTERM)
        give_up_at = time.monotonic() + PATIENCE_S
        for one in [*self.beats, *self.workers]:
            while one.alive and time.monotonic() < give_up_at:
                time.sleep(0.05)
            one.send(signal.SIGKILL)
        self._spawner.close()
        self._servers.stop()

    def later(self, seconds: float, act: Callable[[], object]) -> None:
        """Do something from the keeper's thread when some time has passed."""
        with self._turn:
            entry = (time.monotonic() + seconds, next(self._numbers), act)
            heapq.heappush(self._agenda, entry)

    def calm(self) -> None:
        """Do now whatever was to be done later."""
        while True:
            with self._turn:
                if not self._agenda:
                    return
                _, _, act = heapq.heappop(self._agenda)
            act()

    def pid_of(self, server: str) -> int | None:
        """Return the process id of `postgres` or `valkey`."""
        return self._servers.processes().get(server)

    def kill_server(self, server: str, number: signal.Signals, *, down_s: float) -> None:
        """End a server; it is started again after some seconds."""
        with self._turn:
            self._down[server] = time.monotonic() + down_s
            pid = self.pid_of(server)
            if pid is not None:
                os.kill(pid, number)

    def servers_run(self) -> bool:
        """Tell whether both servers are up."""
        return not self._servers.poll()

    def tail(self) -> str:
        """Return the ends of the logs."""
        parts = []
        for one in [*self.workers, *self.beats]:
            log = self._logs / f"{one.program.name}.log"
            text = log.read_text(errors="replace")[-1500:] if log.exists() else ""
            parts.append(f"--- {one.program.name} {one.endings[-5:]}\n{text}")
        return "\n".join(parts)

    def logged(self, *phrases: str) -> dict[str, int]:
        """Count lines of the workers' logs that contain a phrase."""
        counts = dict.fromkeys(phrases, 0)
        for one in self.workers:
            log = self._logs / f"{one.program.name}.log"
            if not log.exists():
                continue
            with log.open(errors="replace") as lines:
                for line in lines:
                    for phrase in phrases:
                        counts[phrase] += phrase in line
        return counts

    def _ready(self, one: Kept) -> bool:
        log = self._logs / f"{one.program.name}.log"
        return one.alive and log.exists() and one.said(log)

    def _keep(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            self._keep_programs()
            self._keep_servers()
            self._keep_appointments()

    def _keep_programs(self) -> None:
        now = time.monotonic()
        for one in [*self.workers, *self.beats]:
            if one.process is not None and one.process.poll() is not None:
                one.endings.append(one.process.returncode)
                one.process, one.start_at = None, now + START_AGAIN_AFTER_S
            if one.process is None and now >= one.start_at:
                outside = {k: v for k, v in os.environ.items() if not k.startswith("RENKEI_")}
                env = environment(self.settings, outside)
                # A worker that stops while Redis is away leaves the broker's notes in a file.
                env["TMPDIR"] = str(self._home)
                env["RENKEI_THREADS"] = str(self.settings.threads)
                env.update(self.detour)
                log = self._logs / f"{one.program.name}.log"
                one.log_start = log.stat().st_size if log.exists() else 0
                one.process = spawn(self._spawner, one.program, env, log)
                one.starts += 1

    def _keep_servers(self) -> None:
        for name in self._servers.poll():
            with self._turn:
                if time.monotonic() < self._down.get(name, 0.0):
                    continue
            try:
                self._servers.restart(name)
            except (ServersUnavailable, OSError) as error:
                self.troubles.append(f"{name}: {error}")

    def _keep_appointments(self) -> None:
        with self._turn:
            due = []
            while self._agenda and self._agenda[0][0] <= time.monotonic():
                due.append(heapq.heappop(self._agenda)[2])
        for act in due:
            act()
