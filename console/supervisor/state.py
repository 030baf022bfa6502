"""HOME/up.json: what a running `renkei up` tells others, such as `renkei doctor`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from adapters.embedded.home import write_private
from adapters.embedded.locks import is_held

STATE_FILE = "up.json"
LOCK_FILE = "up.lock"


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One process: its id (None between two starts), a word for its state, its restarts."""

    pid: int | None
    state: str
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class UpState:
    """What runs for a home.

    Attributes:
        pid: the supervisor.
        started_at: ISO 8601, UTC.
        ready: every process works.
        addresses: `console` and `flower`, where there is one.
        processes: workers, beat, Flower and console by name.
        servers: the private servers by name.
    """

    pid: int
    started_at: str
    ready: bool
    addresses: Mapping[str, str] = field(default_factory=dict)
    processes: Mapping[str, ProcessState] = field(default_factory=dict)
    servers: Mapping[str, ProcessState] = field(default_factory=dict)


def write_state(home: Path, state: UpState) -> None:
    """Replace the file in one step, readable by its owner only."""
    write_private(home / STATE_FILE, json.dumps(asdict(state)))


def read_state(home: Path) -> UpState | None:
    """Return what runs for a home, None when no `renkei up` does."""
    # The lock tells a file that a killed supervisor left behind from a living one's.
    if not is_held(home / LOCK_FILE):
        return None
    try:
        told = json.loads((home / STATE_FILE).read_text(encoding="utf-8"))
        for part in ("processes", "servers"):
            told[part] = {name: ProcessState(**one) for name, one in told[part].items()}
        return UpState(**told)
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return None
