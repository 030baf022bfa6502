"""Which processes work, hang or are silent, by the row each of them writes (PLC-1)."""

from enum import StrEnum

SILENT_AFTER_S = 15.0
"""Without a heartbeat, or a tick, for so long: a process that works has several in that time."""


class ProcessKind(StrEnum):
    """What a process is for."""

    WORKER = "worker"
    BEAT = "beat"
    WEB = "web"


class Liveness(StrEnum):
    """What is known of a process."""

    WORKS = "works"
    HUNG = "hung"
    """It lives, and does nothing of what it is for."""
    SILENT = "silent"
    """It ended without a word, or cannot reach the database."""


def liveness(kind: ProcessKind, *, silent_s: float, idle_s: float) -> Liveness:
    """Return what two ages say.

    Args:
        silent_s: since its heartbeat was written.
        idle_s: since it did a tick (workers) or looked what is due (beat); nobody's for the web.
    """
    if silent_s > SILENT_AFTER_S:
        return Liveness.SILENT
    if kind is not ProcessKind.WEB and idle_s > SILENT_AFTER_S:
        return Liveness.HUNG
    return Liveness.WORKS
