"""How Redis is reached: nobody waits for a silent one longer than seconds (PLC-1)."""

import socket
from typing import Any

from redis import Redis

ANSWER_S = 4
# What the network tells by itself, within 14 s; names that only some systems have are left out.
_PROBES = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 10_000}

SOCKETS: dict[str, Any] = {
    "socket_timeout": ANSWER_S,
    "socket_connect_timeout": ANSWER_S,
    "socket_keepalive": True,
    "socket_keepalive_options": {
        getattr(socket, name): value for name, value in _PROBES.items() if hasattr(socket, name)
    },
    # One that was idle for so long is asked first. Kombu gives up a BRPOP that is this late, and
    # looks as often: 11 s at the worst.
    "health_check_interval": 5,
}


def open_redis(url: str) -> Redis:
    """Return a client whose every command ends within seconds. Connects on first use."""
    client: Redis = Redis.from_url(url, **SOCKETS)
    return client
