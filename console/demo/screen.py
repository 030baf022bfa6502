"""What a demo shows while it works: a bar on a terminal, a line per phase elsewhere."""

import sys
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class DemoScreen:
    """On standard error, so that standard output is the table or the JSON document alone."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._console = Console(stderr=True, highlight=False, emoji=False)
        self._name = ""
        self._began_at = 0.0
        self._total = 0
        self._bar: Progress | None = None

    def begin(self, name: str) -> None:
        """Begin a phase."""
        self._name, self._began_at, self._total = name, time.monotonic(), 0
        if not sys.stderr.isatty():
            return
        self._bar = Progress(
            TextColumn("{task.description:<20}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._bar.add_task(name, total=None)
        self._bar.start()

    def show(self, done: int, total: int) -> None:
        """Show how far the present phase is."""
        self._total = total
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done, total=total or None)

    def say(self, sentence: str) -> None:
        """Write a line above the bar."""
        self._console.print(f"  {sentence}", markup=False, soft_wrap=True)

    def end(self) -> float:
        """End the phase and return how many seconds it took."""
        seconds = time.monotonic() - self._began_at
        self.close()
        count = f"{self._total:>7}" if self._total else " " * 7
        self._console.print(f"{self._name:<20}{count}{seconds:>8.1f} s", markup=False)
        return round(seconds, 2)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
