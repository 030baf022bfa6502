"""What the engine needs of the process it runs in; wiring.py's `Process` is one."""

import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from sqlalchemy import Engine

from adapters.postgres.engine.items import ClaimedItem
from adapters.postgres.engine.runs import ClaimedRun
from workers.engine.context import Reactions, Work
from workers.engine.dispatcher import Dispatcher
from workers.engine.drain import Draining
from workers.engine.leases import Lease, LeaseKeeper
from workers.engine.registry import Registry


class Host(Protocol):
    """One process.

    Attributes:
        autocommit: the same database; every statement commits by itself.
        plan_slots: so many plans of scarce modes may run at once.
    """

    database: Engine
    autocommit: Engine
    dispatcher: Dispatcher
    registry: Registry
    reactions: Reactions
    draining: Draining
    item_leases: LeaseKeeper
    run_leases: LeaseKeeper
    plan_slots: threading.BoundedSemaphore
    clock: Callable[[], datetime]

    def open_work(self, claim: ClaimedItem | ClaimedRun, lease: Lease) -> Work:
        """Return what the claim's action works with. Raises BrokenRule: its shop was removed."""

    def free_turns(self, claims: Iterable[tuple[int, str]]) -> None:
        """Let others call the shops that dead claims had for themselves, by shop and claim."""

    def broker_start(self) -> str | None:
        """Return which start of the broker this is if notes were not sent to it yet."""
