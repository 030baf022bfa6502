"""How often each shop may be called: one atomic script per call (CLS-2).

PostgreSQL remembers the calls per hour; a shop Redis knows nothing of starts from there.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import cast

from redis import Redis

_log = logging.getLogger(__name__)

KEEP_S = 172_800  # two days: longer than any budget window

_SEED = """
local known = redis.pcall('HEXISTS', KEYS[1], 'h')
if type(known) == 'table' then
  redis.call('DEL', KEYS[1])
  known = 0
end
if known == 0 then
  local tokyo = tonumber(ARGV[4]) + 9 * 3600
  redis.call('HSET', KEYS[1], 'h', math.floor(tokyo / 3600), 'hn', ARGV[1],
    'd', math.floor(tokyo / 86400), 'dn', ARGV[2], 'at', 0)
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
return 1
"""

_RELEASE = """
if redis.call('HGET', KEYS[1], 'busy') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'busy', '')
end
return 1
"""

_FILL = """
local tokyo = tonumber(ARGV[3]) + 9 * 3600
if ARGV[1] == 'hour' then
  redis.call('HSET', KEYS[1], 'h', math.floor(tokyo / 3600), 'hn', ARGV[2])
else
  redis.call('HSET', KEYS[1], 'd', math.floor(tokyo / 86400), 'dn', ARGV[2])
end
return 1
"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one call asks for.

    Attributes:
        pace_ms: least time between two calls of the shop.
        longest_wait_ms: how long the caller is ready to wait for its turn.
        hour, day: the count from which on this kind of work waits, 0 = no limit.
        alone: name of the caller when the shop takes one call at a time, else blank.
        deadline_ms: how long the call may take.
        cart_ahead_s: how far the cart's clock is ahead: its hours and days are the cart's (CLK-2).
    """

    pace_ms: int
    longest_wait_ms: int
    hour: int
    day: int
    alone: str
    deadline_ms: int
    cart_ahead_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """`go` after `ms`, or blocked by `pace`, `hour` or `day` for `ms`."""

    verdict: str
    ms: int


class CallBudget:
    """Decides whether a call may be made, and counts it; in Redis or Valkey."""

    def __init__(
        self,
        redis: Redis,
        *,
        remembered: Callable[[int], tuple[int, int]],
        now: Callable[[], datetime],
    ) -> None:
        """Read the scripts; they are sent on first use.

        Args:
            remembered: calls of this hour and this day by shop id, from PostgreSQL.
            now: PostgreSQL's time, aware.
        """
        self._remembered = remembered
        self._now = now
        source = files("adapters.redis").joinpath("budget.lua").read_text(encoding="utf-8")
        self._ask = redis.register_script(source)
        self._seed = redis.register_script(_SEED)
        self._release = redis.register_script(_RELEASE)
        self._fill = redis.register_script(_FILL)

    def ask(self, shop_id: int, allowance: Allowance) -> Verdict:
        """Return whether one call may be made now, and count it if so.

        What stands in Redis and is not ours is dropped: PostgreSQL knows the counts (SEC-1).

        Raises redis.RedisError.
        """
        verdict = self._try(shop_id, allowance)
        if verdict.verdict == "broken":
            _log.warning(
                "call budget in Redis was broken: dropped, counted on from PostgreSQL's",
                extra={"fields": {"shop": shop_id}},
            )
        if verdict.verdict in {"unknown", "broken"}:
            self._remember(shop_id, allowance.cart_ahead_s)
            verdict = self._try(shop_id, allowance)
        return verdict

    def _try(self, shop_id: int, a: Allowance) -> Verdict:
        answer = cast(
            "list[bytes | int]",
            self._ask(
                keys=[_key(shop_id)],
                args=[
                    *(a.pace_ms, a.longest_wait_ms, a.hour, a.day, a.alone, a.deadline_ms),
                    self._cart_now_s(a.cart_ahead_s),
                ],
            ),
        )
        word = answer[0]
        return Verdict(word.decode() if isinstance(word, bytes) else str(word), int(answer[1]))

    def release(self, shop_id: int, alone: str) -> None:
        """End the turn of a caller that asked to be alone. Raises redis.RedisError."""
        self._release(keys=[_key(shop_id)], args=[alone])

    def fill(self, shop_id: int, limit: str, calls: int, *, cart_ahead_s: float = 0.0) -> None:
        """Set the count of this `hour` or `day`: the cart said its own limit is reached.

        Args: cart_ahead_s: see Allowance.
        Raises redis.RedisError.
        """
        self._remember(shop_id, cart_ahead_s)
        now_s = self._cart_now_s(cart_ahead_s)
        self._fill(keys=[_key(shop_id)], args=[limit, calls, now_s])

    def _remember(self, shop_id: int, cart_ahead_s: float) -> None:
        """Start from what PostgreSQL knows where Redis knows nothing of the shop."""
        hour, day = self._remembered(shop_id)
        self._seed(keys=[_key(shop_id)], args=[hour, day, KEEP_S, self._cart_now_s(cart_ahead_s)])

    def _cart_now_s(self, cart_ahead_s: float) -> int:
        return int(self._now().timestamp() + cart_ahead_s)


def _key(shop_id: int) -> str:
    return f"renkei:budget:{shop_id}"
