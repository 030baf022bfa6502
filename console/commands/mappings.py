"""`renkei mapping`: the shops' items and the SKU each is linked to (対応表)."""

from collections import Counter

import click

from adapters.postgres.stock.mappings import (
    Link,
    Linked,
    known_codes,
    list_mappings,
    mapped_keys,
    name_items,
    remove_link,
    set_links,
)
from console.failures import Failed, Wrong
from console.output import Column
from console.session import Session, leaf
from console.words import COUNT, known_shop, shop_of
from domain.carts.ports import ExternalItem, ItemKey

COLUMNS = (
    Column("shop"),
    Column("item"),
    Column("variation"),
    Column("sku", "SKU"),
    Column("name"),
    Column("code"),
    Column("low_stock", "low stock", right=True),
    Column("unlimited"),
    Column("pushed_quantity", "pushed", right=True),
    Column("pushed_at", "pushed at"),
    Column("waiting"),
    Column("failure"),
)


@click.group()
def mapping() -> None:
    """Which SKU each item of a shop is (対応表)."""


@mapping.command("list")
@click.option("--shop", metavar="KEY", help="Only this shop.")
@click.option("--unmapped", is_flag=True, help="Items without a SKU instead.")
@leaf
def show(session: Session, shop: str | None, unmapped: bool) -> None:
    """Print the mapped items and what each shop was last told."""
    with session.work() as (connection, merchant_id):
        known_shop(connection, merchant_id, shop)
        rows = list_mappings(connection, merchant_id, shop=shop, unmapped=unmapped)
    session.show(rows, COLUMNS)


@mapping.command("set")
@click.option("--shop", required=True, metavar="KEY")
@click.option("--item", required=True, help="BASE item_id, or ShopServe item_code.")
@click.option("--variation", default="", help="BASE variation_id, or ShopServe choices with `/`.")
@click.option("--sku", required=True, help="Created with on hand 0 when it is unknown.")
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
    key, code = _key(item, variation), sku.strip()
    if not code:
        raise Wrong("a SKU is not blank")
    with session.work() as (connection, merchant_id):
        shop_id = shop_of(connection, merchant_id, shop).id
        link = Link(shop_id, key, code, low_stock, unlimited)
        linked = set_links(connection, merchant_id, [link])
        detail = {"sku": code, "low_stock": low_stock, "unlimited": unlimited}
        subject = _subject(shop, key)
        session.audit(connection, merchant_id, "mapping.set", subject, detail=detail)
    document: dict[str, object] = {
        "shop": shop,
        "item": key.item,
        "variation": key.variation,
        **detail,
        "changed": bool(linked.changed),
        "created_skus": list(linked.created),
    }
    state = "mapped to" if linked.changed else "is mapped already to"
    session.tell(document, f"{subject} {state} {code}", *_created(linked))


@mapping.command("remove")
@click.option("--shop", required=True, metavar="KEY")
@click.option("--item", required=True)
@click.option("--variation", default="")
@leaf
def remove(session: Session, shop: str, item: str, variation: str) -> None:
    """Unlink an item; the shop keeps the number it was last told."""
    key = _key(item, variation)
    with session.work() as (connection, merchant_id):
        shop_id = shop_of(connection, merchant_id, shop).id
        if not remove_link(connection, shop_id, key):
            raise Failed(f"{_subject(shop, key)} is not mapped")
        session.audit(connection, merchant_id, "mapping.remove", _subject(shop, key))
    document: dict[str, object] = {"shop": shop, "item": key.item, "variation": key.variation}
    session.tell(document, f"{_subject(shop, key)} unmapped")


@mapping.command("import")
@click.argument("file", metavar="FILE.csv")
@leaf
def load(session: Session, file: str) -> None:
    """Link many items from a CSV file: shop,item,variation,sku,low_stock,unlimited.

    UTF-8 and Shift-JIS are both read; nothing is written when a line is wrong.
    """
    from adapters.postgres.views.shops import refer  # noqa: PLC0415 -- only files name many shops
    from console.mapping_file import read_links  # noqa: PLC0415

    with session.work() as (connection, merchant_id):
        known: dict[str, int | None] = {}

        def shop_id(key: str) -> int | None:
            if key not in known:
                found = refer(connection, merchant_id, key)
                known[key] = found.id if found else None
            return known[key]

        links = read_links(file, shop_id)
        linked = set_links(connection, merchant_id, links)
        detail: dict[str, object] = {"rows": len(links), "changed": linked.changed}
        session.audit(connection, merchant_id, "mapping.import", file, detail=detail)
    document = {"file": file, **detail, "created_skus": list(linked.created)}
    session.tell(
        document,
        f"{len(links)} items read from {file}, {linked.changed} changed",
        *_created(linked),
    )


@mapping.command("fetch")
@click.option("--shop", required=True, metavar="KEY")
@leaf
def fetch(session: Session, shop: str) -> None:
    """Read the shop's items, and map those whose code is a SKU and that nobody mapped."""
    from console.cart_calls import open_cart_of  # noqa: PLC0415 -- needs an HTTP client

    with open_cart_of(session, shop) as (found, cart):
        pages = list(cart.list_stock())
    listed = {item.key: item for page in pages for item in page}
    unreadable = [row for page in pages for row in page.unreadable]
    items = list(listed.values())
    with session.work() as (connection, merchant_id):
        name_items(connection, found.id, items)
        mapped = mapped_keys(connection, found.id)
        codes = known_codes(connection, merchant_id, (item.code for item in items if item.code))
        repeated = _repeated(items)
        fresh = [
            Link(found.id, item.key, item.code)
            for item in items
            if item.key not in mapped and item.code in codes and item.code not in repeated
        ]
        set_links(connection, merchant_id, fresh)
        detail: dict[str, object] = {"items": len(items), "mapped": len(fresh)}
        session.audit(connection, merchant_id, "mapping.fetch", shop, detail=detail)
    unmapped = len(listed.keys() - mapped) - len(fresh)
    document = {"shop": shop, **detail, "unmapped": unmapped, "repeated_codes": repeated}
    warnings = [f"code {code}: several items have it, none was mapped" for code in repeated]
    warnings += [
        f"item {row.key or row.position}: not readable: {row.reason}" for row in unreadable
    ]
    session.tell(
        document,
        f"{shop}: {len(items)} items, {len(fresh)} newly mapped, {unmapped} without a SKU",
        *warnings,
    )


def _repeated(items: list[ExternalItem]) -> list[str]:
    """Return codes that several items give: which of them is the SKU, nobody can tell (IMP-12)."""
    counts = Counter(item.code for item in items if item.code)
    return sorted(code for code, count in counts.items() if count > 1)


def _key(item: str, variation: str) -> ItemKey:
    if not item.strip():
        raise Wrong("--item is not blank")
    return ItemKey(item.strip(), variation.strip())


def _subject(shop: str, key: ItemKey) -> str:
    return " ".join(part for part in (shop, key.item, key.variation) if part)


def _created(linked: Linked) -> list[str]:
    return [f"SKU {code} was unknown: created with on hand 0" for code in linked.created]
