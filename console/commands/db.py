"""`renkei db`: prepare the database, change the key of the secrets."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from console.session import Session, actor_name, leaf
from workers.places import NotRunning, database_url, secret_box
from workers.settings import Settings


@click.group()
def db() -> None:
    """The database."""


@db.command()
@leaf
def upgrade(session: Session) -> None:
    """Bring the database to this version; repeating it is harmless.

    Without a configured database, and when no private one runs, the private servers are started
    for the time it takes.
    """
    from adapters.postgres.migrations import revisions  # noqa: PLC0415 -- alembic is slow
    from adapters.postgres.migrations import upgrade as migrate  # noqa: PLC0415

    with _database(session.settings) as url:
        before, head = revisions(url)
        migrate(url)
        secret_box(session.settings)  # in private mode the key is made now, not at the first shop
    document: dict[str, object] = {"from": before, "to": head, "changed": before != head}
    state = "is ready already" if before == head else f"upgraded from {before or 'nothing'}"
    session.tell(document, f"database {state} ({head})")


@db.command()
@leaf
def reseal(session: Session) -> None:
    """Encrypt all credentials with the first key of RENKEI_SECRET_KEYS."""
    from workers.services import shops  # noqa: PLC0415 -- loads what a shop is made of

    with session.engine.begin() as connection:
        count = shops.reseal(connection, actor_name(), secret_box(session.settings))
    session.tell({"shops": count}, f"the secrets of {count} shops are encrypted with the first key")


@contextmanager
def _database(settings: Settings) -> Iterator[str]:
    """Give the address of the database, starting the private servers where they are needed."""
    if settings.database_url:
        yield settings.database_url
        return
    try:
        url = database_url(settings)
    except NotRunning:
        from adapters.embedded import PrivateServers  # noqa: PLC0415 -- starts processes

        with PrivateServers(settings.home) as addresses:
            yield addresses.database_url
    else:
        yield url
