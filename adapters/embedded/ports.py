"""Free loopback ports."""

import random
import socket
from pathlib import Path

from adapters.embedded.addresses import LOOPBACK

LOWEST_PORT = 10_240
FEWEST_CHOICES = 1_000
TRIES = 50
EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
# What both servers and the C library say when somebody else was quicker.
PORT_TAKEN = "Address already in use"


def free_port() -> int:
    """Return a loopback port that was free a moment ago.

    It lies below the range that the kernel takes for outgoing connections: a client that keeps
    trying a dead server's port in that range may in the end connect to itself and keep the server
    from coming back.
    """
    choices = range(LOWEST_PORT, _first_ephemeral_port())
    if len(choices) >= FEWEST_CHOICES:
        dice = random.SystemRandom()
        for _ in range(TRIES):
            port = dice.choice(choices)
            if can_bind(port):
                return port
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _first_ephemeral_port() -> int:
    """Return where the kernel's own choice of ports begins; 0 when it does not say."""
    try:
        return int(EPHEMERAL_RANGE.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 0


def can_bind(port: int) -> bool:
    """Tell whether nobody listens on a port."""
    with socket.socket() as probe:
        # As the servers do: connections of an earlier server that linger must not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
