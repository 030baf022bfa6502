"""Composition root: where the servers are, with which keys, and what one process shares."""

from dataclasses import dataclass

from redis import Redis
from sqlalchemy import Engine

from adapters.embedded import find_running
from adapters.postgres.database import open_engine
from adapters.postgres.shops.secrets import SecretBox
from adapters.redis.connections import open_redis
from workers.settings import Settings, private_secret

PRIVATE_KEY_FILE = "secret.key"


class NotRunning(Exception):
    """No private server runs for this home and none is configured."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where PostgreSQL and Redis are reached."""

    database_url: str
    redis_url: str


def places(settings: Settings) -> Places:
    """Return the configured addresses, else those of this home's private servers.

    Raises: NotRunning, with what to do about it.
    """
    if settings.database_url and settings.redis_url:
        return Places(settings.database_url, settings.redis_url)
    found = find_running(settings.home)
    if found is None:
        raise NotRunning(
            f"no private server runs for {settings.home}: start one with `renkei up`,"
            " or set RENKEI_DATABASE_URL and RENKEI_REDIS_URL"
        )
    return Places(
        settings.database_url or found.database_url, settings.redis_url or found.redis_url
    )


def broker_of(found: Places) -> Redis:
    """Return a client of Redis whose commands end within seconds; connects on first use."""
    return open_redis(found.redis_url)


def secret_box(settings: Settings) -> SecretBox:
    """Return the box for credentials; in private mode its key is made on first use."""
    if settings.secret_keys:
        return SecretBox(settings.secret_keys)
    return SecretBox([private_secret(settings.home, PRIVATE_KEY_FILE)])


def engine_of(settings: Settings, *, connections: int = 5, name: str = "renkei") -> Engine:
    """Return an engine for the database of these settings. Raises NotRunning."""
    return open_engine(places(settings).database_url, connections=connections, name=name)
