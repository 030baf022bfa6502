"""Starting `renkei` as a person does, and looking at what it started."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from adapters.embedded.ports import free_port
from console.supervisor.state import UpState, read_state

ROOT = Path(__file__).resolve().parents[2]
# The machine may be at a load of thirty; nothing is measured by these bounds.
PATIENCE_S = 300.0
COMMAND = [sys.executable, "-c", "from console.main import main; main()"]


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return an environment for one home, with nothing of ours from outside."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("RENKEI_")}
    return {**outside, "RENKEI_HOME": str(home), "PYTHONPATH": str(ROOT), **more}


def renkei(
    home: Path, *words: str, cwd: Path | None = None, timeout_s: float = 2 * PATIENCE_S, **more: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    return subprocess.run(
        [*COMMAND, *words],
        cwd=cwd or home.parent,
        env=environment(home, **more),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def wait_for(claim: Callable[[], bool], timeout_s: float = PATIENCE_S) -> bool:
    """Wait until a claim holds; whether it did."""
    deadline = time.monotonic() + timeout_s
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@dataclass
class Machine:
    """One `renkei up` and its home."""

    home: Path
    process: "subprocess.Popen[str]"

    def state(self) -> UpState | None:
        """Return what it says of itself."""
        return read_state(self.home)

    def running(self) -> UpState:
        """Wait until everything works."""
        wait_for(lambda: self.is_ready() or self.process.poll() is not None)
        assert self.is_ready(), self.logs()
        state = self.state()
        assert state is not None
        return state

    def is_ready(self) -> bool:
        """Tell whether everything works."""
        state = self.state()
        return state is not None and state.ready

    def pid_of(self, name: str) -> int | None:
        """Return the process id of a program or server."""
        state = self.state()
        found = {**state.processes, **state.servers}.get(name) if state else None
        return found.pid if found else None

    def family(self) -> list[psutil.Process]:
        """Return the supervisor and everything below it."""
        try:
            parent = psutil.Process(self.process.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def stop(self, number: signal.Signals = signal.SIGINT, timeout_s: float = PATIENCE_S) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout_s)

    def logs(self) -> str:
        """Return the ends of all logs, for a test that fails."""
        files = [self.home.parent / "up.out", *sorted((self.home / "log").glob("*.log"))]
        return "\n".join(f"== {file.name}\n{file.read_text()[-1500:]}" for file in files)


@contextmanager
def machine(home: Path, *words: str, **more: str) -> Iterator[Machine]:
    """Start `renkei up`; whatever is left at the end is killed."""
    out = home.parent / "up.out"
    with out.open("w") as output:
        process = subprocess.Popen(
            [*COMMAND, "up", "--port", str(free_port()), *words],
            cwd=home.parent,
            env=environment(home, **more),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    started = Machine(home, process)
    try:
        yield started
    finally:
        family = started.family()
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for one in family:
            if one.is_running():
                one.kill()


def of_home(home: Path) -> list[str]:
    """Return the command lines of living processes that belong to a home."""
    found = []
    for one in psutil.process_iter():
        try:
            if one.status() == psutil.STATUS_ZOMBIE:
                continue
            ours = one.environ().get("RENKEI_HOME") == str(home) or str(home) in one.cmdline()
            if ours or any(str(home) in word for word in one.cmdline()):
                found.append(" ".join(one.cmdline()))
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            continue
    return found


def document(done: "subprocess.CompletedProcess[str]") -> dict[str, object]:
    """Return the one JSON document a command printed."""
    found: dict[str, object] = json.loads(done.stdout)
    return found
