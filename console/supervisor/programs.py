"""The programs `renkei up` starts: their command lines, and how each is asked to stop."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import workers
from adapters.embedded.addresses import LOOPBACK
from adapters.embedded.ports import can_bind, free_port
from console.failures import CommandFailed
from domain.actions import Queue
from domain.carts.cart import LONGEST_CALL_S
from workers.settings import Settings, private_secret

# Where `workers`, `console` and `deploy` lie; programs run there, so that any folder will do.
ROOT = Path(workers.__file__).resolve().parents[1]
FLOWER_SETTINGS = ROOT / "deploy" / "flowerconfig.py"
FLOWER_USER = "operator"
FLOWER_PASSWORD_FILE = "flower.password"  # noqa: S105 -- the name of a file

# The longest call of a worker may finish and be recorded.
WORKER_PATIENCE_S = LONGEST_CALL_S + 15
PATIENCE_S = 5.0

WORKER = "worker"
BEAT = "beat"
FLOWER = "flower"
CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class Program:
    """One program under supervision.

    Attributes:
        name: unique; also names its log.
        kind: WORKER, BEAT, FLOWER or CONSOLE; kinds stop one after the other.
        ready_text: what its log says once it works; empty = it listens on `port`.
        patience_s: how long it may take to leave after SIGTERM.
    """

    name: str
    kind: str
    command: tuple[str, ...]
    ready_text: str = ""
    port: int = 0
    patience_s: float = PATIENCE_S

    @property
    def url(self) -> str:
        """Where it is reached by a browser; empty for a program that is not."""
        return f"http://{LOOPBACK}:{self.port}" if self.port else ""


# What leaves first: nothing new is started, then work drains, then the windows close.
STOP_ORDER = (BEAT, WORKER, FLOWER, CONSOLE)


def worker_programs(settings: Settings) -> list[Program]:
    """Return one worker process per core, or as many as configured."""
    count = settings.workers or len(os.sched_getaffinity(0))
    return [
        Program(
            name=name,
            kind=WORKER,
            command=(
                *_celery("worker", "-P", "threads", "-c", str(settings.threads)),
                *("--without-gossip", "--without-mingle", "-n", f"{name}@%h"),
                *("-Q", ",".join(Queue), "--loglevel", "INFO"),
            ),
            ready_text=" ready.",
            patience_s=WORKER_PATIENCE_S,
        )
        for name in (f"w{number}" for number in range(1, count + 1))
    ]


def working_programs(settings: Settings) -> list[Program]:
    """Return what does the work: workers and beat."""
    return [*worker_programs(settings), beat_program()]


def all_programs(settings: Settings, port: int) -> list[Program]:
    """Return what a whole machine runs. Raises CommandFailed when the console's port is taken."""
    if not can_bind(port):
        raise CommandFailed(f"port {port} is taken: choose another with --port")
    command = (sys.executable, "-m", "console.web", "--port", str(port))
    console = Program(name="console", kind=CONSOLE, command=command, port=port)
    return [*working_programs(settings), _flower(settings, free_port()), console]


def beat_program() -> Program:
    """Return beat. Two of them would do no harm."""
    return Program(
        name="beat",
        kind=BEAT,
        command=_celery("beat", "--loglevel", "INFO"),
        ready_text="beat: Starting",
    )


def _flower(settings: Settings, port: int) -> Program:
    # Its password is never on a command line, which every user can read.
    if settings.flower_password is None:
        private_secret(settings.home, FLOWER_PASSWORD_FILE)
    return Program(
        name="flower",
        kind=FLOWER,
        command=_celery(
            "flower", f"--conf={FLOWER_SETTINGS}", f"--address={LOOPBACK}", f"--port={port}"
        ),
        port=port,
    )


def environment(settings: Settings, outside: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of every program: the outside's, with paths that hold anywhere."""
    search = [str(ROOT), outside.get("PYTHONPATH", "")]
    return {
        **outside,
        "RENKEI_HOME": str(settings.home),
        "PYTHONPATH": os.pathsep.join(filter(None, search)),
        "PYTHONUNBUFFERED": "1",
    }


def password_place(settings: Settings) -> str:
    """Say where Flower's password is, never what it is."""
    if settings.flower_password is not None:
        return "RENKEI_FLOWER_PASSWORD"
    return str(settings.home / FLOWER_PASSWORD_FILE)


def _celery(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "celery", "-A", "workers.app", *words)
