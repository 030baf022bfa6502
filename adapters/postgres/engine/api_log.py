"""Writing the API log (APIログ)."""

from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.statement import Statement

_LOG = Statement[None]("""
insert into api_log (shop_id, run_id, category, level, needs_person, message)
values (:shop_id, :run_id, :category, :level, :needs_person, :message)
""")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the API log (LOG-2).

    Attributes:
        level: `info`, `warning` or `error`.
        needs_person: it does not heal by itself.
    """

    message: str
    level: str = "info"
    needs_person: bool = False


def log(
    connection: Connection, *, shop_id: int, run_id: int | None, category: str, line: LogLine
) -> None:
    """Write one line. Args: category: of the action (LOG-1)."""
    message = line.message[:2000]
    _LOG.run(connection, line, shop_id=shop_id, run_id=run_id, category=category, message=message)
