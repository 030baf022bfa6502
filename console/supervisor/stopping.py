"""Ctrl-C, SIGTERM and a closed terminal: the first drains, the second hurries."""

import signal
import threading
from types import FrameType


class StopSignals:
    """Listens to the signals from the moment it is made until the process ends.

    Attributes:
        stop: set by the first signal.
        hurry: set by the second.
    """

    def __init__(self) -> None:
        """Begin to listen; until `calm()` a signal interrupts, as it would without us."""
        self.stop = threading.Event()
        self.hurry = threading.Event()
        self._interrupts = True
        # SIGINT too where it is ignored, as it is for what a script starts with `&`.
        signal.signal(signal.SIGINT, self._heard)
        signal.signal(signal.SIGTERM, self._heard)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup stays nohup
            signal.signal(signal.SIGHUP, self._heard)

    def calm(self) -> None:
        """From now on a signal only sets an event."""
        self._interrupts = False

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        if self.stop.is_set():
            self.hurry.set()
            return
        self.stop.set()
        if self._interrupts:
            self._interrupts = False
            raise KeyboardInterrupt
