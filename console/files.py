"""Files a person names on the command line; `-` is standard input.

CSV files are UTF-8, with or without a mark, or Shift-JIS; every fault has its line.
"""

import csv
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.failures import CommandFailed

LARGEST_NUMBER = 2_147_483_647
_YES = frozenset({"1", "true", "yes", "y", "on", "○", "はい", "無制限"})
_NO = frozenset({"", "0", "false", "no", "n", "off", "×", "いいえ"})


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file. `line`: where it begins in the file, from 1; the header is line 1."""

    file: str
    line: int
    values: dict[str, str]

    def text(self, column: str) -> str:
        """Return a cell without blanks around it."""
        return self.values[column].strip()

    def needed(self, column: str) -> str:
        """Return a cell that must not be blank. Raises CommandFailed."""
        value = self.text(column)
        if not value:
            raise self.wrong(column, "is blank")
        return value

    def number(self, column: str) -> int:
        """Return a cell that holds a whole number, 0 or more. Raises CommandFailed."""
        value = self.text(column)
        if not (value.isascii() and value.isdigit()) or int(value) > LARGEST_NUMBER:
            raise self.wrong(column, f"is no whole number from 0: {value!r}")
        return int(value)

    def flag(self, column: str) -> bool:
        """Return a cell that says yes or no. Raises CommandFailed."""
        value = self.text(column).lower()
        if value not in _YES | _NO:
            raise self.wrong(column, f"is neither yes nor no: {value!r}")
        return value in _YES

    def only_once(self, column: str, word: str, lines: dict[Any, int], key: object = None) -> None:
        """Refuse what a line before has named. Raises CommandFailed.

        Args:
            lines: what was named where; this line is added.
            key: what has to differ, where that is not the word itself.
        """
        first = lines.setdefault(key or word, self.line)
        if first != self.line:
            raise self.wrong(column, f"{word} was given on line {first} already")

    def wrong(self, column: str, what: str) -> CommandFailed:
        """Return the failure that names this line and a column."""
        return CommandFailed(f"{self.file} line {self.line}: {column} {what}")


def bytes_of(file: str) -> bytes:
    """Return what a file holds. Raises CommandFailed when it cannot be read."""
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}") from error


def read_rows(file: str, columns: Sequence[str]) -> list[Row]:
    """Return the lines of a file whose header is exactly these columns.

    Args: file: a path, or `-` for standard input.
    Raises: CommandFailed, naming the file, the line and the column.
    """
    reader = csv.reader(io.StringIO(_text(file), newline=""), strict=True)
    rows = []
    try:
        _check_header(file, next(reader, []), columns)
        begins = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(_row(file, begins, cells, columns))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise CommandFailed(f"{file} line {reader.line_num}: {error}") from error
    return rows


def _check_header(file: str, header: Sequence[str], columns: Sequence[str]) -> None:
    names = [name.strip() for name in header]
    if names != list(columns):
        given = ",".join(names) or "empty"
        raise CommandFailed(f"{file} line 1: the header is {given}, it must be {','.join(columns)}")


def _row(file: str, line: int, cells: Sequence[str], columns: Sequence[str]) -> Row:
    if len(cells) != len(columns):
        raise CommandFailed(
            f"{file} line {line}: {len(cells)} columns instead of {len(columns)}"
            f" ({','.join(columns)})"
        )
    return Row(file, line, dict(zip(columns, cells, strict=True)))


def _text(file: str) -> str:
    raw = bytes_of(file)
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError as error:
            offset = error.start
    line = raw.count(b"\n", 0, offset) + 1
    raise CommandFailed(f"{file} line {line}: neither UTF-8 nor Shift-JIS text")
