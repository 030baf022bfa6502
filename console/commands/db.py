"""`renkei db`: prepare the database, change the key of the secrets."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from console.failures import CommandFailed
from console.output import in_tokyo, shown
from console.session import Session, actor_name, leaf
from console.words import MOMENT
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


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@leaf
def backup(session: Session, file: Path) -> None:
    """Write the database and the keys of its secrets to FILE, while everything works.

    Whoever has the file has every secret: it is readable by its owner only.
    """
    from workers.services.backups import back_up  # noqa: PLC0415 -- runs programs

    made = back_up(session.settings, session.any_engine, file)
    document = {"file": str(file), "taken_at": made.taken_at, "bytes": file.stat().st_size}
    session.tell(document, f"{file} holds everything as of {shown(made.taken_at)}, keys included")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--replace", is_flag=True, help="Throw away what is in the database now.")
@leaf
def restore(session: Session, file: Path, replace: bool) -> None:
    """Put a backup in the place of the database. All processes are stopped first.

    Without a configured database, and when no private one runs, the private servers are started
    for the time it takes.
    """
    from adapters.postgres.migrations import revisions  # noqa: PLC0415 -- alembic is slow
    from workers.services.backups import put_back, read_backup  # noqa: PLC0415 -- runs programs

    told = read_backup(file)
    with _database(session.settings) as url:
        if revisions(url)[0] is not None and not replace:
            raise CommandFailed("the database is not empty: --replace throws away what is in it")
        put_back(session.settings, session.any_engine, file)
    at = in_tokyo(told.taken_at).isoformat(timespec="seconds")
    session.tell(
        {"file": str(file), "taken_at": told.taken_at, "revision": told.revision},
        f"the database is as it was at {shown(told.taken_at)}",
        f"before anything starts: renkei db upgrade, then renkei db restored --at {at}",
    )


@db.command()
@click.option("--at", type=MOMENT, required=True, help="The time the database is of.")
@leaf
def restored(session: Session, at: datetime) -> None:
    """Catch up with the carts after the database was set back to an earlier time.

    All processes are stopped first. Orders of the lost time come back, effects are settled by what
    the carts show, nothing is sent, and sync_stock stays parked until a person unparks it. Called
    again it goes on where it stood.
    """
    from console.lost_time import show_reports  # noqa: PLC0415 -- not needed by other commands
    from workers.services.lost_time.drill import catch_up_all  # noqa: PLC0415 -- reads carts

    with _database(session.settings):
        tell = partial(click.echo, err=True)
        reports = list(catch_up_all(session.settings, session.engine, actor_name(), at, tell))
    show_reports(session, reports)
    waiting = [report.shop for report in reports if report.waits]
    if waiting:
        raise CommandFailed(f"these send nothing yet: {', '.join(waiting)}")


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
