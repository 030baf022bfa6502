"""Writing the API log (APIログ)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from adapters.postgres.statement import Statement

LONGEST = 2000

_LOG = Statement[None]("""
insert into api_log (shop_id, run_id, category, level, needs_person, message)
values (:shop_id, :run_id, :category, :level, :needs_person, :message)
""")


_SAID = Statement[str]("""
select message from api_log
 where shop_id = :shop_id and at > now() - interval '20 hours' and message = any(:messages)
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


def not_said_today(connection: Connection, shop_id: int, lines: Sequence[LogLine]) -> list[LogLine]:
    """Return the lines a shop's log has not had within 20 hours: a day's run says them again."""
    said = set(
        _SAID.all(connection, shop_id=shop_id, messages=[line.message[:LONGEST] for line in lines])
    )
    return [line for line in lines if line.message[:LONGEST] not in said]


def log(connection: Connection, about: Subject, category: str, *lines: LogLine) -> None:
    """Write lines. Args: category: of the action (LOG-1)."""
    for line in lines:
        _LOG.run(
            connection,
            line,
            shop_id=about.shop_id,
            run_id=about.run_id,
            category=category,
            message=line.message[:LONGEST],
        )
