"""Files of `renkei orders`: what left the warehouse, and all orders for a spreadsheet."""

import itertools
import sys
from datetime import date
from pathlib import Path

import click
from sqlalchemy import Connection

from adapters.postgres.views.orders import list_orders, orders_by_id
from console.commands.order_moves import today
from console.failures import WrongLines
from console.files import Lines, Row, read_lines
from console.output import warn
from console.session import Session, leaf
from console.words import ONLY_SHOP, known_shop
from domain.errors import BrokenRule
from domain.warehouse.moves import Parcel, Ship
from domain.warehouse.targets import Target
from workers.services.actors import Actor
from workers.services.methods import worth_saying
from workers.services.warehouse import Request, attempt


@click.command("import-shipments")
@click.argument("file", metavar="FILE.csv")
@click.option("--shop", metavar="KEY", help="Where two shops share numbers.")
@leaf
def import_shipments(session: Session, file: str, shop: str | None) -> None:
    """Ship what a CSV file with the columns number,method,tracking,date says.

    UTF-8 and Shift-JIS are both read; nothing is written when a line is wrong.
    """
    lines = _read_shipments(file, today=today(session), shop=shop)
    with session.change(f"file {Path(file).name}") as (connection, actor):
        known_shop(connection, actor.merchant_id, shop)
        warnings = _ship(connection, actor, lines)
    document: dict[str, object] = {"file": file, "shipped": len(lines.told)}
    if warnings:
        document["warnings"] = warnings
    session.tell(document, f"{len(lines.told)} orders shipped from {file}")
    for sentence in warnings:
        warn(sentence)


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

    session.patient = True
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


def _read_shipments(file: str, *, today: date, shop: str | None) -> Lines[Request]:
    """Return what the file says left.

    Args:
        today: ship date of lines without one.
        shop: where two shops share numbers.
    """
    seen: dict[str, int] = {}

    def read(row: Row) -> Request:
        number = row.needed("number")
        row.only_once("number", number, seen)
        where = f"{row.file} line {row.line}: number"
        return Request(Target(number, shop, where=where), Ship(_parcel(row, today)))

    return read_lines(file, ("number", "method", "tracking", "date"), read)


def _parcel(row: Row, today: date) -> Parcel:
    method, tracking, day = row.needed("method"), row.needed("tracking"), row.day("date")
    try:
        return Parcel.entered(method, tracking, day, today=today)
    except BrokenRule as error:
        raise row.refused(error) from error


def _ship(connection: Connection, actor: Actor, lines: Lines[Request]) -> list[str]:
    """Ship all, or name every line that is wrong by itself or does not fit what is stored.

    Returns: what is worth saying of what was shipped, each once.
    """
    places, problems = list(lines.told), dict(lines.problems)
    made = attempt(connection, actor, list(lines.told.values()))
    problems.update({places[at]: str(error) for at, error in made.refused.items()})
    if problems:
        raise WrongLines(problems)
    rows = orders_by_id(connection, actor.merchant_id, [one.id for one in made.found])
    said = worth_saying(connection, actor.merchant_id, Ship, made.found, rows)
    return list(dict.fromkeys(itertools.chain.from_iterable(said.values())))


FILE_COMMANDS: tuple[click.Command, ...] = (import_shipments, export)
