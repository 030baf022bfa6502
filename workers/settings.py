"""Every setting, in one table, read once from the environment.

`VARIABLES` is the documentation: deploy/env.example and docs/operations.md are tested against it.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adapters.postgres.connections import address_problems
from adapters.postgres.shops.secrets import SHORTEST_KEY
from domain.notation import read_whole

PREFIX = "RENKEI_"


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: its name, what it means, what holds without it."""

    name: str
    meaning: str
    default: str


VARIABLES = (
    Variable(
        "RENKEI_DATABASE_URL",
        "PostgreSQL, as postgresql+psycopg://user:password@host/name",
        "a private server under RENKEI_HOME",
    ),
    Variable(
        "RENKEI_REDIS_URL",
        "Redis or Valkey: broker, call budgets",
        "a private server under RENKEI_HOME",
    ),
    Variable(
        "RENKEI_HOME",
        "folder for the private servers' data, pid files and logs",
        ".renkei in the working directory",
    ),
    Variable(
        "RENKEI_SECRET_KEYS",
        f"comma-separated keys of {SHORTEST_KEY} characters or more that encrypt credentials;"
        " the first writes, all read",
        "none with a configured database: refuses to start;"
        " with the private one a key is made and kept in RENKEI_HOME (mode 0600)",
    ),
    Variable("RENKEI_MERCHANT", "merchant the command line works for", "default"),
    Variable(
        "RENKEI_LOG_FORMAT",
        "console or json",
        "console on a terminal, json otherwise",
    ),
    Variable(
        "RENKEI_WORKERS",
        "worker processes `renkei up` starts (1 to 64)",
        "one per core",
    ),
    Variable(
        "RENKEI_THREADS",
        "threads per worker process (1 to 64)",
        "16",
    ),
    Variable(
        "RENKEI_FLOWER_PASSWORD",
        "password of Flower's user `operator`",
        "made once and kept in RENKEI_HOME (mode 0600)",
    ),
)


class BadSettings(Exception):
    """The environment cannot be used; the message lists every problem."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration of one process.

    Attributes:
        database_url, redis_url: None = the private server under `home`.
        secret_keys: empty in private mode until `ensure_private_key` made one.
        log_format: `console`, `json`, or None = by terminal.
        workers: processes; None = one per core.
    """

    home: Path
    database_url: str | None
    redis_url: str | None
    secret_keys: tuple[str, ...]
    merchant: str
    log_format: str | None
    workers: int | None
    threads: int
    flower_password: str | None

    @property
    def private(self) -> bool:
        """Whether PostgreSQL is a private server of this home."""
        return self.database_url is None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read and check everything. Raises BadSettings naming every problem at once."""
        source = os.environ if environ is None else environ
        problems = _unknown(source)
        values = {v.name: source.get(v.name, "").strip() or None for v in VARIABLES}
        database_url = values["RENKEI_DATABASE_URL"]
        keys = tuple(k for k in (values["RENKEI_SECRET_KEYS"] or "").split(",") if k)
        problems += _url_problems(database_url, values["RENKEI_REDIS_URL"])
        problems += [
            f"RENKEI_SECRET_KEYS: a key is shorter than {SHORTEST_KEY} characters"
            for key in keys
            if len(key) < SHORTEST_KEY
        ]
        if database_url and not keys:
            problems.append("RENKEI_SECRET_KEYS: needed with RENKEI_DATABASE_URL")
        if values["RENKEI_LOG_FORMAT"] not in {None, "console", "json"}:
            problems.append("RENKEI_LOG_FORMAT: console or json")
        workers = _number("RENKEI_WORKERS", values, problems)
        threads = _number("RENKEI_THREADS", values, problems)
        if problems:
            raise BadSettings("; ".join(problems))
        return cls(
            home=Path(values["RENKEI_HOME"] or ".renkei").absolute(),
            database_url=database_url,
            redis_url=values["RENKEI_REDIS_URL"],
            secret_keys=keys,
            merchant=values["RENKEI_MERCHANT"] or "default",
            log_format=values["RENKEI_LOG_FORMAT"],
            workers=workers,
            threads=threads or 16,
            flower_password=values["RENKEI_FLOWER_PASSWORD"],
        )


def _unknown(source: Mapping[str, str]) -> list[str]:
    """RENKEI_TEST_… steers the test suite only and is nobody's typing error."""
    known = {variable.name for variable in VARIABLES}
    return [
        f"{name}: unknown variable"
        for name in sorted(source)
        if name.startswith(PREFIX) and name not in known and not name.startswith("RENKEI_TEST_")
    ]


def _url_problems(database_url: str | None, redis_url: str | None) -> list[str]:
    problems = []
    if database_url and not database_url.startswith("postgresql+psycopg://"):
        problems.append("RENKEI_DATABASE_URL: must start with postgresql+psycopg://")
    elif database_url:
        problems += [f"RENKEI_DATABASE_URL: {said}" for said in address_problems(database_url)]
    if redis_url and not redis_url.startswith(("redis://", "rediss://", "redis+socket://")):
        problems.append("RENKEI_REDIS_URL: must start with redis:// or rediss://")
    return problems


def _number(name: str, values: Mapping[str, str | None], problems: list[str]) -> int | None:
    text = values[name]
    if text is None:
        return None
    try:
        return read_whole(text, low=1, high=64)
    except ValueError as error:
        problems.append(f"{name}: {error}")
        return None


def private_secret(home: Path, name: str) -> str:
    """Return a random text kept in a file of `home` that only its owner reads; made once.

    Raises: OSError when the home cannot be written.
    """
    path = home / name
    home.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        value = secrets.token_urlsafe(33)
        file.write(value + "\n")
    return value
