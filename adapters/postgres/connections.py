"""How a connection is made: what is asked of the network, of the session, and of a pooler.

A session is told its time-outs in the start-up packet. PgBouncer refuses them there or drops them:
then the time-outs begin each transaction, and nothing is prepared (docs/decisions/0020-places.md).
"""

import logging
import shlex
from collections.abc import Mapping
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import URL, Connection, Engine, event, make_url
from sqlalchemy.exc import ArgumentError

Answer = TypeVar("Answer")

STATEMENT_TIMEOUT_S = 12
# A server that has not said by now that it gave up is not heard any more.
DEADLINE_S = 13.0
CONNECT_TIMEOUT_S = 5
IDLE_IN_TRANSACTION_S = 60

# Noticed within 14 s without an answer to our probes, 10 s with something unsent (ms).
NETWORK: Mapping[str, int] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
# A name no setting has: a session that knows it was told everything else as well.
_TOLD = "renkei.told"
_KNOWS = f"select current_setting('{_TOLD}', true)"
# Statements are prepared after their first use, where the session is ours alone.
_PREPARE_AFTER = 2

_log = logging.getLogger(__name__)


class WatchedConnection(psycopg.Connection[Any]):
    """A connection that gives up when an answer takes longer than its deadline.

    Attributes:
        deadline_s: of each statement; None = as long as the network is alive.
    """

    deadline_s: float | None = None

    def wait(
        self, gen: PQGen[Answer], interval: float = 0.1, timeout: float | None = None
    ) -> Answer:
        """Wait for an answer. Raises OperationalError, and closes, when none comes in time."""
        try:
            return super().wait(gen, interval, self.deadline_s if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if error.sqlstate is not None or self.closed:
                raise
            self.pgconn.finish()  # says nothing to a server that may not listen
            raise psycopg.OperationalError(f"no answer within {self.deadline_s} s") from error


def session_settings(*, bounded: bool) -> dict[str, str]:
    """Return what a session is told. Args: bounded: its statements have a time-out."""
    time_outs = {
        "statement_timeout": f"{STATEMENT_TIMEOUT_S}s",
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_S}s",
    }
    return {"timezone": "UTC", **(time_outs if bounded else {})}


def address_problems(url: str) -> list[str]:
    """Return what an address asks for that cannot be: no URL, or a setting that is ours to make."""
    try:
        named = _named(_options_of(make_url(url)))
    except (ArgumentError, ValueError) as error:
        return [f"is no address ({type(error).__name__})"]  # its text may hold the password
    ours = session_settings(bounded=True)
    return [f"options= may not set {name}: renkei does" for name in sorted(named & set(ours))]


class Connector:
    """Makes the connections of one engine.

    Attributes:
        pooled: a pooler is in between: sessions are not ours alone.
    """

    def __init__(self, url: URL, *, name: str, bounded: bool) -> None:
        """Args: name: shown in pg_stat_activity; bounded: statements have a deadline."""
        self.pooled = False
        self._bounded = bounded
        # What the address says itself holds.
        self._network = {k: v for k, v in NETWORK.items() if k not in url.query}
        self._name = {} if "application_name" in url.query else {"application_name": name}
        self._own_options = _options_of(url)

    def listen(self, engine: Engine) -> None:
        """Make this engine's connections from now on."""
        event.listen(engine, "do_connect", self._connect)
        event.listen(engine, "begin", self._begin)

    def _connect(
        self, _dialect: object, _record: object, _args: object, given: dict[str, Any]
    ) -> WatchedConnection:
        known = {**given, **self._network, **self._name}
        if not self.pooled:
            found = self._direct(known)
            if found is not None:
                return self._watched(found)
            self.pooled = True
            _log.info("a pooler is in between: nothing is prepared, transactions set time-outs")
        made = WatchedConnection.connect(**known, prepare_threshold=None, autocommit=True)
        made.execute("set timezone to 'UTC'")  # poolers keep this one for each client
        made.autocommit = False
        return self._watched(made)

    def _direct(self, known: Mapping[str, Any]) -> WatchedConnection | None:
        """Return a session that knows its settings, None where a pooler keeps them from it."""
        told = {**session_settings(bounded=self._bounded), _TOLD: "yes"}
        options = " ".join(f"-c {name}={value}" for name, value in told.items())
        wanted = {**known, "options": f"{options} {self._own_options}".strip()}
        try:
            made = WatchedConnection.connect(
                **wanted, prepare_threshold=_PREPARE_AFTER, autocommit=True
            )
        except psycopg.OperationalError as error:
            if "unsupported startup parameter" in str(error):  # PgBouncer's own words
                return None
            raise
        row = made.execute(_KNOWS).fetchone()
        if row != ("yes",):
            made.close()
            return None
        made.autocommit = False
        return made

    def _watched(self, made: WatchedConnection) -> WatchedConnection:
        made.deadline_s = DEADLINE_S if self._bounded else None
        return made

    def _begin(self, connection: Connection) -> None:
        """Bound the statements of a transaction where the session could not be told."""
        if not self.pooled or not self._bounded or driver_of(connection).autocommit:
            return
        ours = session_settings(bounded=True)
        connection.exec_driver_sql("; ".join(f"set local {k} = '{v}'" for k, v in ours.items()))


def driver_of(connection: Connection) -> WatchedConnection:
    """Return the driver's connection behind SQLAlchemy's."""
    found = connection.connection.driver_connection
    if not isinstance(found, WatchedConnection):
        raise TypeError("a connection of another engine")
    return found


def _options_of(url: URL) -> str:
    given = url.query.get("options", "")
    return given if isinstance(given, str) else " ".join(given)


def _named(options: str) -> set[str]:
    """Return the settings that `-c name=value` and `--name=value` name."""
    words = shlex.split(options)
    return {
        word.removeprefix("-c").lstrip("-").split("=")[0].replace("-", "_").lower()
        for word in words
        if "=" in word
    }
