"""Files a person names on the command line; `-` is standard input.

CSV files are UTF-8, with or without a mark, or Shift-JIS; every wrong line is named at once.
"""

import csv
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Generic, TypeVar

from console.failures import CommandFailed, WrongLines
from domain.notation import read_day, read_whole, storable

T = TypeVar("T")
_YES = frozenset({"1", "true", "yes", "y", "on", "○", "はい", "無制限"})
_NO = frozenset({"", "0", "false", "no", "n", "off", "×", "いいえ"})


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file. `line`: where it begins in the file, from 1; the header is line 1."""

    file: str
    line: int
    values: dict[str, str]

    def text(self, column: str) -> str:
        """Return a cell without blanks around it. Raises CommandFailed for what nobody keeps."""
        try:
            return storable(self.values[column]).strip()
        except ValueError as error:
            raise self.wrong(column, str(error)) from error

    def needed(self, column: str) -> str:
        """Return a cell that must not be blank. Raises CommandFailed."""
        value = self.text(column)
        if not value:
            raise self.wrong(column, "is blank")
        return value

    def number(self, column: str) -> int:
        """Return a cell that holds a whole number, 0 or more. Raises CommandFailed."""
        return self._read(column, read_whole)

    def day(self, column: str) -> date | None:
        """Return a cell that holds a day, None where it is blank. Raises CommandFailed."""
        return self._read(column, read_day) if self.text(column) else None

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

    def _read(self, column: str, read: Callable[[str], T]) -> T:
        try:
            return read(self.text(column))
        except ValueError as error:
            raise self.wrong(column, f"is {error}") from error

    def wrong(self, column: str, what: str) -> CommandFailed:
        """Return the failure that names this line and a column."""
        return self.refused(f"{column} {what}")

    def refused(self, what: object) -> CommandFailed:
        """Return the failure that names this line."""
        return CommandFailed(f"{self.file} line {self.line}: {what}")


def bytes_of(file: str) -> bytes:
    """Return what a file holds. Raises CommandFailed when it cannot be read."""
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}") from error


@dataclass
class Lines(Generic[T]):
    """What the lines of a file say.

    Attributes:
        told: what each line in order says, by where the line begins in the file.
        problems: what is wrong, by line; none of the file is taken over then.
    """

    told: dict[int, T] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)

    def all(self) -> list[T]:
        """Return what all lines say. Raises WrongLines, naming every line that is wrong."""
        if self.problems:
            raise WrongLines(self.problems)
        return list(self.told.values())


def read_lines(file: str, columns: Sequence[str], read: Callable[[Row], T]) -> Lines[T]:
    """Return what the lines of a file say whose header is exactly these columns.

    Args:
        file: a path, or `-` for standard input.
        read: raises CommandFailed for a line that is wrong.
    Raises: CommandFailed: the file or its header cannot be read.
    """
    lines = Lines[T]()
    for begins, cells in _records(file, columns, lines.problems):
        try:
            lines.told[begins] = read(_row(file, begins, cells, columns))
        except CommandFailed as error:
            lines.problems[begins] = error.message
    return lines


def _records(
    file: str, columns: Sequence[str], problems: dict[int, str]
) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each line that is not blank, and where it begins."""
    reader = csv.reader(io.StringIO(_text(file), newline=""), strict=True)
    begins = 1
    try:
        _check_header(file, next(reader, []), columns)
        begins = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:  # where the line ends nobody knows, so the rest is not read
        problems[begins] = f"{file} line {reader.line_num}: {error}"


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
