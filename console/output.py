"""What commands print: one JSON document, or a neat table."""

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Literal

import click

from domain.engine.cadence import TOKYO

# Control, format (bidi among them), lone surrogates, line and paragraph separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

# Not a terminal: nothing is cut or wrapped, so that grep finds what it looks for.
PIPE_WIDTH = 1000


Cell = Callable[[dict[str, object]], object]
"""Makes what stands in one column from a whole row."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its key in the rows, its heading, what stands there but the value."""

    name: str
    title: str
    of: Cell | None = None

    def value(self, row: dict[str, object]) -> object:
        """Return what stands in a row, not yet as a text."""
        return self.of(row) if self.of else row[self.name]


def columns(told: str, **of: Cell) -> tuple[Column, ...]:
    """Return columns from `name, name=heading, ...`.

    Without a heading of its own, `first_failed_at` stands under `first failed`. A shop that was
    removed is marked where the rows tell it (SHP-1).
    """
    of.setdefault("shop", shop_shown)
    made = []
    for each in told.split(", "):
        name, own, title = each.partition("=")
        plain = name.removesuffix("_at").replace("_", " ")
        made.append(Column(name, title if own else plain, of.get(name)))
    return tuple(made)


def shop_shown(row: Mapping[str, object]) -> str:
    """Return the key of a row's shop, marked where the shop was removed."""
    return f"{row['shop']} (removed)" if row.get("shop_removed") else str(row["shop"])


def print_json(value: object) -> None:
    """Print one JSON document on standard output, with escapes for what steers a terminal."""
    text = json.dumps(value, ensure_ascii=False, default=encode)
    if not text.isprintable():
        text = "".join(_escaped(letter) for letter in text)
    click.echo(text)


def _escaped(letter: str) -> str:
    return json.dumps(letter)[1:-1] if unicodedata.category(letter) in _UNSEEN else letter


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


def visible(text: str) -> str:
    """Return text of others for a screen or a file: nothing in it steers a terminal (PLC-3).

    What breaks a line is a blank; other control characters and those that turn the direction of
    writing are left out.
    """
    if text.isprintable():
        return text
    spaced = "".join(" " if letter.isspace() else letter for letter in text)
    return "".join(letter for letter in spaced if unicodedata.category(letter) not in _UNSEEN)


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
    return visible(str(value))


def print_lines(lines: Iterable[str]) -> None:
    """Print sentences."""
    for line in lines:
        click.echo(visible(line))


def warn(sentence: str) -> None:
    """Say on standard error what does not stop a command but needs a look."""
    click.echo(f"renkei: warning: {' '.join(sentence.split())}", err=True)


def print_table(rows: Sequence[dict[str, object]], columns: Sequence[Column]) -> None:
    """Print rows under headings."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 -- not needed for --json
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    values = [[column.value(row) for row in rows] for column in columns]
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column, below in zip(columns, values, strict=True):
        table.add_column(column.title, justify=_justified(below), overflow="fold")
    for row in zip(*values, strict=True):
        table.add_row(*(escape(shown(value)) for value in row))
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    Console(width=width, highlight=False, emoji=False).print(table)
    if not rows:
        click.echo("(none)")


def _justified(values: Sequence[object]) -> Literal["left", "right"]:
    """Numbers stand on the right."""
    numbers = any(isinstance(one, int | float) and not isinstance(one, bool) for one in values)
    return "right" if numbers else "left"
