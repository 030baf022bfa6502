"""`renkei stock`: SKUs (品番) and how many pieces of them there are."""

from typing import Any

import click

from adapters.postgres.views.stock import UNCOUNTED, list_sets, list_stock
from console.files import Row, read_lines
from console.output import columns, print_json, print_lines, print_table, warn
from console.session import Session, leaf
from console.words import COUNT, TIMEOUT, sku_code, whole
from domain.notation import LARGEST_COUNT
from workers.services.stock import adjust_count, import_counts, set_counts


def _on_hand(row: dict[str, object]) -> object:
    """Return what stands under 在庫数; a set is counted when its components are."""
    return UNCOUNTED if row["free"] is None else row["on_hand"]


COLUMNS = columns(
    "sku=SKU, on_hand=on hand 在庫数, secured=secured 確保数, free=free フリー在庫数, version",
    on_hand=_on_hand,
)


@click.group()
def stock() -> None:
    """SKUs (品番) and their counts."""


@stock.command("list")
@click.argument("skus", nargs=-1, metavar="[SKU]...")
@leaf
def show(session: Session, skus: tuple[str, ...]) -> None:
    """Print the counts of all SKUs, or of some."""
    with session.work() as (connection, merchant_id):
        rows = list_stock(connection, merchant_id, skus or None)
    session.show(rows, COLUMNS)


@stock.command("set")
@click.argument("sku")
@click.argument("on_hand", type=COUNT)
@leaf
def set_one(session: Session, sku: str, on_hand: int) -> None:
    """Say how many pieces of a SKU are in the warehouse; creates the SKU."""
    code = sku_code(sku)
    with session.change() as (connection, actor):
        set_counts(connection, actor, {code: on_hand})
        (row,) = list_stock(connection, actor.merchant_id, [code])
        is_set = code in {each["sku"] for each in list_sets(connection, actor.merchant_id)}
    session.tell(row, f"{code}: {on_hand} on hand, {_free(row)}")
    if is_set:
        warn(f"{code} is a set: what shops are told comes from the counts of its components")


@stock.command("adjust", context_settings={"ignore_unknown_options": True})
@click.argument("sku")
@click.argument("delta", metavar="±N", type=whole(-LARGEST_COUNT))
@leaf
def adjust(session: Session, sku: str, delta: int) -> None:
    """Add pieces to a SKU (5) or take them away (-5)."""
    code = sku_code(sku)
    with session.change() as (connection, actor):
        adjust_count(connection, actor, code, delta)
        (row,) = list_stock(connection, actor.merchant_id, [code])
    session.tell(row, f"{code}: {row['on_hand']} on hand, {_free(row)}")


@stock.command("import")
@click.argument("file", metavar="FILE.csv")
@leaf
def load(session: Session, file: str) -> None:
    """Set the counts of many SKUs from a CSV file with the columns sku,on_hand.

    UTF-8 and Shift-JIS are both read; nothing is written when a line is wrong.
    """
    on_hand = _read_counts(file)
    with session.change() as (connection, actor):
        import_counts(connection, actor, file, on_hand)
    session.tell({"file": file, "skus": len(on_hand)}, f"{len(on_hand)} SKUs set from {file}")


TAKEN = columns("sku=SKU, on_hand=on hand 在庫数, shown=shop shows, secured=secured 確保数")
LEFT = columns("sku=SKU, item, variation, reason=not taken because")


@stock.command("take")
@click.option("--shop", required=True, metavar="KEY")
@click.option("--dry-run", is_flag=True, help="Show what would be taken; nothing is changed.")
@TIMEOUT
@leaf
def take(session: Session, shop: str, dry_run: bool, timeout: float) -> None:
    """Take the shop's own numbers over for SKUs that nobody counted yet (未カウント).

    Orders are imported first, and once more after the shop was read; on hand is what the shop
    shows and the pieces its live orders have secured, so that free stock is what the shop shows.
    """
    from console.stock_take import document, take_stock  # noqa: PLC0415 -- needs an HTTP client

    found = take_stock(session, shop, dry=dry_run, timeout_s=timeout)
    told = document(found)
    if session.as_json:
        print_json(told)
    else:
        _print_take(told, dry_run=dry_run)
    if found.failure is not None:
        raise found.failure


def _print_take(told: dict[str, Any], *, dry_run: bool) -> None:
    taken, left = told["taken"], told["left"]
    if taken:
        print_table(taken, TAKEN)
    if left:
        print_table(left, LEFT)
    verb = "would be counted" if dry_run else "counted"
    print_lines([f"{told['shop']}: {len(taken)} SKUs {verb} as the shop shows, {len(left)} left"])
    if dry_run:
        print_lines(["dry run: orders that are not imported yet are not in these numbers"])
    print_lines(told["warnings"])


def _free(row: dict[str, object]) -> str:
    return UNCOUNTED if row["free"] is None else f"{row['free']} free"


def _read_counts(file: str) -> dict[str, int]:
    """Return pieces by SKU. Raises WrongLines; a SKU may come only once."""
    lines: dict[str, int] = {}

    def read(row: Row) -> tuple[str, int]:
        sku = row.needed("sku")
        row.only_once("sku", sku, lines)
        return sku, row.number("on_hand")

    return dict(read_lines(file, ("sku", "on_hand"), read).all())
