"""Waiting for a run that somebody else works on."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

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
        with _bar(show=self.bar) as move_bar:
            while True:
                time.sleep(max(0.0, min(pause_s, give_up_at - self.clock())))
                pause_s = LOOK_EVERY_S
                found = self._look(run_id)
                if found is not None:
                    move_bar(found)
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


@contextmanager
def _bar(*, show: bool) -> Iterator[Callable[[Progress], None]]:
    """Give what moves a bar to where reading is, out of all days of a range."""
    if not show:
        yield lambda _: None
        return
    from rich import progress as rich_progress  # noqa: PLC0415 -- only long ranges show it
    from rich.console import Console  # noqa: PLC0415

    with rich_progress.Progress(
        rich_progress.TextColumn("reading the range"),
        rich_progress.BarColumn(),
        rich_progress.TaskProgressColumn(),
        rich_progress.TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as shown:
        task = shown.add_task("reading", total=1.0)
        yield lambda found: shown.update(task, completed=_share(found))


def _share(found: Progress) -> float:
    if found.window is None:
        return 0.0
    if found.over and found.shown == "succeeded":
        return 1.0
    read = (found.read_until or found.window.since) - found.window.since
    return min(1.0, read / (found.window.until - found.window.since))
