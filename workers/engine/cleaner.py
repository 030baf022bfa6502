"""Throws away old rows by the clock."""

from adapters.postgres.engine import housekeeping
from workers.engine.host import Host

# A thousand shops end more runs in a quarter of an hour than one bite holds.
_MOST_BITES = 20


def prune(host: Host) -> int:
    """Delete old runs and log lines, bite by bite, a bounded time; returns how many."""
    deleted = 0
    for _ in range(_MOST_BITES):
        with host.database.begin() as connection:
            bite = housekeeping.prune(connection)
        deleted += bite
        if not bite:
            break
    return deleted
