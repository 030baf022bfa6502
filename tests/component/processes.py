"""The product's own processes beside a test: workers and beat, as `renkei up` starts them."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.embedded.run_as import as_self
from console.supervisor.programs import Program, environment, worker_programs
from tests.component.command_line import ROOT, CommandLine
from workers.settings import Settings

# Bounds for a machine at a load of thirty; nothing is measured by them.
PATIENCE_S = 240.0
STOP_S = 60.0
PRELOADED_TRIES = 2


@dataclass(frozen=True)
class Running:
    """One process and what it has printed."""

    process: "subprocess.Popen[bytes]"
    file: Path

    @property
    def log(self) -> str:
        """Everything printed so far."""
        return self.file.read_text(errors="replace")

    @property
    def lives(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None


def worker_program(renkei: CommandLine) -> Program:
    """Return one worker process of this installation."""
    return worker_programs(Settings.from_environ(renkei.environment))[0]


@contextmanager
def running(
    program: Program, renkei: CommandLine, environ: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run a program until the end of the block; gives it once it works.

    Args: environ: variables of this process alone.
    """
    one = _begun(program, renkei, environ or {})
    try:
        yield one
    finally:
        one.process.terminate()
        try:
            one.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            one.process.kill()
            one.process.wait()


def _begun(program: Program, renkei: CommandLine, environ: Mapping[str, str]) -> Running:
    """Start a program and wait until it works.

    A preloaded library may crash a process while it is loaded, which says nothing about the
    program: ended by a signal, it is started again. One that leaves by itself never is.
    """
    one = _started(program, renkei, environ)
    for _ in range(PRELOADED_TRIES if "LD_PRELOAD" in environ else 0):
        if _works(program, one) or one.process.returncode > 0:
            break
        one = _started(program, renkei, environ)
    assert _works(program, one), f"ended with {one.process.returncode}: {one.log[-2000:]}"
    return one


def _works(program: Program, one: Running) -> bool:
    """Wait until a program works or has ended, and tell which."""
    until(lambda: program.ready_text in one.log or not one.lives)
    return one.lives


def _started(program: Program, renkei: CommandLine, environ: Mapping[str, str]) -> Running:
    settings = Settings.from_environ(renkei.environment)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("RENKEI_")}
    outside = {**inherited, **renkei.environment, "RENKEI_LOG_FORMAT": "json", **environ}
    log = renkei.folder / f"{program.name}-{time.monotonic_ns()}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            as_self().command(program.command, on_orphaned="SIGKILL"),
            cwd=ROOT,
            env=environment(settings, outside),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return Running(process, log)


def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds; a test that waits in vain fails."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_at, "waited in vain"
        time.sleep(0.05)
