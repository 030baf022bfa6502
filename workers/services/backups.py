"""Backing up the database with the keys its secrets need, and putting both back (PLC-2)."""

import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from adapters.embedded import ServersUnavailable
from adapters.embedded.binaries import postgres_binaries
from adapters.postgres import dumps
from adapters.postgres.clock import clock
from adapters.postgres.engine import sessions
from adapters.postgres.migrations import is_known
from adapters.postgres.revision import revision_of
from adapters.postgres.shops.lost_time import forget_drill
from adapters.postgres.views.checkup import server_version
from domain.errors import BrokenRule
from workers.calls.lost_time import alarm
from workers.places import PRIVATE_KEY_FILE, database_url
from workers.settings import Settings, private_secret

_FORMAT = 1
_FACTS, _KEYS, _DATABASE = "backup.json", "secret-keys.json", "database.dump"


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup file says of itself. Attributes: taken_at: by PostgreSQL's clock."""

    taken_at: datetime
    revision: str | None


def back_up(settings: Settings, engine: Engine, file: Path) -> Backup:
    """Write the database and the keys to a new file only its owner may read, whole or not at all.

    Processes may be at work meanwhile.

    Raises: BrokenRule: the file is there already, or a program is missing or failed.
    """
    with engine.begin() as connection:
        made = Backup(clock(connection), revision_of(connection))
        programs = _programs(connection)
    facts = {"format": _FORMAT, "taken_at": made.taken_at.isoformat(), "revision": made.revision}
    with _new_file(file) as archive:
        archive.writestr(_FACTS, json.dumps(facts))
        archive.writestr(_KEYS, json.dumps(_keys(settings)))
        with archive.open(_DATABASE, "w", force_zip64=True) as into:
            dumps.dump(database_url(settings), programs, into)
    return made


def read_backup(file: Path) -> Backup:
    """Return what a backup says of itself, once all of it was read and found whole.

    Raises: BrokenRule: it is none, is damaged, or is not this version's.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            facts = json.loads(archive.read(_FACTS))
            json.loads(archive.read(_KEYS))
            archive.getinfo(_DATABASE)
            damaged = archive.testzip()
        made = Backup(datetime.fromisoformat(facts["taken_at"]), facts["revision"])
        known = facts["format"] == _FORMAT and is_known(made.revision)
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise BrokenRule(f"{file} is no backup that can be read ({error})") from error
    if damaged:
        raise BrokenRule(f"{file} is damaged ({damaged}): use another backup")
    if not known:
        raise BrokenRule(f"{file} is a backup of another version: use that version")
    return made


def put_back(settings: Settings, engine: Engine, file: Path) -> None:
    """Replace the database by a backup's, in one transaction; in private mode its key as well.

    Every shop waits for `db restored` then, also where Redis no longer knows what was lost.

    Raises: BrokenRule: a process is connected, the keys are others than the backup's, or it failed.
    """
    with engine.begin() as connection:
        refuse_while_at_work(connection)
        programs = _programs(connection)
    engine.dispose()
    with zipfile.ZipFile(file) as archive, tempfile.TemporaryDirectory(prefix="renkei-") as folder:
        _put_keys_back(settings, json.loads(archive.read(_KEYS)))
        dump = Path(archive.extract(_DATABASE, folder))
        dumps.restore(database_url(settings), programs, dump)
    with engine.begin() as connection:
        if revision_of(connection) is not None:
            forget_drill(connection)
            alarm(connection)


def refuse_while_at_work(connection: Connection) -> None:
    """Raise BrokenRule while a process other than this one has the database open."""
    others = sessions.others(connection)
    if others:
        raise BrokenRule(f"stop every process first; connected are: {', '.join(others)}")


def _keys(settings: Settings) -> list[str]:
    return list(settings.secret_keys) or [private_secret(settings.home, PRIVATE_KEY_FILE)]


def _put_keys_back(settings: Settings, keys: list[str]) -> None:
    """Give a private home the backup's key; configured ones are only compared."""
    path = settings.home / PRIVATE_KEY_FILE
    if not settings.secret_keys and not path.exists():
        path.touch(mode=0o600)
        path.write_text(keys[0] + "\n")
    if not set(keys) <= set(_keys(settings)):
        place = "RENKEI_SECRET_KEYS" if settings.secret_keys else str(path)
        raise BrokenRule(f"{place} lacks the backup's keys: `unzip -p FILE {_KEYS}` prints them")


def _programs(connection: Connection) -> Path:
    """Return where pg_dump is that can read this server."""
    number, version = server_version(connection)
    needed = number // 10_000
    for folder in _folders():
        if (dumps.version_of(folder) or 0) >= needed:
            return folder
    raise BrokenRule(f"pg_dump, pg_restore and psql of PostgreSQL {version} are needed on PATH")


def _folders() -> Iterator[Path]:
    on_path = shutil.which("pg_dump")
    if on_path:
        yield Path(on_path).parent
    try:
        yield postgres_binaries()
    except ServersUnavailable:
        return


@contextmanager
def _new_file(file: Path) -> Iterator[zipfile.ZipFile]:
    """Yield an archive that appears under its name when the block has ended well."""
    if file.exists():
        raise BrokenRule(f"{file} exists already")
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.unfinished")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as into:
            with zipfile.ZipFile(into, "w", zipfile.ZIP_STORED) as archive:
                yield archive
            into.flush()
            os.fsync(into.fileno())
        unfinished.rename(file)
    except OSError as error:
        raise BrokenRule(f"{file} cannot be written: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)
