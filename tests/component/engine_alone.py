"""A process that has nothing but the engine: no cart, no Celery, no Redis."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

from sqlalchemy import Engine

from adapters.postgres.database import autocommit
from adapters.postgres.engine import items
from adapters.postgres.engine.items import QueuedItem
from domain.errors import ApiFamily
from workers.engine import executor, planner
from workers.engine.context import Clock, Reaction, Reactions, Record, nothing
from workers.engine.dispatcher import Dispatcher
from workers.engine.drain import Draining
from workers.engine.leases import ITEMS, RUNS, LeaseKeeper
from workers.engine.registry import Registry


class OpenGate:
    """Lets everything through."""

    calls = 0
    probing = False

    def check(self, api: ApiFamily) -> None: ...
    def answered(self) -> None: ...
    def failed(self, error: Exception) -> None: ...


class Claimed:
    """What the action works with: nothing but the gate."""

    late: Record = staticmethod(nothing)
    gate = OpenGate()

    def prepare(self) -> None: ...


def _nothing_more(*_: object, **__: object) -> Reaction:
    """A failure means nothing beyond its item."""
    return Reaction()


class Alone:
    """Implements workers.engine.host.Host; keeps the notes it would send."""

    def __init__(self, database: Engine, registry: Registry) -> None:
        self.database = database
        self.registry = registry
        self.autocommit = autocommit(database)
        self.dispatcher = cast("Dispatcher", self)
        self.reactions = cast(
            "Reactions",
            SimpleNamespace(
                of_retry=_nothing_more,
                of_postponement=_nothing_more,
                of_failure=_nothing_more,
                again_at=lambda _, at: at,
            ),
        )
        self.draining = Draining()
        self.item_leases = LeaseKeeper(self._renew_items, kind=ITEMS)
        self.run_leases = LeaseKeeper(lambda held: {one for one, _ in held}, kind=RUNS)
        self.plan_slots = threading.BoundedSemaphore(1)
        self.clock: Clock = lambda: datetime.now(UTC)
        self.runs: list[int] = []
        self.items: list[int] = []

    def send_runs(self, run_ids: Sequence[int]) -> None:
        self.runs += run_ids

    def send_items(self, queued: Sequence[QueuedItem]) -> None:
        self.items += [item.id for item in queued]

    def open_work(self, *_: object) -> Claimed:
        return Claimed()

    def free_turns(self, claims: object) -> None: ...

    def broker_start(self) -> str | None:
        return None

    def drain(self) -> None:
        """Do what the notes say, as workers would, until none is left."""
        planner.send_due(self)
        while self.runs or self.items:
            while self.runs:
                planner.plan_run(self, self.runs.pop())
            while self.items:
                executor.work_on(self, self.items.pop())

    def _renew_items(self, held: Sequence[tuple[int, int]]) -> set[int]:
        with self.autocommit.connect() as connection:
            return items.renew(connection, held)
