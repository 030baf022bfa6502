"""Files of `renkei orders`: what left the warehouse, and all orders for a spreadsheet."""

import sys
from pathlib import Path

import click

from adapters.postgres.orders.warehouse import Actor, perform
from adapters.postgres.views.orders import list_orders
from console.session import Session, actor, leaf
from console.words import known_shop


@click.command("import-shipments")
@click.argument("file", metavar="FILE.csv")
@click.option("--shop", metavar="KEY", help="Where two shops share numbers.")
@leaf
def import_shipments(session: Session, file: str, shop: str | None) -> None:
    """Ship what a CSV file with the columns number,method,tracking,date says.

    UTF-8 and Shift-JIS are both read; nothing is written when a line is wrong.
    """
    from console.commands.order_moves import today  # noqa: PLC0415
    from console.shipments_file import read_shipments  # noqa: PLC0415 -- only this command reads

    requests = read_shipments(file, today=today(session), shop=shop)
    with session.work() as (connection, merchant_id):
        known_shop(connection, merchant_id, shop)
        perform(connection, Actor(merchant_id, actor(), f"file {Path(file).name}"), requests)
    document: dict[str, object] = {"file": file, "shipped": len(requests)}
    session.tell(document, f"{len(requests)} orders shipped from {file}")


@click.command("export")
@click.argument("file", metavar="FILE.csv")
@click.option("--shop", metavar="KEY", help="Only this shop.")
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


FILE_COMMANDS: tuple[click.Command, ...] = (import_shipments, export)
