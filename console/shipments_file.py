"""The shipments file: `number,method,tracking,date`."""

from datetime import date

from adapters.postgres.orders.instruction_targets import Target
from adapters.postgres.orders.warehouse import Request
from console.csv_files import Row, read_rows
from domain.errors import BrokenRule
from domain.warehouse.moves import Parcel, Ship

COLUMNS = ("number", "method", "tracking", "date")


def read_shipments(file: str, *, today: date, shop: str | None) -> list[Request]:
    """Return what the file says left. Raises Failed naming the line and the column.

    Args:
        today: ship date of lines without one.
        shop: where two shops share numbers.
    """
    lines: dict[str, int] = {}
    requests = []
    for row in read_rows(file, COLUMNS):
        number = row.needed("number")
        if number in lines:
            raise row.wrong("number", f"{number} was given on line {lines[number]} already")
        lines[number] = row.line
        where = f"{row.file} line {row.line}: number"
        requests.append(Request(Target(number, shop, where=where), Ship(_parcel(row, today))))
    return requests


def _parcel(row: Row, today: date) -> Parcel:
    method, tracking = row.needed("method"), row.needed("tracking")
    try:
        return Parcel(method, tracking, _day(row, today))
    except BrokenRule as error:
        raise row.wrong("tracking", f"{tracking!r}: {error}") from error


def _day(row: Row, today: date) -> date:
    """Return the ship date: 2025-01-31, or 2025/01/31 as spreadsheets write it."""
    text = row.text("date")
    if not text:
        return today
    try:
        year, month, day = (int(part) for part in text.replace("/", "-").split("-"))
        return date(year, month, day)
    except ValueError as error:
        raise row.wrong("date", f"is no day like 2025-01-31: {text!r}") from error
