"""Secured stock (確保数): what live unshipped instructions claim.

A set product (セット商品) has no pieces of its own: what is claimed are its components.
"""

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Connection, text

from adapters.postgres.counts import change

_COMPONENTS = text("""
select set_sku_id, component_sku_id, quantity from set_components where set_sku_id = any(:ids)
""")


def pieces(connection: Connection, quantities: Mapping[int, int]) -> dict[int, int]:
    """Return pieces by SKU id, sets taken apart into their components."""
    parts: dict[int, list[tuple[int, int]]] = {}
    for row in connection.execute(_COMPONENTS, {"ids": list(quantities)}):
        parts.setdefault(row.set_sku_id, []).append((row.component_sku_id, row.quantity))
    total: Counter[int] = Counter()
    for sku_id, quantity in quantities.items():
        for component, needed in parts.get(sku_id, [(sku_id, 1)]):
            total[component] += quantity * needed
    return dict(total)


def secure(connection: Connection, quantities: Mapping[int, int]) -> None:
    """Claim pieces of SKUs, by id."""
    if quantities:
        change(connection, secured=pieces(connection, quantities))


def release(connection: Connection, quantities: Mapping[int, int]) -> None:
    """Give claimed pieces back."""
    if quantities:
        taken = pieces(connection, quantities)
        change(connection, secured={sku_id: -count for sku_id, count in taken.items()})
