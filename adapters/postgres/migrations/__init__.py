"""Schema migrations (Alembic): `upgrade` brings a database to the newest revision."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from adapters.postgres.database import open_engine
from adapters.postgres.revision import WrongSchema, misfit, revision_of
from adapters.postgres.statement import Statement

_FOLDER = Path(__file__).parent
# Any number; the same for every process that migrates, so that one waits for the other.
_LOCK = Statement[None]("select pg_advisory_xact_lock(7264551)")
_FIRST_MERCHANT = Statement[None]("""
insert into merchants (key, name) values ('default', 'default') on conflict (key) do nothing
""")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config


def is_known(revision: str | None) -> bool:
    """Tell whether this code can bring a database of that revision to the newest one."""
    known = {one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions()}
    return revision is None or revision in known


def upgrade(database_url: str) -> None:
    """Bring the database to the newest revision; two at once wait for each other.

    Raises: WrongSchema: another version made the database; this one cannot upgrade it.
    """
    engine = open_engine(database_url, connections=1, name="renkei migrations", bounded=False)
    try:
        with engine.begin() as connection:
            _LOCK.run(connection)
            current = revision_of(connection)
            if not is_known(current):
                raise WrongSchema(misfit(current) or f"revision {current}")
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            _FIRST_MERCHANT.run(connection)
    finally:
        engine.dispose()


def head() -> str | None:
    """Return the newest revision this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def revisions(database_url: str) -> tuple[str | None, str | None]:
    """Return the database's revision and the newest one this code knows."""
    engine = open_engine(database_url, connections=1, name="renkei migrations")
    try:
        with engine.connect() as connection:
            current = revision_of(connection)
    finally:
        engine.dispose()
    return current, head()
