"""Which failures of a statement are PostgreSQL's trouble, not ours, and which cost the session.

A fail-over, a restart, a pooler or a silent network shows up as many different errors. They pass by
themselves, so none of them is a bug (PLC-1; docs/decisions/0020-places.md).
"""

import psycopg
from psycopg import errors

# Classes of SQLSTATE: connection, transaction state (a primary that became a standby answers 25006,
# a session that idled too long 25P03), server ended or out of order, failure within PostgreSQL.
_PASSING = ("08", "25", "57", "58", "XX")
# Of these a statement's own time-out leaves the session as it was.
_KEEPS_SESSION = frozenset({"57014"})
_LOST_STATEMENTS = (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement)
# The function in PostgreSQL that refuses a prepared plan after a migration; its message is
# translated, and 0A000 alone may be a bug of ours.
_STALE_PLAN = "RevalidateCachedQuery"


def passes(error: BaseException | None) -> bool:
    """Tell whether it is PostgreSQL's trouble, which passes by itself, and no bug of ours."""
    # The driver's operational errors are lost connections, deadlocks, time-outs, full disks.
    return isinstance(error, psycopg.OperationalError) or costs_session(error)


def costs_session(error: BaseException | None) -> bool:
    """Tell whether the session is of no use any more, and others of the pool may be as bad."""
    if not isinstance(error, psycopg.Error):
        return False
    if isinstance(error, errors.FeatureNotSupported):
        return error.diag.source_function == _STALE_PLAN
    state = error.sqlstate or ""
    if state in _KEEPS_SESSION:
        return False
    return isinstance(error, _LOST_STATEMENTS) or state.startswith(_PASSING)
