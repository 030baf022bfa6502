"""What one worker process shares between its threads, made on first use."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import httpx
from celery import Celery
from redis import Redis
from sqlalchemy import Engine

from adapters.http.deadline import build_client
from adapters.postgres.database import open_engine, statement
from adapters.postgres.engine import items as item_rows
from adapters.postgres.engine import runs as run_rows
from adapters.postgres.shops.secrets import SecretBox
from adapters.redis.budget import CallBudget
from adapters.redis.token_stash import TokenStash
from workers.calls.counter import CallCounter
from workers.calls.directory import ShopDirectory
from workers.calls.gate import GateTools
from workers.calls.maintenance import ClosureBoard
from workers.calls.tokens.cache import TokenCache
from workers.calls.tokens.refresh import TokenTools
from workers.engine.drain import Draining
from workers.engine.leases import ITEMS, RUNS, LeaseKeeper
from workers.settings import Settings
from workers.wiring import places, secret_box

# One in so many threads may sleep for a shop's pace; one in so many may read a list for minutes.
SLEEPERS_SHARE = 2
COMPARES_SHARE = 4


class Process:
    """The composition root of a worker process."""

    def __init__(self, app: Celery, settings: Settings) -> None:
        """Open nothing yet but the pools; connections are made on first use."""
        found = places(settings)
        self.app = app
        self.settings = settings
        # One per thread, and a few for the lease keepers and counters.
        self.engine: Engine = open_engine(
            found.database_url, connections=settings.threads + 4, name="renkei worker"
        )
        self.box: SecretBox = secret_box(settings)
        self.redis: Redis = Redis.from_url(
            found.redis_url, socket_timeout=5, socket_connect_timeout=5, health_check_interval=10
        )
        self.http: httpx.Client = build_client()
        self.counter = CallCounter(self.engine)
        self.budget = CallBudget(self.redis, remembered=self.counter.remembered)
        self.closures = ClosureBoard(self.engine)
        self.token_tools = TokenTools(
            self.engine, self.box, self.http, TokenCache(), TokenStash(self.redis), self.closures
        )
        self.draining = Draining()
        self.directory = ShopDirectory(self.engine, self.box)
        self.gate_tools = GateTools(
            self.budget,
            self.closures,
            self.counter,
            self.draining,
            self.directory,
            threading.BoundedSemaphore(max(1, settings.threads // SLEEPERS_SHARE)),
        )
        self.compares = threading.BoundedSemaphore(max(1, settings.threads // COMPARES_SHARE))
        self.item_leases = LeaseKeeper(self._renew_items, kind=ITEMS)
        self.run_leases = LeaseKeeper(self._renew_runs, kind=RUNS)
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def _renew_items(self, held: Sequence[tuple[int, int]]) -> set[int]:
        with statement(self.engine) as connection:
            return item_rows.renew(connection, held)

    def _renew_runs(self, held: Sequence[tuple[int, int]]) -> set[int]:
        with statement(self.engine) as connection:
            return {
                run_id
                for run_id, generation in held
                if run_rows.renew(connection, run_id, generation)
            }

    def close(self) -> None:
        """Give back what was not begun, write down what is counted, let go of connections."""
        self.draining.give_back(self.engine)
        self.counter.write()
        self.http.close()
        self.redis.close()
        self.engine.dispose()


_making = threading.Lock()
_made: list[Process] = []


def current() -> Process:
    """Return this process's wiring, made by the first thread that asks."""
    if not _made:  # every item asks, and a lock would make the threads queue
        with _making:
            if not _made:
                from workers.app import app  # noqa: PLC0415 -- its tasks import this module

                _made.append(Process(app, Settings.from_environ()))
    return _made[0]
