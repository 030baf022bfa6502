"""The mapping file: `shop,item,variation,sku,low_stock,unlimited`."""

from collections.abc import Callable

from adapters.postgres.stock.mappings import Link
from console.csv_files import Row, read_rows
from domain.carts.ports import ItemKey

COLUMNS = ("shop", "item", "variation", "sku", "low_stock", "unlimited")


def read_links(file: str, shop_id: Callable[[str], int | None]) -> list[Link]:
    """Return the wished links. Raises Failed naming the line.

    Args: shop_id: the id of a shop by key, None when the merchant has none such.
    """
    links: list[Link] = []
    lines: dict[tuple[int, ItemKey], int] = {}
    for row in read_rows(file, COLUMNS):
        link = _link(row, shop_id)
        first = lines.setdefault((link.shop_id, link.key), row.line)
        if first != row.line:
            raise row.wrong("item", f"{link.key.item} was given on line {first} already")
        links.append(link)
    return links


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
