"""Locks that the kernel lets go of when their holders are gone, however they went."""

import fcntl
import os
import time
from pathlib import Path

from adapters.embedded.home import OWNER_ONLY_FILE

POLL_S = 0.02


class FileLock:
    """An exclusive lock on a file; no process id is stored or guessed.

    A child that inherits the descriptor keeps the lock alive, so a lock handed to a server tells
    whether any process of it still lives.
    """

    def __init__(self, path: Path) -> None:
        """Args: path: the lock file; made when missing, never removed."""
        self._path = path
        self._descriptor: int | None = None

    def acquire(self, *, wait_s: float = 0.0) -> bool:
        """Take the lock, waiting for a while at most. Returns: Whether we hold it now."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, OWNER_ONLY_FILE)
        deadline = time.monotonic() + wait_s
        while not _locked(descriptor, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return False
            time.sleep(POLL_S)
        self._descriptor = descriptor
        return True

    @property
    def descriptor(self) -> int:
        """The open file to hand to a child; only while we hold the lock."""
        if self._descriptor is None:
            raise RuntimeError(f"{self._path} is not locked by us")
        return self._descriptor

    def release(self) -> None:
        """Let go of our share; children that inherited it keep theirs."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_held(path: Path) -> bool:
    """Tell whether some process holds the lock on a file, without waiting."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _locked(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
