"""Asked right before every call to a cart: is the work still ours, may the shop be called now?"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from redis.exceptions import RedisError

from adapters.postgres.engine.api_log import WholeShop
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
    LeaseLost,
    LostTime,
    Postponed,
    Rejected,
    RemoteBusy,
    Stopping,
    SwitchedOff,
)
from workers.calls.board import ClosureBoard, ShopDirectory
from workers.calls.cart_clocks import CartClocks
from workers.calls.counter import CallCounter
from workers.calls.lost_time import LostTimeWatch
from workers.calls.pauses import PauseBoard
from workers.engine.context import Clock
from workers.engine.drain import Draining
from workers.engine.leases import GUARD_S, Lease

# A short wait for the shop's pace is slept in the thread; a longer one gives the thread back.
LONGEST_SLEEP_S = 1.05
_BROKER_PAUSE = timedelta(seconds=3)
_NEXT_HEARTBEAT = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class GateTools:
    """What the gates of one process share.

    Attributes:
        pauses: the shops that their cart does not serve for now.
        counter: keeps the calls per shop and hour.
        directory: how the shops' kill switches stand, seconds old at most.
        lost_time: notices a database that was set back.
        alive: whether the heartbeat of this process is written.
        sleepers: so many threads may sleep for a pace at once; the others go on.
    """

    budget: CallBudget
    closures: ClosureBoard
    pauses: PauseBoard
    counter: CallCounter
    draining: Draining
    directory: ShopDirectory
    lost_time: LostTimeWatch
    sleepers: threading.BoundedSemaphore
    alive: Callable[[], bool]
    clock: Clock
    cart_clocks: CartClocks


@dataclass(slots=True, kw_only=True)
class ShopGate:
    """Implements domain.carts.ports.CallGate for one claim.

    Attributes:
        by_hand: a person asked for the run and waits for it.
        before_sending: called for each call when its turn has come, right before it.
        calls: made so far.
    """

    shop: Shop
    action: Action
    lease: Lease
    tools: GateTools
    by_hand: bool
    before_sending: Callable[[], None] | None = None
    calls: int = 0
    _probing: int | None = None
    _trying: bool = False

    def admit(self, api: ApiFamily, deadline_s: float) -> None:
        """See CallGate.admit."""
        self._check_lease()
        to_probe = self.check(api)
        self._wait_for_turn(deadline_s)
        self._check_lease()
        if to_probe is not None:
            self._claim_probe(to_probe, api)
        self.claim_try()
        if self.before_sending is not None:
            self.before_sending()
            self._check_lease()
        self.calls += 1
        self.tools.counter.count(self.shop.id)

    def _check_lease(self) -> None:
        """Raise LeaseLost unless the work is certainly still ours."""
        if self.lease.lost or time.monotonic() > self.lease.good_until - GUARD_S:
            raise LeaseLost(f"the lease of {self.lease.id} ended")

    def check(self, api: ApiFamily) -> LiveClosure | None:
        """Raise unless calls of this family may be made now.

        Returns: the closure that the next call would find out about, None where it is open.

        Raises:
            Stopping: this worker was asked to stop.
            Postponed: nobody sees that this process lives (PLC-1).
            LostTime: the database was set back, and the cart was not read since.
            SwitchedOff: a person parked the shop or the action.
            Closed: the cart is closed.
            Postponed: the cart does not serve the shop.
        """
        if self.tools.draining.stopping.is_set():
            raise Stopping("this worker is stopping")
        if not self.tools.alive():
            until = self.tools.clock() + _NEXT_HEARTBEAT
            raise Postponed("this process cannot write that it lives", until=until)
        self.tools.lost_time.look()
        shop = self.tools.directory.shop(self.shop.id)
        if shop.lost_time:
            raise LostTime(f"{shop.key}: waits for `renkei db restored`")
        if shop.parked or self.action in shop.parked_actions:
            raise SwitchedOff(f"{shop.key}: {self.action} is parked")
        closure = self.tools.closures.closed(shop, api)
        if closure is None or closure.id == self._probing:
            if not self._trying:
                self.tools.pauses.check(shop.id)
            return None
        if closure.may_probe(self.tools.clock(), at_once=self._at_once(closure)):
            return closure
        raise _closed(closure, api)

    @property
    def probing(self) -> bool:
        """Whether the last call was due to find out if the cart is open, or serves the shop again.

        A probe of a person, who does not wait until it is due, tells nothing about how often to
        try.
        """
        return self._trying or (self._probing is not None and not self.by_hand)

    def answered(self) -> None:
        """Note that the cart answered: what this gate was allowed to find out about is over.

        Any answer of the cart's own ends a pause, also that of a call that was under way.
        """
        self._opened()
        if self.calls and (self._trying or self.tools.pauses.known(self.shop.id)):
            self.tools.pauses.ended(WholeShop(self.shop.id), self.action)
            self._trying = False

    def failed(self, error: Exception) -> None:
        """Note what ended the work: also a refusal is an answer of a cart that is open."""
        refused = isinstance(error, Rejected | AuthenticationFailed)
        if refused or (isinstance(error, BudgetSpent) and error.by_cart):
            self.answered()
        elif isinstance(error, RemoteBusy):
            self._opened()

    def _opened(self) -> None:
        if self._probing is not None:
            self.tools.closures.ended(self._probing)
            self._probing = None

    def claim_try(self) -> None:
        """Take the one call that finds out whether the shop is served again.

        Raises: Postponed: another one does, or it is not time for that.
        """
        pause = None if self._trying else self.tools.pauses.check(self.shop.id)
        if pause is None:
            return
        if not self.tools.pauses.claim_try(pause):
            raise self.tools.pauses.waiting(pause)
        self._trying = True

    def _at_once(self, closure: LiveClosure) -> bool:
        return closure.is_probed_at_once(self.shop.id, by_hand=self.by_hand)

    def _claim_probe(self, closure: LiveClosure, api: ApiFamily) -> None:
        """Take the one call that finds out; only now that nothing else keeps it from being made."""
        if not self.tools.closures.claim_probe(closure, at_once=self._at_once(closure)):
            raise _closed(closure, api)
        self._probing = closure.id

    def done(self) -> None:
        """See CallGate.done."""
        if self.shop.in_flight == 1:
            with suppress(RedisError):  # the turn ends by itself at the call's deadline
                self.tools.budget.release(self.shop.id, self.lease.name)

    def _wait_for_turn(self, deadline_s: float) -> None:
        may_sleep = self.tools.sleepers.acquire(blocking=False)
        try:
            give_up_at = time.monotonic() + (LONGEST_SLEEP_S if may_sleep else 0)
            while True:
                left_s = give_up_at - time.monotonic()
                if self._turn_came(deadline_s, left_s):
                    return
        finally:
            if may_sleep:
                self.tools.sleepers.release()

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
        until = self.tools.clock() + timedelta(seconds=wait_s)
        if verdict.verdict == "unknown":  # Redis was emptied in this very moment
            raise Postponed("call budget not known yet", until=self.tools.clock() + _BROKER_PAUSE)
        raise BudgetSpent(
            f"{self.shop.key}: no call left for now ({verdict.verdict})",
            until=until,
            limit=verdict.verdict,
        )

    def _ask(self, deadline_s: float, longest_wait_s: float) -> Verdict:
        hour, day = _ceilings(self.shop.cart, self.action)
        allowance = Allowance(
            pace_ms=round(1000 / self.shop.calls_per_second),
            longest_wait_ms=round(longest_wait_s * 1000),
            hour=hour,
            day=day,
            alone=self.lease.name if self.shop.in_flight == 1 else "",
            deadline_ms=round(deadline_s * 1000),
            cart_ahead_s=self.tools.cart_clocks.ahead(self.shop.api_url).total_seconds(),
        )
        try:
            return self.tools.budget.ask(self.shop.id, allowance)
        except RedisError as error:
            raise Postponed(
                f"call budget not reachable: {type(error).__name__}",
                until=self.tools.clock() + _BROKER_PAUSE,
            ) from error


@cache
def _ceilings(cart: Cart, action: Action) -> tuple[int, int]:
    """Return the calls of an hour and of a day from which on an action waits."""
    limits, reserve = limits_of(cart), ACTIONS[action].reserve
    return ceiling(reserve, limits.per_hour or 0), ceiling(reserve, limits.per_day or 0)


def _closed(closure: LiveClosure, api: ApiFamily) -> Closed:
    until = closure.end or closure.probe_at
    return Closed(f"{closure.cart}: closed for maintenance", api=api, until=until)
