"""A second place for tokens that were just given out, until PostgreSQL has them (CLS-6).

The cart kills the old refresh token the moment it answers. Between that answer and our commit a
crash would lose the shop's authorisation; one write to Redis makes that window very short, and
covers a database that is restarting. What is kept is sealed like everything secret.
"""

from contextlib import suppress
from typing import cast

from redis import Redis
from redis.exceptions import RedisError

KEEP_S = 86_400


class TokenStash:
    """Sealed tokens by shop id. Losing it loses nothing that PostgreSQL has."""

    def __init__(self, redis: Redis) -> None:
        """Nothing is read or written yet."""
        self._redis = redis

    def put(self, shop_id: int, sealed: bytes) -> None:
        """Keep sealed tokens; without Redis the commit that follows is all there is."""
        with suppress(RedisError):
            self._redis.set(_key(shop_id), sealed, ex=KEEP_S)

    def get(self, shop_id: int) -> bytes | None:
        """Return what a worker that crashed has left."""
        with suppress(RedisError):
            return cast("bytes | None", self._redis.get(_key(shop_id)))
        return None

    def drop(self, shop_id: int) -> None:
        """Forget tokens that PostgreSQL has."""
        with suppress(RedisError):
            self._redis.delete(_key(shop_id))


def _key(shop_id: int) -> str:
    return f"renkei:tokens:{shop_id}"
