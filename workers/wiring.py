"""Composition root: what one worker process is made of, and which actions it runs."""

import logging
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

import httpx
from celery import Celery
from redis import Redis
from redis.exceptions import RedisError, ResponseError
from sqlalchemy import Engine

from adapters.http.deadline import build_client
from adapters.postgres.clock import DatabaseClock
from adapters.postgres.database import autocommit, open_engine, within
from adapters.postgres.engine import items, runs
from adapters.postgres.stock import pushes
from adapters.redis.budget import CallBudget
from adapters.redis.connections import open_redis
from adapters.redis.high_water import HighWater
from adapters.redis.own_keys import is_of_another_kind
from adapters.redis.token_stash import TokenStash
from domain.actions import ACTIONS, Action
from domain.engine.liveness import ProcessKind
from domain.engine.runs import RunMode
from workers import names
from workers.actions.complete_orders import CompleteOrders
from workers.actions.confirm_orders import ConfirmOrders
from workers.actions.import_orders import ImportOrders
from workers.actions.return_shipments.action import ReturnShipments
from workers.actions.sync_status import SyncStatus
from workers.actions.sync_stock import SyncStock
from workers.calls.accounts import AccountProver
from workers.calls.board import ClosureBoard, ShopDirectory
from workers.calls.cart_clocks import CartClocks
from workers.calls.counter import CallCounter
from workers.calls.gate import GateTools
from workers.calls.lost_time import LostTimeWatch
from workers.calls.pauses import PauseBoard
from workers.calls.reactions import CartReactions
from workers.calls.shop_care import ShopCare
from workers.calls.tokens.cache import TokenCache
from workers.calls.tokens.care import TokenCare
from workers.calls.tokens.refresh import TokenTools
from workers.calls.work import WorkTools
from workers.engine.context import ActionHandler, Clock, Reactions
from workers.engine.dispatcher import Dispatcher
from workers.engine.drain import Draining
from workers.engine.leases import ITEMS, RUNS, LeaseKeeper
from workers.engine.registry import Registration, Registry, registry_of
from workers.heartbeat import Heartbeat
from workers.places import places, secret_box
from workers.schema_watch import SchemaWatch
from workers.settings import Settings

# One in so many threads may sleep for a shop's pace; one in so many may read a list for minutes.
SLEEPERS_SHARE = 2
PLAN_SLOTS_SHARE = 4
# On a silent connection; the next renewal takes another one before the lease ends.
RENEWAL_ANSWER_S = 4.0

# Which start of Redis the notes were sent to; gone when it was emptied. When it is another one,
# what workers had fetched died with their connections, and everything queued is sent again at once.
_MARKER = "renkei:notes-sent-to"

_log = logging.getLogger(__name__)


def of_table(action: Action, handler: ActionHandler) -> Registration:
    """Return an action for the engine as its row of the table says."""
    facts = ACTIONS[action]
    return Registration(
        action=action.value,
        handler=handler,
        address=names.address_of(action),
        label=facts.label,
        category=facts.category,
        priority=facts.priority,
        api=facts.api,
    )


REGISTRY = registry_of(
    [
        replace(
            of_table(Action.IMPORT_ORDERS, ImportOrders()),
            heals_on_skip=True,
            heals_when_listed=True,
            followed_by=Action.CONFIRM_ORDERS.value,
        ),
        replace(of_table(Action.CONFIRM_ORDERS, ConfirmOrders()), heals_on_skip=True),
        replace(of_table(Action.SYNC_STATUS, SyncStatus()), heals_on_skip=True),
        of_table(Action.RETURN_SHIPMENTS, ReturnShipments()),
        of_table(Action.COMPLETE_ORDERS, CompleteOrders()),
        replace(
            of_table(Action.SYNC_STOCK, SyncStock()),
            owes=pushes.push_again_what_was_lost,
            scarce=frozenset({RunMode.COMPARE}),
        ),
    ]
)


class Process:
    """One worker process; implements workers.engine.host.Host."""

    def __init__(
        self, app: Celery, settings: Settings, registry: Registry = REGISTRY, *, node: str = ""
    ) -> None:
        """Open nothing yet but the pools; connections are made on first use.

        Args: node: Celery's name of the worker, unique among all.
        """
        found = places(settings)
        self.settings = settings
        self.registry = registry
        # One per thread, and a few for the lease keepers, counters and the clock.
        self.database: Engine = open_engine(
            found.database_url, connections=settings.threads + 5, name="renkei worker"
        )
        self.database_clock = DatabaseClock(self.database)
        self.clock: Clock = self.database_clock.now
        self.autocommit = autocommit(self.database)
        self.schema = SchemaWatch(self.database)
        self.redis: Redis = open_redis(found.redis_url)
        self.http: httpx.Client = build_client()
        addresses = {action: one.address for action, one in registry.items()}
        self.dispatcher = Dispatcher(app, plan=names.PLAN, items=addresses)
        self.draining = Draining()
        self.heartbeat = Heartbeat(self.database, ProcessKind.WORKER, node)
        self.item_leases = LeaseKeeper(self._renew_items, kind=ITEMS)
        self.run_leases = LeaseKeeper(self._renew_runs, kind=RUNS)
        self.plan_slots = _share(settings.threads, PLAN_SLOTS_SHARE)
        self._open_calls()

    def _open_calls(self) -> None:
        """Make what calls to carts share."""
        box = secret_box(self.settings)
        now: Clock = lambda: self.clock()  # noqa: E731, PLW0108 -- as it is then, not as it is now
        self.cart_clocks = CartClocks(self.autocommit, now)
        self.http.event_hooks["response"].append(self.cart_clocks.heard)
        self.counter = CallCounter(self.database)
        self.budget = CallBudget(self.redis, remembered=self.counter.remembered, now=now)
        self.closures = ClosureBoard(self.database, now)
        self.pauses = PauseBoard(self.database, now)
        self.directory = ShopDirectory(self.autocommit, box)
        self.token_tools = TokenTools(
            self.database, box, self.http, TokenCache(), TokenStash(self.redis), self.closures, now
        )
        self.gate_tools = GateTools(
            self.budget,
            self.closures,
            self.pauses,
            self.counter,
            self.draining,
            self.directory,
            LostTimeWatch(self.database, HighWater(self.redis), noticed=self.directory.forget_all),
            _share(self.settings.threads, SLEEPERS_SHARE),
            lambda: self.heartbeat.alive,
            now,
            self.cart_clocks,
        )
        prover = AccountProver(self.token_tools, self.directory, now)
        self.open_work = WorkTools(
            self.database, self.autocommit, self.token_tools, self.gate_tools, prover, now
        ).open_work
        reactions = CartReactions(
            self.directory, self.closures, self.pauses, self.budget, now, self.cart_clocks
        )
        self.reactions: Reactions = reactions
        self.token_care = TokenCare(self.token_tools, self.directory, reactions, self.draining)
        self.shop_care = ShopCare(
            self.token_tools, self.directory, self.budget, self.counter, self.draining
        )

    def free_turns(self, claims: Iterable[tuple[int, str]]) -> None:
        """See Host.free_turns; a broker that does not answer is asked once."""
        with suppress(RedisError):
            for shop_id, claim_name in claims:
                self.budget.release(shop_id, claim_name)

    def broker_start(self) -> str | None:
        """See Host.broker_start; always the same word where we may not ask."""
        try:
            try:
                start = str(self.redis.info("server").get("run_id", ""))
            except ResponseError:
                start = ""
            return None if self._marked_before(start) == start.encode() else start
        except RedisError:
            return None

    def _marked_before(self, start: str) -> object:
        """Leave the mark of this start of Redis; returns the one that stood there."""
        try:
            return self.redis.set(_MARKER, start, get=True)
        except ResponseError as error:
            if not is_of_another_kind(error):
                raise
            _log.warning("the mark in Redis was broken: dropped, notes are sent again")
            self.redis.delete(_MARKER)
            return self.redis.set(_MARKER, start, get=True)

    def _renew_items(self, held: Sequence[tuple[int, int]]) -> set[int]:
        with self.autocommit.connect() as connection, within(connection, RENEWAL_ANSWER_S):
            return items.renew(connection, held)

    def _renew_runs(self, held: Sequence[tuple[int, int]]) -> set[int]:
        with self.autocommit.connect() as connection, within(connection, RENEWAL_ANSWER_S):
            return {
                run_id for run_id, generation in held if runs.renew(connection, run_id, generation)
            }

    def close(self) -> None:
        """Give back what was not begun, write down what is counted, let go of connections."""
        self.heartbeat.stop()
        self.draining.give_back(self.database)
        self.counter.write()
        self.http.close()
        self.redis.close()
        self.database.dispose()


def _share(threads: int, of: int) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(max(1, threads // of))


_making = threading.Lock()
_made: list[Process] = []


def current(node: str = "") -> Process:
    """Return this process's wiring, made by the first thread that asks. Args: see Process."""
    if not _made:  # every item asks, and a lock would make the threads queue
        with _making:
            if not _made:
                from workers.app import app  # noqa: PLC0415 -- its tasks import this module

                _made.append(Process(app, Settings.from_environ(), node=node))
    return _made[0]
