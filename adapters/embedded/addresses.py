"""How other processes find the private servers of a home."""

import json
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from adapters.embedded.home import Home, write_private
from adapters.embedded.locks import is_held

LOOPBACK = "127.0.0.1"
CONNECT_TIMEOUT_S = 0.5


@dataclass(frozen=True, slots=True)
class ServerAddresses:
    """Where the servers of a home listen, with the passwords they ask for.

    Attributes:
        database_url: for SQLAlchemy, `postgresql+psycopg://...`.
        redis_url: one URL that redis-py and kombu both take, `redis://...`.
    """

    database_url: str
    redis_url: str


def publish(home: Home, addresses: ServerAddresses) -> None:
    """Let other processes of the same user find the servers."""
    write_private(home.addresses, json.dumps(asdict(addresses)))


def find_running(home: Path) -> ServerAddresses | None:
    """Return the addresses of the servers somebody runs for a home, or None.

    One of them may be dead for a moment: it is started again on its port, and whoever needs it
    finds out by itself. What only needs the other one goes on.

    Args: home: RENKEI_HOME; it need not exist.
    """
    layout = Home(home.absolute())
    # The lock tells an address file that a killed supervisor left behind from a living one.
    if not is_held(layout.supervisor_lock):
        return None
    try:
        return ServerAddresses(**json.loads(layout.addresses.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def answers(port: int) -> bool:
    """Tell whether something listens on a loopback port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=CONNECT_TIMEOUT_S).close()
    except OSError:
        return False
    return True
