"""Start processes, and end those that a killed supervisor left behind."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from adapters.embedded.errors import ServersUnavailable
from adapters.embedded.home import OWNER_ONLY_FILE
from adapters.embedded.locks import FileLock

LEFTOVER_GRACE_S = 8.0
LEFTOVER_KILL_S = 5.0
# Nothing of the caller's: PGPORT, PGDATA, LD_PRELOAD and the like would change the servers.
# The C locale keeps the servers' messages in English, which we read for PORT_TAKEN.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class Spawner:
    """Starts children from one thread that lives as long as they do.

    The kernel's parent-death signal is tied to the thread that forked, not to the process: a child
    of a short-lived thread would be stopped when that thread ends.
    """

    def __init__(self) -> None:
        """Make the thread at the first use."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")

    def spawn(
        self,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] = ENVIRONMENT,
        cwd: Path | str = "/",
        pass_fds: Collection[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Start a program without input that appends its output to a log."""

        def fork() -> subprocess.Popen[bytes]:
            output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, OWNER_ONLY_FILE)
            try:
                return subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd=cwd,
                    env=env,
                    pass_fds=pass_fds,
                )
            finally:
                os.close(output)

        return self._thread.submit(fork).result()

    def close(self) -> None:
        """End the thread; children still alive then get their signal."""
        self._thread.shutdown()


def clear_leftovers(lock: FileLock, program: str, marker: Path) -> None:
    """Take a server's lock, ending what a killed supervisor may have left behind.

    Args:
        lock: the lock that every process of the server holds.
        program: file name of the server's program.
        marker: a path on the server's command line that no other home's server has.

    Raises: ServersUnavailable: something holds the lock that is not ours to end.
    """
    # A server whose supervisor died got its signal already and is about to leave.
    if lock.acquire(wait_s=LEFTOVER_GRACE_S):
        return
    for pid in _processes_with(program, marker):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if not lock.acquire(wait_s=LEFTOVER_KILL_S):
        raise ServersUnavailable(f"another {program} still uses {marker}")


def _processes_with(program: str, marker: Path) -> Iterator[int]:
    """Find processes by their command lines, which the kernel keeps."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it ended meanwhile
        if Path(os.fsdecode(words[0])).name == program and os.fsencode(marker) in words[1:]:
            yield int(folder.name)
