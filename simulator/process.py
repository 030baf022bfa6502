"""Runs the simulator as a child process that never outlives its parent."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from simulator.client import SimulatorClient

_ROOT = Path(__file__).resolve().parents[1]
_STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class SimulatorProcess:
    """A running simulator.

    Attributes:
        url: where it listens.
        pid: its process id.
    """

    url: str
    pid: int
    process: "subprocess.Popen[bytes]"

    def client(self) -> SimulatorClient:
        """Return a new client of the control API."""
        return SimulatorClient(self.url)

    def stop(self) -> None:
        """End the process; ending an ended one is harmless."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def __enter__(self) -> Self:
        """Return the process."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()


def start(port: int = 0) -> SimulatorProcess:
    """Start the simulator and wait until it answers.

    The kernel ends the child when the calling thread ends, so call this from a thread that lives
    as long as the simulator is needed.

    Args:
        port: where to listen; 0 for a free port.

    Raises:
        RuntimeError: it ended before it was ready; its message is on stderr.
    """
    command = [sys.executable, "-m", "simulator"]
    command += ["--port", str(port), "--shops", "0", "--parent", str(os.getpid())]
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE)  # noqa: S603 - our own module
    line = process.stdout.readline() if process.stdout is not None else b""
    if not line:
        process.wait()
        raise RuntimeError(f"the simulator ended with code {process.returncode}")
    addresses = json.loads(line)
    return SimulatorProcess(url=addresses["url"], pid=addresses["pid"], process=process)
