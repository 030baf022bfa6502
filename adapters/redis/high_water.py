"""How far runs had come, remembered outside the database, which may be set back (PLC-2)."""

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from redis import Redis
from redis.exceptions import RedisError

_log = logging.getLogger(__name__)

_RAISE = """
local known = redis.pcall('GET', KEYS[1]) or ''
local highest = type(known) == 'string' and tonumber(string.match(known, '^(%d+):%d+$'))
local broken = known ~= '' and not highest
if broken then redis.call('DEL', KEYS[1]) end
if tonumber(ARGV[1]) > (highest or -1) then
  redis.call('SET', KEYS[1], ARGV[1] .. ':' .. ARGV[2])
end
return broken and 0 or 1
"""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A run somebody saw. Attributes: created_us: when it was made, microseconds since 1970.

    A database that was set back gives the same ids again; the moment tells such a run apart.
    """

    run_id: int
    created_us: int


class HighWater:
    """The highest run any process has seen of an installation's database.

    Losing it, or not reaching Redis, loses the warning and nothing else.
    """

    def __init__(self, redis: Redis) -> None:
        """Nothing is read or written yet."""
        self._redis = redis
        self._raise = redis.register_script(_RAISE)

    def read(self, installation: str) -> Mark | None:
        """Return the highest run remembered; None where none is, or what is there is no run."""
        with suppress(RedisError, ValueError):
            found = cast("bytes | None", self._redis.get(_key(installation)))
            run_id, _, created_us = (found or b"").partition(b":")
            return Mark(int(run_id), int(created_us))
        return None

    def raise_to(self, installation: str, mark: Mark) -> None:
        """Remember a run unless a higher one is; what stands there and is no run is dropped."""
        with suppress(RedisError):
            if not self._raise(keys=[_key(installation)], args=[mark.run_id, mark.created_us]):
                _log.warning("the highest run in Redis was broken: dropped, remembered anew")

    def forget(self, installation: str) -> None:
        """Begin anew: the database was set back on purpose. Raises redis.RedisError."""
        self._redis.delete(_key(installation))


def _key(installation: str) -> str:
    return f"renkei:highest-run:{installation}"
