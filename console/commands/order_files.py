"""Files of `renkei orders`: what left the warehouse, and all orders for a spreadsheet."""

import sys
from datetime import date
from pathlib import Path

import click

from adapters.postgres.views.orders import list_orders
from console.commands.order_moves import today
from console.files import Row, read_rows
from console.session import Session, leaf
from console.words import ONLY_SHOP, known_shop
from domain.errors import BrokenRule
from domain.warehouse.moves import Parcel, Ship
from domain.warehouse.targets import Target, unheard
from workers.services.warehouse import Request, perform


@click.command("import-shipments")
@click.argument("file", metavar="FILE.csv")
@click.option("--shop", metavar="KEY", help="Where two shops share numbers.")
@leaf
def import_shipments(session: Session, file: str, shop: str | None) -> None:
    """Ship what a CSV file with the columns number,method,tracking,date says.

    UTF-8 and Shift-JIS are both read; nothing is written when a line is wrong.
    """
    requests = _read_shipments(file, today=today(session), shop=shop)
    with session.change(f"file {Path(file).name}") as (connection, actor):
        known_shop(connection, actor.merchant_id, shop)
        warnings = unheard(perform(connection, actor, requests))
    document: dict[str, object] = {"file": file, "shipped": len(requests), "warnings": warnings}
    session.tell(document, f"{len(requests)} orders shipped from {file}", *warnings)


@click.command("export")
@click.argument("file", metavar="FILE.csv")
@ONLY_SHOP
@click.option("--encoding", type=click.Choice(["utf-8", "cp932"]), default="utf-8")
@click.option("--lines", is_flag=True, help="One row per line instead of one per instruction.")
@leaf
def export(session: Session, file: str, shop: str | None, encoding: str, lines: bool) -> None:
    """Write all shipping instructions to a CSV file; `-` is standard output.

    UTF-8 comes with the mark spreadsheets need; cp932 is Shift-JIS.
    """
    from console.orders_file import encoded, orders_csv  # noqa: PLC0415 -- only this command writes

    with session.work() as (connection, merchant_id):
        known_shop(connection, merchant_id, shop)
        rows = list_orders(connection, merchant_id, shop=shop)
    content, missing = encoded(orders_csv(rows, lines=lines), encoding)
    if file == "-":
        sys.stdout.buffer.write(content)
        return
    Path(file).write_bytes(content)
    document: dict[str, object] = {"file": file, "orders": len(rows), "replaced": missing}
    lost = [f"{missing} letters are not in Shift-JIS: written as 〓"] if missing else []
    session.tell(document, f"{len(rows)} orders written to {file}", *lost)


def _read_shipments(file: str, *, today: date, shop: str | None) -> list[Request]:
    """Return what the file says left. Raises CommandFailed naming the line and the column.

    Args:
        today: ship date of lines without one.
        shop: where two shops share numbers.
    """
    lines: dict[str, int] = {}
    requests = []
    for row in read_rows(file, ("number", "method", "tracking", "date")):
        number = row.needed("number")
        row.only_once("number", number, lines)
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


FILE_COMMANDS: tuple[click.Command, ...] = (import_shipments, export)
