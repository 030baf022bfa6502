"""The private PostgreSQL: making its data, its settings, and knowing when it is ready."""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from adapters.embedded.addresses import LOOPBACK
from adapters.embedded.binaries import postgres_binaries
from adapters.embedded.errors import ServersUnavailable
from adapters.embedded.home import OWNER_ONLY_FOLDER, Home, write_private
from adapters.embedded.process import ENVIRONMENT
from adapters.embedded.run_as import RunAs, choose

ROLE = DATABASE = "renkei"
INITDB_TIMEOUT_S = 120.0
READY_LINE = 7  # of postmaster.pid, counted from 0; the pid itself is line 0
# A file beside the data: which password the cluster knows.
PASSWORD_MARK = "renkei_password.sha256"  # noqa: S105 - a file name

# For a machine that runs everything else too. Data is as safe as PostgreSQL makes it.
SETTINGS = {
    "listen_addresses": f"'{LOOPBACK}'",
    # No Unix socket: its path may be 107 bytes long at most, and RENKEI_HOME may be deeper.
    "unix_socket_directories": "''",
    # Inside the data folder: a killed server leaves nothing elsewhere, and containers have little
    # /dev/shm.
    "dynamic_shared_memory_type": "mmap",
    "max_connections": "200",
    "shared_buffers": "'64MB'",
    "max_wal_size": "'256MB'",
    "fsync": "on",
    "synchronous_commit": "on",
    # Nobody replicates a private server, and less is written this way.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # Short statements by key: parallel plans and compiled ones cost more than they save.
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "password_encryption": "'scram-sha-256'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "lc_messages": "'C'",
    "logging_collector": "off",
    "log_checkpoints": "off",
    "log_line_prefix": "'%m [%p] '",
}
# For tests only: nothing is asked of the disk, and a power cut may cost everything.
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# Nobody enters without the password of the one role; the superuser has none, so cannot enter.
ACCESS = f"host all all {LOOPBACK}/32 scram-sha-256\n"


class Postgres:
    """What is particular about PostgreSQL; SupervisedServer has what all servers share.

    Attributes:
        program: file name of its program.
        marker: a path on its command line that tells this home's server from another's.
        stop_signals: what asks it to leave, politest first.
    """

    name = "postgres"
    program = "postgres"
    # Fast shutdown (disconnects clients, writes a checkpoint), then immediate.
    stop_signals: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGQUIT)

    def __init__(self, home: Home, *, run_as: RunAs | None = None, durable: bool = True) -> None:
        """Describe the server of a home.

        Args:
            home: where its data lies.
            run_as: how to run it; found out at the first start when None.
            durable: False for tests that throw their data away.
        """
        self.marker = home.postgres_data
        self._home = home
        self._run_as = run_as
        self._settings = SETTINGS if durable else SETTINGS | THROW_AWAY
        self._binaries = Path()

    def prepare(self) -> None:
        """Make the cluster at the first start; afterwards see that we can use it."""
        made_by = _read(self.marker / "PG_VERSION")
        self._binaries = postgres_binaries(int(made_by) if made_by else None)
        if not self.marker.exists():
            self._make_cluster()
        _give(self.marker, self._way.owner)
        if _read(self.marker / PASSWORD_MARK) != self._password_mark():
            self._set_password(self.marker, [])
        # The lock says that no process of this cluster lives, so its pid is stale, and may by now
        # belong to a stranger: PostgreSQL would then refuse to start.
        (self.marker / "postmaster.pid").unlink(missing_ok=True)

    def command(self, port: int) -> list[str]:
        """Write the settings for a port and return the command line."""
        settings = self._settings | {"port": str(port)}
        self._write("postgresql.conf", "".join(f"{key} = {settings[key]}\n" for key in settings))
        self._write("pg_hba.conf", ACCESS)
        server: list[str | Path] = [self._binaries / "postgres", "-D", self.marker]
        return self._way.command(server, on_orphaned="SIGINT")

    def ready(self, pid: int, port: int) -> bool:
        """Tell whether the server takes connections; its own file says so, and for which pid."""
        del port  # the file belongs to this data, hence to this port
        lines = (_read(self.marker / "postmaster.pid") or "").splitlines()
        return (
            len(lines) > READY_LINE
            and lines[0] == str(pid)
            and lines[READY_LINE].strip() == "ready"
        )

    def url(self, port: int) -> str:
        """Return the address for SQLAlchemy."""
        password = self._home.passwords().postgres
        return f"postgresql+psycopg://{ROLE}:{password}@{LOOPBACK}:{port}/{DATABASE}"

    @property
    def _way(self) -> RunAs:
        """How PostgreSQL runs here, found out once."""
        if self._run_as is None:
            self._run_as = choose(self._binaries)
        return self._run_as

    def _make_cluster(self) -> None:
        """Make the cluster aside and move it into place, so a crash leaves none half made."""
        aside = self.marker.with_name(f"{self.marker.name}.new")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=OWNER_ONLY_FOLDER)
        os.chown(aside, *self._way.owner)
        # The built-in C.UTF-8 is the same on every system; "reject" is replaced by ACCESS.
        initdb: list[str | Path] = ["initdb", "-D", aside, "-U", "postgres", "-A", "reject"]
        initdb += ["-E", "UTF8", "--locale=C", "--locale-provider=builtin"]
        self._run([*initdb, "--builtin-locale=C.UTF-8", "--no-instructions"])
        self._set_password(
            aside,
            [f"CREATE ROLE {ROLE} LOGIN CREATEDB", f"CREATE DATABASE {DATABASE} OWNER {ROLE}"],
        )
        aside.rename(self.marker)

    def _set_password(self, data: Path, first: Sequence[str]) -> None:
        """Run statements and set the role's password, without a server or a superuser's password.

        Raises: ServersUnavailable: with what the server said.
        """
        password = self._home.passwords().postgres
        statements = [*first, f"ALTER ROLE {ROLE} PASSWORD '{password}'"]
        single_user: list[str | Path] = ["postgres", "--single", "-D", data, "postgres"]
        said = self._run(single_user, stdin="".join(f"{text}\n" for text in statements))
        # Single-user mode reports errors in words only.
        if "ERROR:" in said:
            raise ServersUnavailable(f"PostgreSQL: {said.strip()}")
        write_private(data / PASSWORD_MARK, self._password_mark())

    def _password_mark(self) -> str:
        """Return what shows which password the cluster knows."""
        return hashlib.sha256(self._home.passwords().postgres.encode()).hexdigest()

    def _run(self, command: Sequence[str | Path], *, stdin: str = "") -> str:
        """Run one of PostgreSQL's programs to its end and return what it said."""
        program = [self._binaries / command[0], *command[1:]]
        done = subprocess.run(
            self._way.command(program, on_orphaned="SIGKILL"),
            input=stdin,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=ENVIRONMENT,
            cwd="/",
            timeout=INITDB_TIMEOUT_S,
            check=False,
        )
        if done.returncode != 0:
            raise ServersUnavailable(f"{command[0]} failed: {done.stdout.strip()}")
        return done.stdout

    def _write(self, name: str, text: str) -> None:
        """Replace a file of the cluster, for the user that the server runs as."""
        write_private(self.marker / name, text)
        os.chown(self.marker / name, *self._way.owner)


def _read(path: Path) -> str | None:
    """Return a file's text, None when it is not there (any more)."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(encoding="utf-8")
    return None


def _give(folder: Path, owner: tuple[int, int]) -> None:
    """Make a folder and all in it somebody's, when the way PostgreSQL runs here has changed."""
    found = folder.stat()
    if (found.st_uid, found.st_gid) == owner:
        return
    for path in folder.rglob("*"):
        os.chown(path, *owner, follow_symlinks=False)
    # Last, so that a crash in between makes the next start begin again.
    os.chown(folder, *owner)
