"""One program under supervision: its process, its log, its back-off."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from adapters.embedded.addresses import answers
from adapters.embedded.process import Spawner
from adapters.embedded.run_as import as_self
from console.supervisor.backoff import BackOff
from console.supervisor.programs import ROOT, Program

LOG_LIMIT_BYTES = 10 * 1024 * 1024


def spawn(
    spawner: Spawner, program: Program, env: Mapping[str, str], log: Path
) -> "subprocess.Popen[bytes]":
    """Start a program in a session of its own; it ends when we are killed."""
    # Killed at once, not asked: private servers go with us, and killed work is put back anyway.
    command = as_self().command(program.command, on_orphaned="SIGKILL")
    return spawner.spawn(command, log=log, env=env, cwd=ROOT)


class Child:
    """Keeps one program running. Not for several threads at a time."""

    def __init__(
        self, program: Program, spawner: Spawner, env: Mapping[str, str], folder: Path
    ) -> None:
        """Args: folder: where its log goes."""
        self.program = program
        self.log = folder / f"{program.name}.log"
        self.restarts = 0
        self.ready = False
        self._spawner = spawner
        self._env = env
        self._back_off = BackOff()
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._start_at = 0.0
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        """Its process id, None while there is no process."""
        return self._process.pid if self._process is not None else None

    @property
    def state(self) -> str:
        """A word for people: running, starting or waiting (for its next start)."""
        if self._process is None:
            return "waiting"
        return "running" if self.ready else "starting"

    def tick(self) -> str | None:
        """Look after the program; returns a sentence when something happened."""
        now = time.monotonic()
        if self._process is None:
            return self._start() if now >= self._start_at else None
        code = self._process.poll()
        if code is not None:
            pause_s = self._back_off.pause_s(now - self._started_at)
            self._process, self.ready, self._start_at = None, False, now + pause_s
            return f"{self.program.name} ended ({_ending(code)}), again in {pause_s:g} s"
        if not self.ready and self._works():
            self.ready = True
            return f"{self.program.name} works (pid {self.pid})" if self.restarts else ""
        return None

    def ask_to_stop(self) -> None:
        """Send SIGTERM; nothing is started again unless tick() is called."""
        self._signal(signal.SIGTERM)

    def gone(self) -> bool:
        """Tell whether no process is left."""
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """End it whatever it does."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def bound_log(self) -> None:
        """Keep the log and one older generation within bounds while the program writes on."""
        with contextlib.suppress(OSError):
            if self.log.stat().st_size > LOG_LIMIT_BYTES:
                shutil.copyfile(self.log, self.log.with_name(f"{self.log.name}.1"))
                # The program appends, so it goes on at the new end.
                os.truncate(self.log, 0)

    def _start(self) -> str | None:
        self.bound_log()
        again = self._started_at > 0
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        self._started_at = time.monotonic()
        try:
            self._process = spawn(self._spawner, self.program, self._env, self.log)
        except OSError as error:
            pause_s = self._back_off.pause_s(0.0)
            self._start_at = self._started_at + pause_s
            return f"{self.program.name} cannot start ({error.strerror}), again in {pause_s:g} s"
        self.restarts += again
        return f"{self.program.name} started again (pid {self.pid})" if again else ""

    def _works(self) -> bool:
        if not self.program.ready_text:
            return answers(self.program.port)
        with contextlib.suppress(OSError), self.log.open("rb") as log:
            log.seek(self._log_start)
            return self.program.ready_text.encode() in log.read()
        return False

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)


def _ending(code: int) -> str:
    return f"exit {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
