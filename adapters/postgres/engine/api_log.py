"""Writing the API log (APIログ)."""

from dataclasses import dataclass
from typing import Protocol

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


class Subject(Protocol):
    """What a line is about: a claimed item or run, or a whole shop."""

    @property
    def shop_id(self) -> int:
        """Of the shop."""

    @property
    def run_id(self) -> int | None:
        """Of the run, None outside of runs."""


@dataclass(frozen=True, slots=True)
class WholeShop:
    """A shop, whatever its runs."""

    shop_id: int
    run_id: None = None


def log(connection: Connection, about: Subject, category: str, *lines: LogLine) -> None:
    """Write lines. Args: category: of the action (LOG-1)."""
    for line in lines:
        _LOG.run(
            connection,
            line,
            shop_id=about.shop_id,
            run_id=about.run_id,
            category=category,
            message=line.message[:2000],
        )
