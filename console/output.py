"""What commands print: one JSON document, or a neat table."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

import click

from domain.engine.cadence import TOKYO

# Not a terminal: nothing is cut or wrapped, so that grep finds what it looks for.
PIPE_WIDTH = 1000


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        name: the key in the row; also what `of` reads.
        title: the heading; the name when empty.
        right: numbers stand on the right.
        of: makes the text from the whole row; None = the value itself.
    """

    name: str
    title: str = ""
    right: bool = False
    of: Callable[[dict[str, object]], object] | None = None

    def cell(self, row: dict[str, object]) -> str:
        """Return the text of this column in a row."""
        return shown(self.of(row) if self.of else row[self.name])


def print_json(value: object) -> None:
    """Print one JSON document on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, default=encode))


def encode(value: object) -> object:
    """Return the JSON form of what json does not know: moments in Tokyo, as ISO 8601."""
    if isinstance(value, datetime):
        return in_tokyo(value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, set | frozenset | tuple):
        return sorted(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")


def in_tokyo(moment: datetime) -> datetime:
    """Return the same moment on Tokyo's clock."""
    return moment.astimezone(TOKYO)


def shown(value: object) -> str:
    """Return what a person reads in a table."""
    if value is None or value is False:
        return ""
    if value is True:
        return "✓"
    if isinstance(value, datetime):
        return in_tokyo(value).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(shown(part) for part in value)
    return str(value)


def print_lines(lines: Iterable[str]) -> None:
    """Print sentences."""
    for line in lines:
        click.echo(line)


def print_table(rows: Sequence[dict[str, object]], columns: Sequence[Column]) -> None:
    """Print rows under headings."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 -- not needed for --json
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        title = column.title or column.name
        table.add_column(title, justify="right" if column.right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_plain(column.cell(row)) for column in columns))
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    Console(width=width, highlight=False, emoji=False).print(table)
    if not rows:
        click.echo("(none)")


def _plain(text: str) -> str:
    """Return text that rich prints as it is, brackets included."""
    from rich.markup import escape  # noqa: PLC0415

    return escape(text)
