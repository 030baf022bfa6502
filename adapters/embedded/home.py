"""Where the private servers keep their things under RENKEI_HOME, and who may read them."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

# PostgreSQL keeps paths in buffers of 1,024 bytes and appends file names of up to ~60 of its own.
LONGEST_HOME_BYTES = 900
OWNER_ONLY_FOLDER = 0o700
OWNER_ONLY_FILE = 0o600


@dataclass(frozen=True, slots=True)
class Passwords:
    """What the servers ask of their clients; made once for each home."""

    postgres: str
    redis: str


class Home:
    """The folders and files of one RENKEI_HOME.

    Attributes:
        root: absolute path of RENKEI_HOME.
        control: locks, passwords and addresses.
        postgres_data: the cluster.
        valkey_data: the append-only file of the private Redis.
        valkey_settings: written again at every start.
        addresses: where other processes read how to connect.
        supervisor_lock: held by the one process that owns the servers of this home.
    """

    def __init__(self, root: Path) -> None:
        """Describe it; nothing is made yet."""
        self.root = root
        self.control = root / "servers"
        self.postgres_data = root / "postgres"
        self.valkey_data = root / "valkey"
        self.valkey_settings = self.control / "valkey.conf"
        self.addresses = self.control / "addresses.json"
        self.supervisor_lock = self.control / "supervisor.lock"

    def lock_of(self, server: str) -> Path:
        """Return the lock that every process of one server holds while it lives."""
        return self.control / f"{server}.lock"

    def log_of(self, server: str) -> Path:
        """Return the log file of one server."""
        return self.root / "log" / f"{server}.log"

    def create(self) -> None:
        """Make the folders that are missing; modes of existing folders stay as they are."""
        for folder in (self.root, self.control, self.root / "log", self.valkey_data):
            folder.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)

    def passwords(self) -> Passwords:
        """Return the passwords of this home, making them at the first call."""
        path = self.control / "passwords.json"
        try:
            return Passwords(**json.loads(path.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            # Hexadecimal digits need no quoting in URLs, SQL or configuration files.
            made = Passwords(postgres=secrets.token_hex(24), redis=secrets.token_hex(24))
            write_private(path, json.dumps(asdict(made)))
            return made


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner only."""
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(temporary, flags, OWNER_ONLY_FILE), "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)
