"""The one place that opens connections."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError

from domain.errors import Transient

STATEMENT_TIMEOUT_S = 60
CONNECT_TIMEOUT_S = 5


class DatabaseUnavailable(Transient):
    """PostgreSQL did not answer, or gave up a statement others were in the way of."""


def open_engine(database_url: str, *, connections: int = 5, name: str = "renkei") -> Engine:
    """Return an engine whose sessions work in UTC with bounded statements.

    Args:
        connections: most connections kept and used at once.
        name: shown in pg_stat_activity.
    """
    return create_engine(
        database_url,
        pool_size=connections,
        max_overflow=2,
        pool_timeout=30,
        pool_recycle=1800,
        # An error's text ends up in dead letters and logs: no buyer's address in it.
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": name,
            "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_S}s"
            " -c idle_in_transaction_session_timeout=60s",
            # Statements of the hot path are prepared after their first use.
            "prepare_threshold": 2,
        },
    )


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Open one transaction: committed at the end, rolled back by any exception.

    Raises: DatabaseUnavailable for lost connections, deadlocks and time-outs.
    """
    with database_errors(), engine.begin() as connection:
        yield connection


@contextmanager
def statement(engine: Engine) -> Iterator[Connection]:
    """Open a connection on which every statement commits by itself.

    Raises: DatabaseUnavailable as `transaction`.
    """
    with (
        database_errors(),
        engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
    ):
        yield connection


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn what passes by itself into DatabaseUnavailable; leave bugs as they are."""
    try:
        yield
    except OperationalError as error:
        raise DatabaseUnavailable(f"PostgreSQL: {type(error.orig).__name__}") from error
    except psycopg.OperationalError as error:  # of a Statement
        raise DatabaseUnavailable(f"PostgreSQL: {type(error).__name__}") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseUnavailable("PostgreSQL: connection lost") from error
        raise
