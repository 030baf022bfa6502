"""`renkei mapping`: the shops' items and the SKU each is linked to (対応表)."""

from collections.abc import Callable
from dataclasses import asdict
from functools import cache

import click

from adapters.postgres.views.shops import refer
from adapters.postgres.views.stock import list_mappings
from console.failures import CommandFailed, Wrong
from console.files import Row, read_lines
from console.output import columns
from console.session import Session, add_list, leaf
from console.words import COUNT, ONLY_SHOP, created_skus, shop_of, sku_code
from domain.carts.ports import ItemKey
from domain.stock.mappings import Link
from workers.services.mappings import import_links, item_words, remove_link, set_link, take_listing

COLUMNS = columns(
    "shop, item, variation, sku=SKU, name, code, low_stock, unlimited, pushed_quantity=pushed, "
    "pushed_at=pushed at, waiting, note, failure"
)
UNMAPPED = click.option("--unmapped", is_flag=True, help="Items without a SKU instead.")
FILE_COLUMNS = ("shop", "item", "variation", "sku", "low_stock", "unlimited")


@click.group()
def mapping() -> None:
    """Which SKU each item of a shop is (対応表)."""


add_list(
    mapping,
    "Print the mapped items and what each shop was last told.",
    list_mappings,
    COLUMNS,
    ONLY_SHOP,
    UNMAPPED,
)


@mapping.command("set")
@click.option("--shop", required=True, metavar="KEY")
@click.option("--item", required=True, help="BASE item_id, or ShopServe item_code.")
@click.option("--variation", default="", help="BASE variation_id, or ShopServe choices with `/`.")
@click.option("--sku", required=True, help="Created, not counted, when it is unknown.")
@click.option("--low-stock", type=COUNT, help="ShopServe 在庫わずか通知の数.")
@click.option("--unlimited", is_flag=True, help="無制限")
@leaf
def set_one(
    session: Session,
    shop: str,
    item: str,
    variation: str,
    sku: str,
    low_stock: int | None,
    unlimited: bool,
) -> None:
    """Link an item to a SKU; calls no cart."""
    key, code = _key(item, variation), sku_code(sku)
    with session.change_shop(shop) as (connection, actor, found):
        link = Link(found.id, key, code, low_stock, unlimited)
        linked = set_link(connection, actor, found, link)
    document: dict[str, object] = {
        "shop": shop,
        **asdict(key),
        "sku": code,
        "low_stock": low_stock,
        "unlimited": unlimited,
        "changed": bool(linked.changed),
        "created_skus": list(linked.created),
    }
    state = "mapped to" if linked.changed else "is mapped already to"
    session.tell(document, f"{item_words(shop, key)} {state} {code}", *created_skus(linked.created))


@mapping.command("remove")
@click.option("--shop", required=True, metavar="KEY")
@click.option("--item", required=True)
@click.option("--variation", default="")
@leaf
def remove(session: Session, shop: str, item: str, variation: str) -> None:
    """Unlink an item; the shop keeps the number it was last told."""
    key = _key(item, variation)
    words = item_words(shop, key)
    with session.change_shop(shop) as (connection, actor, found):
        if not remove_link(connection, actor, found, key):
            raise CommandFailed(f"{words} is not mapped")
    document: dict[str, object] = {"shop": shop, **asdict(key)}
    session.tell(document, f"{words} unmapped")


@mapping.command("import")
@click.argument("file", metavar="FILE.csv")
@leaf
def load(session: Session, file: str) -> None:
    """Link many items from a CSV file: shop,item,variation,sku,low_stock,unlimited.

    UTF-8 and Shift-JIS are both read; nothing is written when a line is wrong.
    """
    with session.change() as (connection, actor):

        @cache
        def shop_id(key: str) -> int | None:
            found = refer(connection, actor.merchant_id, key)
            return found.id if found else None

        links = _read_links(file, shop_id)
        linked = import_links(connection, actor, file, links)
    document: dict[str, object] = {"file": file, "rows": len(links), "changed": linked.changed}
    session.tell(
        {**document, "created_skus": list(linked.created)},
        f"{len(links)} items read from {file}, {linked.changed} changed",
        *created_skus(linked.created),
    )


@mapping.command("fetch")
@click.option("--shop", required=True, metavar="KEY")
@leaf
def fetch(session: Session, shop: str) -> None:
    """Read the shop's items, and map those whose code is a SKU and that nobody mapped."""
    from workers.services.cart_calls import list_items  # noqa: PLC0415 -- needs an HTTP client

    with session.work() as (connection, merchant_id):
        found = shop_of(connection, merchant_id, shop)
    pages = list_items(session.settings, session.engine, found)
    with session.change() as (connection, actor):
        fetched = take_listing(connection, actor, found, (item for page in pages for item in page))
    document: dict[str, object] = {
        "shop": shop,
        "items": fetched.items,
        "mapped": fetched.mapped,
        "unmapped": fetched.unmapped,
        "repeated_codes": fetched.repeated,
    }
    warnings = [f"code {code}: several items have it, none was mapped" for code in fetched.repeated]
    warnings += [
        f"item {row.key or row.position}: not readable: {row.reason}"
        for page in pages
        for row in page.unreadable
    ]
    session.tell(
        document,
        f"{shop}: {fetched.items} items, {fetched.mapped} newly mapped,"
        f" {fetched.unmapped} without a SKU",
        *warnings,
    )


def _key(item: str, variation: str) -> ItemKey:
    if not item.strip():
        raise Wrong("--item is not blank")
    return ItemKey(item.strip(), variation.strip())


def _read_links(file: str, shop_id: Callable[[str], int | None]) -> list[Link]:
    """Return the wished links. Raises WrongLines.

    Args: shop_id: the id of a shop by key, None when the merchant has none such.
    """
    lines: dict[object, int] = {}

    def read(row: Row) -> Link:
        link = _link(row, shop_id)
        row.only_once("item", link.key.item, lines, key=(link.shop_id, link.key))
        return link

    return read_lines(file, FILE_COLUMNS, read).all()


def _link(row: Row, shop_id: Callable[[str], int | None]) -> Link:
    shop = row.needed("shop")
    found = shop_id(shop)
    if found is None:
        raise row.wrong("shop", f"{shop} is unknown")
    return Link(
        shop_id=found,
        key=ItemKey(row.needed("item"), row.text("variation")),
        sku=row.needed("sku"),
        low_stock=row.number("low_stock") if row.text("low_stock") else None,
        unlimited=row.flag("unlimited"),
    )
