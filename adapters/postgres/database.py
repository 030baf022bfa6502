"""The one place that opens connections."""

import psycopg
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event

from domain.errors import Transient

STATEMENT_TIMEOUT_S = 60
CONNECT_TIMEOUT_S = 5


class DatabaseUnavailable(Transient):
    """PostgreSQL did not answer, or gave up a statement others were in the way of."""


def open_engine(database_url: str, *, connections: int = 5, name: str = "renkei") -> Engine:
    """Return an engine whose sessions work in UTC with bounded statements.

    `with engine.begin() as connection:` is one transaction, committed at the end and rolled back
    by any exception. Lost connections, deadlocks and time-outs are raised as DatabaseUnavailable.

    Args:
        connections: most connections kept and used at once.
        name: shown in pg_stat_activity.
    """
    engine = create_engine(
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
    event.listen(engine, "handle_error", _translate)
    return engine


def autocommit(engine: Engine) -> Engine:
    """Return the same engine with connections on which every statement commits by itself."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def unavailable(error: BaseException | None) -> DatabaseUnavailable:
    """Return what a failure of the database, not of ours, is told as."""
    return DatabaseUnavailable(f"PostgreSQL: {type(error).__name__}")


def _translate(context: ExceptionContext) -> None:
    """Turn what passes by itself into DatabaseUnavailable; leave bugs as they are."""
    error = context.original_exception
    if context.is_disconnect or isinstance(error, psycopg.OperationalError):
        raise unavailable(error) from error


def forbid_writes(connection: Connection) -> None:
    """Have PostgreSQL refuse every write until the transaction ends."""
    connection.exec_driver_sql("set transaction read only")
