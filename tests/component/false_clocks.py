"""A time of day that is wrong, for one process of its own, by libfaketime; it can be set anew.

Only the time of day: the monotonic clock goes on as it does on a machine whose clock is set.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import libfaketime

LIBRARY = Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"
HOUR_S, DAY_S = 3600, 86_400


@dataclass(frozen=True)
class FalseClock:
    """What one process takes for the time of day. Args: file: what holds the difference."""

    file: Path

    def set(self, ahead_s: int) -> None:
        """Step to so many seconds ahead of the true time; negative is behind."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{ahead_s:+d}")
        new.replace(self.file)

    @property
    def environ(self) -> Mapping[str, str]:
        """What the process needs in its environment."""
        assert LIBRARY.exists(), "make setup-dev"
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


def false_clock(folder: Path, name: str, ahead_s: int) -> FalseClock:
    """Return a clock that is wrong by so many seconds."""
    clock = FalseClock(folder / f"{name}.clock")
    clock.set(ahead_s)
    return clock
