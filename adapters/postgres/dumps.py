"""A whole database as one stream, by PostgreSQL's own programs (`renkei db backup`, `db restore`).

What they write is SQL in the end: a newer pg_dump reads an older server.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from sqlalchemy import make_url

from domain.errors import BrokenRule

PROGRAMS = ("pg_dump", "pg_restore", "psql")
_VERSION = re.compile(rb"\(PostgreSQL\) (\d+)")
# Only what a message says happened: its details may quote rows.
_ERROR = re.compile(r"(?i)error:\s*(.*)")
_IN_ITS_PLACE = b"begin; drop schema if exists public cascade; create schema public;\n"
_CHUNK = 1 << 20


def version_of(folder: Path) -> int | None:
    """Return the major version of the programs in a folder, None where one is missing."""
    if not all(os.access(folder / name, os.X_OK) for name in PROGRAMS):
        return None
    told = subprocess.run((folder / "pg_dump", "--version"), capture_output=True, check=False)
    found = _VERSION.search(told.stdout)
    return int(found[1]) if found else None


def dump(database_url: str, programs: Path, into: IO[bytes]) -> None:
    """Write the database as it is at one moment, compressed. Raises BrokenRule: it failed."""
    words = ("-Fc", "--no-owner", "--no-privileges", "--lock-wait-timeout=30s")
    with _environment(database_url) as environ, tempfile.TemporaryFile() as messages:
        with subprocess.Popen(
            (programs / "pg_dump", *words), env=environ, stdout=subprocess.PIPE, stderr=messages
        ) as process:
            shutil.copyfileobj(_pipe(process.stdout), into, _CHUNK)
        _check("pg_dump", process.returncode, messages)


def restore(database_url: str, programs: Path, file: Path) -> None:
    """Put a dump in place of everything in the database, in one transaction.

    Raises: BrokenRule: it failed, and the database is as it was.
    """
    reading = (programs / "pg_restore", "--no-owner", "--no-privileges", "-f", "-", file)
    words = ("-X", "-q", "-o", os.devnull, "-v", "ON_ERROR_STOP=1", "-f", "-")
    with _environment(database_url) as environ, tempfile.TemporaryFile() as messages:
        with (
            subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=messages) as sql,
            subprocess.Popen(
                (programs / "psql", *words), env=environ, stdin=subprocess.PIPE, stderr=messages
            ) as psql,
            suppress(BrokenPipeError),  # its own message says why
            _pipe(psql.stdin) as into,
        ):
            into.write(_IN_ITS_PLACE)
            shutil.copyfileobj(_pipe(sql.stdout), into, _CHUNK)
            if sql.wait() == 0:  # a dump that breaks off is not committed
                into.write(b"commit;\n")
        _check("pg_restore", sql.returncode or psql.returncode, messages)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("a pipe was asked for")
    return stream


def _check(program: str, code: int, messages: IO[bytes]) -> None:
    if code:
        messages.seek(0)
        found = _ERROR.search(messages.read().decode("utf-8", "replace"))
        raise BrokenRule(f"{program}: {found[1] if found else f'ended with {code}'}")


@contextmanager
def _environment(database_url: str) -> Iterator[Mapping[str, str]]:
    """Yield an environment that says where the database is; the password is in no argument."""
    url = make_url(database_url)
    where = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
        **{name: value for name, value in url.query.items() if isinstance(value, str)},
    }
    with tempfile.TemporaryDirectory(prefix="renkei-") as folder:
        file = Path(folder) / "service.conf"
        file.touch(mode=0o600)
        told = [f"{name}={value}" for name, value in where.items() if value is not None]
        file.write_text("\n".join(["[renkei]", *told, ""]), encoding="utf-8")
        others = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        yield {**others, "PGSERVICEFILE": str(file), "PGSERVICE": "renkei"}
