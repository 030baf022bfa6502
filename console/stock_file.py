"""The stock file: `sku,on_hand`."""

from console.csv_files import read_rows

COLUMNS = ("sku", "on_hand")


def read_stock(file: str) -> dict[str, int]:
    """Return pieces by SKU. Raises Failed naming the line; a SKU may come only once."""
    counts: dict[str, int] = {}
    lines: dict[str, int] = {}
    for row in read_rows(file, COLUMNS):
        sku = row.needed("sku")
        if sku in lines:
            raise row.wrong("sku", f"{sku} was given on line {lines[sku]} already")
        lines[sku] = row.line
        counts[sku] = row.number("on_hand")
    return counts
