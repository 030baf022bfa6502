"""The one place that opens connections."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

import psycopg
from sqlalchemy import Connection, Engine, ExceptionContext, QueuePool, create_engine, event
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import PoolProxiedConnection

from adapters.postgres.connections import Connector, driver_of
from adapters.postgres.outages import costs_session, passes
from domain.errors import Transient

# Somebody else's statement ends by its deadline; then a connection is free.
POOL_TIMEOUT_S = 15


class DatabaseUnavailable(Transient):
    """PostgreSQL did not answer, or gave up a statement others were in the way of."""


class _Pool(QueuePool):
    """A pool in which waiting in vain is the database's trouble, too."""

    def connect(self) -> PoolProxiedConnection:
        """See Pool.connect. Raises DatabaseUnavailable: all are taken, and for too long."""
        try:
            return super().connect()
        except PoolTimeout as error:
            raise unavailable(error) from error


def open_engine(
    database_url: str, *, connections: int = 5, name: str = "renkei", bounded: bool = True
) -> Engine:
    """Return an engine whose sessions work in UTC with bounded statements.

    `with engine.begin() as connection:` is one transaction, committed at the end and rolled back
    by any exception. Lost connections, deadlocks, time-outs, a database that became read-only and
    the like are raised as DatabaseUnavailable (PLC-1).

    Args:
        connections: most connections kept and used at once.
        name: shown in pg_stat_activity.
        bounded: False for what may take its time (migrations, exports): then only the network's
            own probes tell a silent server.
    """
    engine = create_engine(
        database_url,
        poolclass=_Pool,
        pool_size=connections,
        max_overflow=2,
        pool_timeout=POOL_TIMEOUT_S,
        pool_recycle=1800,
        # An error's text ends up in dead letters and logs: no buyer's address in it.
        hide_parameters=True,
    )
    Connector(engine.url, name=name, bounded=bounded).listen(engine)
    event.listen(engine, "handle_error", _translate)
    return engine


def autocommit(engine: Engine) -> Engine:
    """Return the same engine with connections on which every statement commits by itself."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def within(connection: Connection, seconds: float) -> Iterator[None]:
    """Give up statements inside the block earlier than others: a small one says who is silent."""
    driver = driver_of(connection)
    before, driver.deadline_s = driver.deadline_s, seconds
    try:
        yield
    finally:
        driver.deadline_s = before


def unavailable(error: BaseException | None) -> DatabaseUnavailable:
    """Return what a failure of the database, not of ours, is told as."""
    return DatabaseUnavailable(f"PostgreSQL: {type(error).__name__}")


def refuse(connection: Connection, error: psycopg.Error) -> NoReturn:
    """Raise what a failed statement of the driver's is told as, and renew what it has cost.

    Raises: DatabaseUnavailable, or the error itself when it is a bug.
    """
    driver = driver_of(connection)
    if costs_session(error):
        driver.close()
    if driver.closed:
        with suppress(DatabaseUnavailable):
            # Fails too, so that SQLAlchemy finds out and renews the whole pool.
            connection.exec_driver_sql("select 1")
    elif not passes(error):
        raise error
    raise unavailable(error) from error


def _translate(context: ExceptionContext) -> None:
    """Turn what passes by itself into DatabaseUnavailable; leave bugs as they are."""
    error = context.original_exception
    if costs_session(error):
        context.is_disconnect = True
    if context.is_disconnect or passes(error):
        raise unavailable(error) from error


def forbid_writes(connection: Connection) -> None:
    """Have PostgreSQL refuse every write until the transaction ends."""
    connection.exec_driver_sql("set transaction read only")
