"""Composition root: where the servers are, with which keys, and what one process shares."""

from dataclasses import dataclass

from sqlalchemy import Engine

from adapters.embedded import ServerAddresses, find_running
from adapters.postgres.database import open_engine
from adapters.postgres.shops.secrets import SecretBox
from workers.settings import Settings, private_secret

PRIVATE_KEY_FILE = "secret.key"


class NotRunning(Exception):
    """A server is not configured, and nobody runs private ones for this home."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where PostgreSQL and Redis are reached."""

    database_url: str
    redis_url: str


def places(settings: Settings) -> Places:
    """Return where both servers are. Raises NotRunning, with what to do about it."""
    return Places(database_url(settings), redis_url(settings))


def database_url(settings: Settings) -> str:
    """Return the configured PostgreSQL, else the private one of this home. Raises NotRunning.

    Whether it answers, its first user finds out: one server may be dead and the other at work.
    """
    if settings.database_url:
        return settings.database_url
    return _private(settings, "PostgreSQL", "RENKEI_DATABASE_URL").database_url


def redis_url(settings: Settings) -> str:
    """Return the configured Redis, else the private one of this home. Raises NotRunning."""
    if settings.redis_url:
        return settings.redis_url
    return _private(settings, "Redis", "RENKEI_REDIS_URL").redis_url


def _private(settings: Settings, server: str, variable: str) -> ServerAddresses:
    found = find_running(settings.home)
    if found is None:
        raise NotRunning(
            f"no private server runs for {settings.home}, so there is no {server}: start it with"
            f" `renkei up`, or set {variable}"
        )
    return found


def secret_box(settings: Settings) -> SecretBox:
    """Return the box for credentials; in private mode its key is made on first use."""
    if settings.secret_keys:
        return SecretBox(settings.secret_keys)
    return SecretBox([private_secret(settings.home, PRIVATE_KEY_FILE)])


def engine_of(
    settings: Settings, *, connections: int = 5, name: str = "renkei", bounded: bool = True
) -> Engine:
    """Return an engine for the database of these settings, see open_engine. Raises NotRunning."""
    url = database_url(settings)
    return open_engine(url, connections=connections, name=name, bounded=bounded)
