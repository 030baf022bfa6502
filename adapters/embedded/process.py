"""Start, watch and stop one server process."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from adapters.embedded.errors import ServersUnavailable
from adapters.embedded.home import OWNER_ONLY_FILE
from adapters.embedded.locks import FileLock

POLL_S = 0.01
LEFTOVER_GRACE_S = 8.0
LEFTOVER_KILL_S = 5.0
LOG_LIMIT_BYTES = 16 * 1024 * 1024
TAIL_BYTES = 2_000
# Nothing of the caller's: PGPORT, PGDATA, LD_PRELOAD and the like would change the servers.
# The C locale keeps the servers' messages in English, which we read for PORT_TAKEN.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class Spawner:
    """Starts children from one thread that lives as long as they do.

    The kernel's parent-death signal is tied to the thread that forked, not to the process: a server
    started from a short-lived thread would be stopped when that thread ends.
    """

    def __init__(self) -> None:
        """Make the thread at the first use."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedded")

    def spawn(
        self, command: Sequence[str], *, log: Path, lock: FileLock
    ) -> subprocess.Popen[bytes]:
        """Start a program whose output goes to a log and that keeps a lock while it lives."""

        def fork() -> subprocess.Popen[bytes]:
            with _open_log(log) as output:
                return subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd="/",
                    env=ENVIRONMENT,
                    pass_fds=(lock.descriptor,),
                )

        return self._thread.submit(fork).result()

    def close(self) -> None:
        """End the thread; children still alive then get their signal."""
        self._thread.shutdown()


class ServerProcess:
    """One start of one server."""

    def __init__(
        self, name: str, child: subprocess.Popen[bytes], log: Path, log_start: int
    ) -> None:
        """Args: log_start: where in the log the output of this start begins."""
        self.name = name
        self._child = child
        self._log = log
        self._log_start = log_start

    @property
    def pid(self) -> int:
        """The server itself: the launcher has become it."""
        return self._child.pid

    def alive(self) -> bool:
        """Tell whether it still runs."""
        return self._child.poll() is None

    def output(self) -> str:
        """Return the end of what this start wrote to its log."""
        with self._log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, end - TAIL_BYTES))
            return log.read().decode("utf-8", "replace").strip()

    def stop(self, *, signals: Sequence[signal.Signals], patience_s: float) -> None:
        """Ask with one signal after the other, waiting for a while after each, then kill."""
        for number in (*signals, signal.SIGKILL):
            self._child.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(timeout=patience_s)
                return
        self._child.wait()


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


@contextlib.contextmanager
def _open_log(path: Path) -> Iterator[int]:
    """Open a log for appending, keeping one older generation once it is large."""
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, OWNER_ONLY_FILE)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def log_size(path: Path) -> int:
    """Return where the next line of a log will begin."""
    size = path.stat().st_size if path.exists() else 0
    return 0 if size > LOG_LIMIT_BYTES else size


def pause() -> None:
    """Wait a moment between two looks at a server that is starting."""
    time.sleep(POLL_S)
