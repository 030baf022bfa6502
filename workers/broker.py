"""Kombu's Redis transport, which survives what is no message at all (SEC-1).

Kombu takes each entry of a queue's list for a message of its own; another one ends the worker.
"""

import binascii
from typing import Any

from kombu import transport
from kombu.transport import redis

from workers.messages import LARGEST_BODY, dropped

_BASE64 = "base64"
BINDING_PARTS = 3  # routing key, pattern, queue


class Channel(redis.Channel):
    """Drops what is not JSON."""

    def _brpop_read(self, **options: Any) -> object:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]
        except (ValueError, RecursionError):  # of reading JSON: all else is checked below
            dropped.note("not JSON")
            return True

    def get_table(self, exchange: str) -> list[tuple[str, str, str]]:
        """Return what is bound to an exchange, without what kombu did not write there."""
        return [row for row in super().get_table(exchange) if len(row) == BINDING_PARTS]


class Transport(redis.Transport):
    """Drops JSON that is not a message."""

    Channel = Channel

    def _deliver(self, message: Any, queue: Any) -> None:  # noqa: ANN401 -- kombu's own
        if is_message(message):
            super()._deliver(message, queue)
        else:
            dropped.note("not a message")


def is_message(entry: object) -> bool:
    """Tell whether kombu can make a message of an entry of a queue's list."""
    if not isinstance(entry, dict):
        return False
    body, headers, properties = (entry.get(name) for name in ("body", "headers", "properties"))
    if not (isinstance(headers, dict) and isinstance(properties, dict) and isinstance(body, str)):
        return False
    return (
        isinstance(properties.get("delivery_tag"), str)
        and properties.get("body_encoding") == _BASE64
        # Made larger by a reader, before anybody may look at its size.
        and "compression" not in headers
        and len(body) <= 2 * LARGEST_BODY
        and _is_base64(body)
    )


def _is_base64(text: str) -> bool:
    try:
        binascii.a2b_base64(text)
    except ValueError:
        return False
    return True


def install() -> None:
    """Have kombu use this transport for every address of Redis.

    By its table of schemes, since the setting of a transport is not asked for redis+socket://.
    """
    for scheme in ("redis", "rediss"):
        transport.TRANSPORT_ALIASES[scheme] = f"{__name__}:{Transport.__name__}"
