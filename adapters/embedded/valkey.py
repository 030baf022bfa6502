"""The private Redis, which is Valkey: its settings, and knowing when it is ready."""

import os
import signal
import socket
from pathlib import Path

from adapters.embedded.addresses import CONNECT_TIMEOUT_S, LOOPBACK
from adapters.embedded.binaries import valkey_server
from adapters.embedded.home import Home, write_private
from adapters.embedded.run_as import as_self

SETTINGS = {
    "bind": LOOPBACK,
    "protected-mode": "yes",
    "daemonize": "no",
    # Otherwise the process hides its command line, by which a leftover is known.
    "set-proc-title": "no",
    "databases": "64",
    "maxclients": "1000",
    "tcp-keepalive": "60",
    "timeout": "0",
    # A queue must not lose what it took, and must say so when it is full.
    "maxmemory-policy": "noeviction",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "auto-aof-rewrite-min-size": "16mb",
    # No snapshots: the append-only file has everything.
    "save": '""',
}


class Valkey:
    """What is particular about Valkey; SupervisedServer has what all servers share.

    Attributes:
        program: file name of its program.
        marker: a path on its command line that tells this home's server from another's.
        stop_signals: what asks it to leave, politest first.
    """

    name = "valkey"
    program = "valkey-server"
    stop_signals: tuple[signal.Signals, ...] = (signal.SIGTERM,)

    def __init__(self, home: Home) -> None:
        """Args: home: where its data lies."""
        self.marker = home.valkey_settings
        self._home = home
        self._binary = Path()

    def prepare(self) -> None:
        """Find the program; the data makes itself."""
        self._binary = valkey_server()

    def command(self, port: int) -> list[str]:
        """Write the settings for a port and return the command line."""
        # Escaped, for a path may have any bytes.
        path = "".join(f"\\x{byte:02x}" for byte in os.fsencode(self._home.valkey_data))
        # In a file, because every user of the machine can read command lines.
        settings = SETTINGS | {
            "port": str(port),
            "dir": f'"{path}"',
            "requirepass": self._home.passwords().redis,
        }
        text = "".join(f"{key} {value}\n" for key, value in settings.items())
        write_private(self._home.valkey_settings, text)
        return as_self().command([self._binary, self.marker], on_orphaned="SIGTERM")

    def ready(self, pid: int, port: int) -> bool:
        """Tell whether the server takes commands: only ours knows the password."""
        del pid  # the password proves whose server it is
        password = self._home.passwords().redis
        try:
            with socket.create_connection((LOOPBACK, port), timeout=CONNECT_TIMEOUT_S) as wire:
                wire.sendall(f"AUTH {password}\r\nPING\r\n".encode())
                said = b""
                while said.count(b"\r\n") < 2:  # noqa: PLR2004 - one line for each command
                    part = wire.recv(1024)
                    if not part:
                        return False
                    said += part
        except OSError:
            return False
        # While it still loads its file it answers PING with -LOADING.
        return said.startswith(b"+OK\r\n+PONG\r\n")

    def url(self, port: int) -> str:
        """Return the address for redis-py and kombu."""
        return f"redis://:{self._home.passwords().redis}@{LOOPBACK}:{port}/0"
