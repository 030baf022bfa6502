"""Secured stock (確保数): what live unshipped instructions claim.

A set product (セット商品) has no pieces of its own: what is claimed are its components.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from adapters.postgres.orders.statuses import SECURING
from adapters.postgres.statement import Statement
from adapters.postgres.stock.counts import change

# Any number; the same for everything that reads or changes what sets consist of.
_SETS = 7_264_552
_READ_SETS = Statement[None]("select pg_advisory_xact_lock_shared(:key)")
_CHANGE_SETS = Statement[None]("select pg_advisory_xact_lock(:key)")
_COMPONENTS = Statement[tuple[int, int, int]]("""
select set_sku_id, component_sku_id, quantity from set_components where set_sku_id = any(:ids)
""")
_DEMAND = Statement[int](f"""
select coalesce(sum(l.quantity), 0)
  from instruction_lines l join instructions i on i.id = l.instruction_id
 where l.sku_id = :sku_id and i.status in {SECURING}
""")

Recipes = dict[int, list[tuple[int, int]]]
"""Components and pieces of each by the id of a set's SKU."""


def recipes(connection: Connection, sku_ids: Iterable[int]) -> Recipes:
    """Return which of the SKUs are sets, of what; that stays so until the transaction ends."""
    _READ_SETS.run(connection, key=_SETS)
    parts: Recipes = {}
    for set_id, component_id, quantity in _COMPONENTS.all(connection, ids=list(sku_ids)):
        parts.setdefault(set_id, []).append((component_id, quantity))
    return parts


def taken_apart(parts: Recipes, quantities: Mapping[int, int]) -> Counter[int]:
    """Return pieces by SKU id, sets taken apart into their components."""
    total: Counter[int] = Counter()
    for sku_id, quantity in quantities.items():
        for component, needed in parts.get(sku_id, [(sku_id, 1)]):
            total[component] += quantity * needed
    return total


def pieces(connection: Connection, quantities: Mapping[int, int]) -> dict[int, int]:
    """Return pieces by SKU id, sets taken apart into their components."""
    return dict(taken_apart(recipes(connection, quantities), quantities))


def hold_sets(connection: Connection) -> None:
    """Wait until nobody counts pieces of sets, and keep others from it: sets will change.

    Call it before anything of the transaction locks a row.
    """
    _CHANGE_SETS.run(connection, key=_SETS)


def demand(connection: Connection, sku_id: int) -> int:
    """Return how often live unshipped instructions contain a SKU, sets not taken apart."""
    return _DEMAND.one(connection, sku_id=sku_id)


def secure(connection: Connection, quantities: Mapping[int, int]) -> None:
    """Claim pieces of SKUs, by id."""
    if quantities:
        change(connection, secured=pieces(connection, quantities))


def release(connection: Connection, quantities: Mapping[int, int]) -> None:
    """Give claimed pieces back."""
    if quantities:
        taken = pieces(connection, quantities)
        change(connection, secured={sku_id: -count for sku_id, count in taken.items()})
