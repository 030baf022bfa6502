"""Waiting for a run that somebody else works on."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from sqlalchemy import Engine

from adapters.postgres.database import DatabaseUnavailable, autocommit
from adapters.postgres.views.runs import Progress, progress

FIRST_LOOK_S = 0.1
LOOK_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Waiter:
    """How to wait.

    Attributes:
        timeout_s: give up after so long; the run goes on.
        bar: show how far a long range is read, on standard error.
    """

    engine: Engine
    timeout_s: float
    bar: bool = False
    clock: Callable[[], float] = field(default=time.monotonic)

    def wait(self, run_id: int) -> Progress | None:
        """Return the run once it is over or parked; None when the time is up or it is gone.

        A database that restarts meanwhile is waited for, too.
        """
        give_up_at = self.clock() + self.timeout_s
        pause_s = FIRST_LOOK_S
        with _Bar(show=self.bar) as bar:
            while True:
                time.sleep(max(0.0, min(pause_s, give_up_at - self.clock())))
                pause_s = LOOK_EVERY_S
                found = self._look(run_id)
                if found is not None:
                    bar.update(found)
                    if found.over:
                        return found
                if self.clock() >= give_up_at:
                    return None

    def _look(self, run_id: int) -> Progress | None:
        try:
            with autocommit(self.engine).connect() as connection:
                return progress(connection, run_id)
        except DatabaseUnavailable:
            return None


class _Bar:
    """Days of a range that are read, out of all."""

    def __init__(self, *, show: bool) -> None:
        self._show = show
        self._stop: Callable[[], None] = lambda: None
        self._set: Callable[[float], None] = lambda _: None

    def __enter__(self) -> Self:
        if self._show:
            self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def update(self, found: Progress) -> None:
        """Move the bar to where reading is."""
        if found.window is None:
            return
        whole = (found.window.until - found.window.since).total_seconds()
        read = (found.read_until or found.window.since) - found.window.since
        share = 1.0 if found.over and found.shown == "succeeded" else read.total_seconds() / whole
        self._set(min(1.0, share))

    def _start(self) -> None:
        from rich import progress as rich_progress  # noqa: PLC0415 -- only long ranges show it
        from rich.console import Console  # noqa: PLC0415

        shown = rich_progress.Progress(
            rich_progress.TextColumn("reading the range"),
            rich_progress.BarColumn(),
            rich_progress.TaskProgressColumn(),
            rich_progress.TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        task = shown.add_task("reading", total=1.0)
        shown.start()
        self._stop = shown.stop
        self._set = lambda share: shown.update(task, completed=share)
