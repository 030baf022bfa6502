"""Schema migrations (Alembic): `upgrade` brings a database to the newest revision."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

_FOLDER = Path(__file__).parent
# Any number; the same for every process that migrates, so that one waits for the other.
_LOCK = 7_264_551


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config


def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring the database to a revision; two at once wait for each other. Repeating is harmless."""
    engine = create_engine(database_url)
    try:
        with engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            connection.execute(
                text(
                    "insert into merchants (key, name) values ('default', 'default')"
                    " on conflict (key) do nothing"
                )
            )
    finally:
        engine.dispose()


def head() -> str | None:
    """Return the newest revision this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def revision_of(connection: Connection) -> str | None:
    """Return the revision of a database that is open already."""
    return MigrationContext.configure(connection).get_current_revision()


def revisions(database_url: str) -> tuple[str | None, str | None]:
    """Return the database's revision and the newest one this code knows."""
    engine = create_engine(database_url)
    try:
        with engine.connect() as connection:
            current = revision_of(connection)
    finally:
        engine.dispose()
    return current, head()
