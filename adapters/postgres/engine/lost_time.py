"""How far the runs of a database have come: what tells that it was set back (PLC-2)."""

from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.statement import Statement


@dataclass(frozen=True, slots=True)
class NewestRun:
    """The newest run of a database. Attributes: created_us: microseconds since 1970."""

    id: int
    created_us: int


_CREATED_US = "cast(extract(epoch from created_at) * 1000000 as bigint)"
_INSTALLATION = Statement[str]("select cast(id as text) from installation")
# The newest run of a shop's action is never thrown away, so this never falls by itself.
_NEWEST = Statement[NewestRun](
    f"select id, {_CREATED_US} as created_us from runs order by id desc limit 1"
)
_CREATED = Statement[int](f"select {_CREATED_US} from runs where id = :id")


def installation(connection: Connection) -> str:
    """Return whose database this is; a restored copy is the same installation's."""
    return _INSTALLATION.one(connection)


def newest_run(connection: Connection) -> NewestRun | None:
    """Return the newest run, None before the first."""
    return _NEWEST.first(connection)


def created_us(connection: Connection, run_id: int) -> int | None:
    """Return when a run was made, None when it is not there (any more)."""
    return _CREATED.first(connection, id=run_id)
