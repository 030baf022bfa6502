"""The processes that are measured, and what they cost."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from adapters.embedded.run_as import as_self
from benchmarks.stage import THREADS

ROOT = Path(__file__).resolve().parents[1]
_READY = b" ready."
_START_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A running program."""

    process: psutil.Process

    def cpu_s(self) -> float:
        """Return the CPU seconds of all its threads since it started, the kernel's included."""
        times = self.process.cpu_times()
        return times.user + times.system

    def resident_mb(self) -> float:
        """Return its resident memory in MiB."""
        return self.process.memory_info().rss / 2**20


@contextmanager
def worker(app: str, queues: str, environ: Mapping[str, str], log: Path) -> Iterator[Measured]:
    """Run one worker process as `renkei up` does, until the end of the block."""
    words = ("worker", "-P", "threads", "-c", str(THREADS), "-Q", queues, "-n", f"{log.stem}@bench")
    quiet = ("--without-gossip", "--without-mingle", "--loglevel", "INFO")
    with _running((app, *words, *quiet), environ, log) as process:
        _wait_until_ready(process, log)
        yield Measured(psutil.Process(process.pid))


@contextmanager
def beat(environ: Mapping[str, str], log: Path) -> Iterator[None]:
    """Run beat as `renkei up` does: its ticks are part of what a worker has to do."""
    words = ("beat", "--loglevel", "INFO")
    with _running(("workers.app", *words), environ, log):
        yield


@contextmanager
def _running(
    words: tuple[str, ...], environ: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    celery = (sys.executable, "-W", "ignore", "-m", "celery", "-A", *words)
    # It ends with us, also when we are ended before we can stop it.
    command = as_self().command(celery, on_orphaned="SIGKILL")
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=dict(environ), stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up_at = time.monotonic() + _START_TIMEOUT_S
    while _READY not in log.read_bytes():
        if process.poll() is not None or time.monotonic() > give_up_at:
            raise RuntimeError(f"the worker did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)
