"""Which version of renkei a database is of, without loading what migrates it (PLC-4)."""

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from domain.errors import SyncError

REVISION = "0001"
"""The newest migration this version has; numbers, so that an older one sorts before it."""

ANEW = "use the version that made it, or begin with an empty database (an empty RENKEI_HOME)"
UPGRADE = "run `renkei db upgrade`"

_PREPARED = Statement[bool]("select to_regclass('alembic_version') is not null")
_CURRENT = Statement[str]("select version_num from alembic_version")


class WrongSchema(SyncError):
    """The database is of another version of renkei; the message says what to do."""


def revision_of(connection: Connection) -> str | None:
    """Return the revision of a database, None of one nobody has prepared."""
    return _CURRENT.first(connection) if _PREPARED.one(connection) else None


def misfit(revision: str | None) -> str | None:
    """Return what is wrong with a revision and what to do, None if nothing is."""
    if revision == REVISION:
        return None
    if revision is None:
        return f"the database is not prepared for this version: {UPGRADE}"
    if revision < REVISION:
        return f"the database is of an older version (schema {revision}, not {REVISION}): {UPGRADE}"
    return f"the database is of a newer version (schema {revision}, not {REVISION}): {ANEW}"


def require_fit(connection: Connection) -> None:
    """Raise WrongSchema for a database of another version, older or newer."""
    wrong = misfit(revision_of(connection))
    if wrong is not None:
        raise WrongSchema(wrong)
