"""Asked right before every call to a cart: is the work still ours, may the shop be called now?

What was let through is counted per shop and hour: the budget's memory (CLS-2).
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from redis.exceptions import RedisError
from sqlalchemy import Engine

from adapters.postgres.engine import call_counts
from adapters.postgres.engine.maintenance import LiveClosure
from adapters.postgres.shops.shops import Shop
from adapters.redis.budget import Allowance, CallBudget, Verdict
from domain.actions import ACTIONS, Action
from domain.carts.cart import Cart, limits_of
from domain.engine.budget import ceiling
from domain.errors import (
    ApiFamily,
    AuthenticationFailed,
    BudgetSpent,
    Closed,
    Postponed,
    Rejected,
    RemoteBusy,
    Stopping,
    SwitchedOff,
    Transient,
)
from workers.calls.directory import ShopDirectory
from workers.calls.maintenance import ClosureBoard
from workers.engine.drain import Draining
from workers.engine.leases import Lease

_log = logging.getLogger(__name__)

# A short wait for the shop's pace is slept in the thread; a longer one gives the thread back.
LONGEST_SLEEP_S = 1.05
_BROKER_PAUSE = timedelta(seconds=3)
# Counts are written down this often; a killed process loses that much of them.
WRITE_EVERY_S = 5.0


class CallCounter:
    """Counts the calls of one process and writes them down now and then.

    A killed process loses a few seconds of counts; the cart's own answer corrects the rest.
    """

    def __init__(self, database: Engine) -> None:
        """Args: database: where the counts go."""
        self._database = database
        self._guard = threading.Lock()
        self._calls: Counter[int] = Counter()
        self._written_at = time.monotonic()

    def count(self, shop_id: int) -> None:
        """Count one call; whoever finds the last writing long past writes for all."""
        with self._guard:
            self._calls[shop_id] += 1
            if time.monotonic() - self._written_at < WRITE_EVERY_S:
                return
            self._written_at = time.monotonic()
        self.write()

    def write(self) -> None:
        """Write what is counted; on a database failure keep it for the next time."""
        with self._guard:
            calls, self._calls = self._calls, Counter()
        if not calls:
            return
        try:
            with self._database.begin() as connection:
                call_counts.add(connection, calls)
        except Transient as error:
            _log.warning("calls not written down: %s", error)
            with self._guard:
                self._calls.update(calls)

    def remembered(self, shop_id: int) -> tuple[int, int]:
        """Return the calls of this hour and this day in Tokyo, from PostgreSQL."""
        self.write()
        with self._database.begin() as connection:
            made = call_counts.of_shop(connection, shop_id)
        return made.hour, made.day


@dataclass(frozen=True, slots=True)
class GateTools:
    """What the gates of one process share.

    Attributes:
        counter: keeps the calls per shop and hour.
        directory: how the shops' kill switches stand, seconds old at most.
        sleepers: so many threads may sleep for a pace at once; the others go on.
    """

    budget: CallBudget
    closures: ClosureBoard
    counter: CallCounter
    draining: Draining
    directory: ShopDirectory
    sleepers: threading.BoundedSemaphore


class ShopGate:
    """Implements domain.ports.CallGate for one claim."""

    def __init__(
        self,
        shop: Shop,
        action: Action,
        lease: Lease,
        tools: GateTools,
        *,
        by_hand: bool,
    ) -> None:
        """Bind the gate to one claim.

        Args: by_hand: a person asked for the run and waits for it.
        """
        self._shop = shop
        self._action = action
        self._lease = lease
        self._budget = tools.budget
        self._closures = tools.closures
        self._counter = tools.counter
        self._draining = tools.draining
        self._directory = tools.directory
        self._sleepers = tools.sleepers
        self._by_hand = by_hand
        self._probing: int | None = None
        self._alone = lease.name if shop.in_flight == 1 else ""
        self._before_sending: Callable[[], None] | None = None
        self.calls = 0

    @contextmanager
    def before_sending(self, note: Callable[[], None]) -> Iterator[None]:
        """Call `note` for each call inside the block when its turn has come, right before it."""
        self._before_sending = note
        try:
            yield
        finally:
            self._before_sending = None

    def admit(self, api: ApiFamily, deadline_s: float) -> None:
        """See CallGate.admit."""
        self._lease.check()
        to_probe = self.check(api)
        self._wait_for_turn(deadline_s)
        self._lease.check()
        if to_probe is not None:
            self._claim_probe(to_probe, api)
        if self._before_sending is not None:
            self._before_sending()
            self._lease.check()
        self.calls += 1
        self._counter.count(self._shop.id)

    def check(self, api: ApiFamily) -> LiveClosure | None:
        """Raise unless calls of this family may be made now.

        Returns: the closure that the next call would find out about, None where it is open.

        Raises:
            Stopping: this worker was asked to stop.
            SwitchedOff: a person parked the shop or the action.
            Closed: the cart is closed.
        """
        if self._draining.stopping.is_set():
            raise Stopping("this worker is stopping")
        shop = self._directory.shop(self._shop.id)
        if shop.parked or self._action in shop.parked_actions:
            raise SwitchedOff(f"{shop.key}: {self._action} is parked")
        closure = self._closures.closed(shop.cart, api)
        if closure is None or closure.id == self._probing:
            return None
        if closure.may_probe(datetime.now(UTC), at_once=self._at_once(closure)):
            return closure
        raise _closed(closure, api)

    @property
    def probing(self) -> bool:
        """Whether the last call was due to find out if the cart is open again.

        That of a person who does not wait for it tells nothing about how often to try.
        """
        return self._probing is not None and not self._by_hand

    def answered(self) -> None:
        """Note that the cart answered: a closure this gate was allowed to probe is over."""
        if self._probing is not None:
            self._closures.ended(self._probing)
            self._probing = None

    def failed(self, error: Exception) -> None:
        """Note what ended the work: also a refusal is an answer of a cart that is open."""
        refused = isinstance(error, Rejected | AuthenticationFailed | RemoteBusy)
        if refused or (isinstance(error, BudgetSpent) and error.by_cart):
            self.answered()

    def _at_once(self, closure: LiveClosure) -> bool:
        return closure.is_probed_at_once(self._shop.id, by_hand=self._by_hand)

    def _claim_probe(self, closure: LiveClosure, api: ApiFamily) -> None:
        """Take the one call that finds out; only now that nothing else keeps it from being made."""
        if not self._closures.claim_probe(closure, at_once=self._at_once(closure)):
            raise _closed(closure, api)
        self._probing = closure.id

    def done(self) -> None:
        """See CallGate.done."""
        if self._alone:
            with suppress(RedisError):  # the turn ends by itself at the call's deadline
                self._budget.release(self._shop.id, self._alone)

    def _wait_for_turn(self, deadline_s: float) -> None:
        may_sleep = self._sleepers.acquire(blocking=False)
        try:
            give_up_at = time.monotonic() + (LONGEST_SLEEP_S if may_sleep else 0)
            while True:
                left_s = give_up_at - time.monotonic()
                if self._turn_came(deadline_s, left_s):
                    return
        finally:
            if may_sleep:
                self._sleepers.release()

    def _turn_came(self, deadline_s: float, left_s: float) -> bool:
        verdict = self._ask(deadline_s, max(0.0, left_s))
        if verdict.verdict == "go":
            if verdict.ms:  # sleeping for nothing still hands the interpreter to another thread
                time.sleep(verdict.ms / 1000)
            return True
        wait_s = verdict.ms / 1000
        if verdict.verdict == "pace" and wait_s < left_s:
            time.sleep(wait_s)
            return False
        until = datetime.now(UTC) + timedelta(seconds=wait_s)
        if verdict.verdict == "unknown":  # Redis was emptied in this very moment
            raise Postponed("call budget not known yet", until=datetime.now(UTC) + _BROKER_PAUSE)
        raise BudgetSpent(
            f"{self._shop.key}: no call left for now ({verdict.verdict})",
            until=until,
            limit=verdict.verdict,
        )

    def _ask(self, deadline_s: float, longest_wait_s: float) -> Verdict:
        hour, day = _ceilings(self._shop.cart, self._action)
        allowance = Allowance(
            pace_ms=round(1000 / self._shop.calls_per_second),
            longest_wait_ms=round(longest_wait_s * 1000),
            hour=hour,
            day=day,
            alone=self._alone,
            deadline_ms=round(deadline_s * 1000),
        )
        try:
            return self._budget.ask(self._shop.id, allowance)
        except RedisError as error:
            raise Postponed(
                f"call budget not reachable: {type(error).__name__}",
                until=datetime.now(UTC) + _BROKER_PAUSE,
            ) from error


@cache
def _ceilings(cart: Cart, action: Action) -> tuple[int, int]:
    """Return the calls of an hour and of a day from which on an action waits."""
    limits, reserve = limits_of(cart), ACTIONS[action].reserve
    return ceiling(reserve, limits.per_hour or 0), ceiling(reserve, limits.per_day or 0)


def _closed(closure: LiveClosure, api: ApiFamily) -> Closed:
    until = closure.end or closure.probe_at
    return Closed(f"{closure.cart}: closed for maintenance", api=api, until=until)
