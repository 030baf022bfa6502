"""A shop's cart for one command at the terminal: no lease, but the same budget and closures."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine

from adapters.http.deadline import build_client
from adapters.postgres.clock import DatabaseClock
from adapters.postgres.shops.shops import Shop
from adapters.redis.budget import Allowance, CallBudget, Verdict
from adapters.redis.connections import open_redis
from adapters.redis.token_stash import TokenStash
from domain.carts.cart import limits_of
from domain.carts.ports import TokenStore
from domain.engine.budget import Limit
from domain.errors import ApiFamily, Closed, RemoteBusy
from workers.calls.board import ClosureBoard
from workers.calls.counter import CallCounter
from workers.calls.tokens.cache import TokenCache
from workers.calls.tokens.refresh import TokenTools
from workers.calls.work import ShopCart, open_cart
from workers.places import redis_url, secret_box
from workers.settings import Settings

# A person waits this long for the shop's turn.
LONGEST_WAIT_S = 30.0
_USED_UP = frozenset({Limit.HOUR.value, Limit.DAY.value})


@dataclass(frozen=True, slots=True)
class InteractiveGate:
    """Implements domain.carts.ports.CallGate for a person who waits.

    Attributes:
        wait_for_calls: waits so many seconds where the calls of the hour or day are used up; None =
            the person is told instead.
    """

    shop: Shop
    budget: CallBudget
    closures: ClosureBoard
    counter: CallCounter
    wait_for_calls: Callable[[float], None] | None = None

    def admit(self, api: ApiFamily, deadline_s: float) -> None:
        """See CallGate.admit."""
        closure = self.closures.closed(self.shop, api)
        if closure is not None:
            raise Closed(f"{self.shop.cart} is closed for maintenance", api=api)
        verdict = self._ask(deadline_s)
        while self.wait_for_calls is not None and verdict.verdict in _USED_UP:
            self.wait_for_calls(verdict.ms / 1000)
            verdict = self._ask(deadline_s)
        if verdict.verdict != "go":
            raise RemoteBusy(f"{self.shop.key}: no call left for now ({verdict.verdict})")
        time.sleep(verdict.ms / 1000)
        self.counter.count(self.shop.id)

    def _ask(self, deadline_s: float) -> Verdict:
        limits = limits_of(self.shop.cart)
        allowance = Allowance(
            pace_ms=round(1000 / self.shop.calls_per_second),
            longest_wait_ms=round(LONGEST_WAIT_S * 1000),
            hour=limits.per_hour or 0,
            day=limits.per_day or 0,
            alone="",
            deadline_ms=round(deadline_s * 1000),
        )
        try:
            return self.budget.ask(self.shop.id, allowance)
        except RedisError as error:
            away = f"the call budget in Redis is not reachable ({type(error).__name__})"
            raise RemoteBusy(f"{away}: no cart is called; see `renkei doctor`") from error

    def done(self) -> None:
        """See CallGate.done: a command at the terminal takes no exclusive turn."""


@contextmanager
def open_shop_cart(
    settings: Settings,
    engine: Engine,
    shop: Shop,
    tokens: TokenStore | None = None,
    *,
    wait_for_calls: Callable[[float], None] | None = None,
) -> Iterator[ShopCart]:
    """Open one shop's cart for the length of a command.

    Args:
        tokens: of a BASE shop, in place of those that are stored.
        wait_for_calls: see InteractiveGate.
    Raises: NotRunning.
    """
    redis: Redis = open_redis(redis_url(settings))
    counter = CallCounter(engine)
    http = build_client()
    now = DatabaseClock(engine).now
    closures = ClosureBoard(engine, now)
    box = secret_box(settings)
    try:
        gate = InteractiveGate(
            shop,
            CallBudget(redis, remembered=counter.remembered, now=now),
            closures,
            counter,
            wait_for_calls,
        )
        yield open_cart(
            TokenTools(engine, box, http, TokenCache(), TokenStash(redis), closures, now),
            shop,
            gate,
            tokens,
        )
    finally:
        counter.write()
        http.close()
        redis.close()
