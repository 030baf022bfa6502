"""Which user the private PostgreSQL runs as: it refuses root, and needs a user with a name.

docs/decisions/0002-embedded-servers.md tells what was tried.
"""

import os
import pwd
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from adapters.embedded.errors import ServersUnavailable
from adapters.embedded.process import ENVIRONMENT

LAUNCHER = Path(__file__).with_name("launcher.py")
PROBE_TIMEOUT_S = 20.0
ROOT = 0

Mode = Literal["self", "namespace", "capability"]
StopSignal = Literal["SIGINT", "SIGTERM", "SIGKILL"]


@dataclass(frozen=True, slots=True)
class RunAs:
    """A way to run a program.

    Attributes:
        mode: see launcher.py.
        uid: the user the program believes to be.
        gid: its group.
    """

    mode: Mode
    uid: int
    gid: int

    @property
    def owner(self) -> tuple[int, int]:
        """User and group that own the program's files, as seen from outside."""
        if self.mode == "capability":
            return self.uid, self.gid
        return os.geteuid(), os.getegid()

    def command(self, program: Sequence[str | Path], *, on_orphaned: StopSignal) -> list[str]:
        """Return the command line that becomes a program.

        Args:
            program: absolute path and arguments.
            on_orphaned: what the kernel sends the program when its supervisor dies.
        """
        ids = [str(self.uid), str(self.gid), on_orphaned, str(os.getpid())]
        # -I and -S: nothing of the caller's environment or site-packages, and a quick start.
        python = [sys.executable, "-I", "-S", str(LAUNCHER)]
        return [*python, self.mode, *ids, *map(str, program)]


def as_self() -> RunAs:
    """Run as the present user."""
    return RunAs("self", os.geteuid(), os.getegid())


def in_namespace() -> RunAs:
    """Run in a user namespace, where the present user goes by another name."""
    return RunAs("namespace", *_somebody())


def with_capability() -> RunAs:
    """Run as another user that may still pass closed folders; needs root's rights."""
    return RunAs("capability", *_somebody())


def choose(binaries: Path) -> RunAs:
    """Return the first way that works here.

    Args: binaries: the folder of PostgreSQL's programs.
    Raises: ServersUnavailable: no way works, with what each of them said.
    """
    complaints = []
    for run_as in _candidates():
        complaint = _probe(run_as, binaries)
        if complaint is None:
            return run_as
        complaints.append(complaint)
    raise ServersUnavailable(
        "PostgreSQL cannot run for this user here; run as an ordinary user or set "
        f"RENKEI_DATABASE_URL and RENKEI_REDIS_URL ({'; '.join(complaints)})"
    )


def _candidates() -> list[RunAs]:
    """Return the ways worth trying for the present user, best first."""
    if os.geteuid() == ROOT:
        return [in_namespace(), with_capability()]
    if _has_a_name(os.geteuid()):
        return [as_self()]
    # initdb wants a name for its user, as containers started with a bare number have none.
    return [in_namespace()]


def _probe(run_as: RunAs, binaries: Path) -> str | None:
    """Return what is wrong with a way to run PostgreSQL, or None."""
    # Looks at its user, at the server beside it and at its files, says so and writes nothing.
    look_around: list[str | Path] = [binaries / "initdb", "--show", "-D", "/nonexistent"]
    command = run_as.command(look_around, on_orphaned="SIGKILL")
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{run_as.mode}: {error}"
    if done.returncode == 0:
        return None
    said = done.stderr.strip().splitlines()
    return f"{run_as.mode}: {said[-1] if said else done.returncode}"


def _somebody() -> tuple[int, int]:
    """Return user and group ids of an account that is not root and has a name."""
    accounts = [entry for entry in pwd.getpwall() if entry.pw_uid != ROOT]
    if not accounts:
        raise ServersUnavailable("PostgreSQL refuses root, and /etc/passwd names nobody else")
    # `nobody` owns nothing; any other account would do.
    chosen = next((entry for entry in accounts if entry.pw_name == "nobody"), accounts[0])
    return chosen.pw_uid, chosen.pw_gid


def _has_a_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
