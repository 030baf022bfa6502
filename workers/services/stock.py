"""What people and warehouse systems say about stock: counts, and what a set consists of."""

from collections.abc import Mapping

from sqlalchemy import Connection

from adapters.postgres.access.audit import record
from adapters.postgres.stock import counts, sets
from workers.services.actors import Actor


def set_counts(connection: Connection, actor: Actor, on_hand: Mapping[str, int]) -> None:
    """Set pieces in the warehouse by SKU; unknown SKUs are created. Raises BrokenRule."""
    counts.set_on_hand(connection, actor.merchant_id, on_hand)
    entries = (actor.entry("stock.set", sku, on_hand=pieces) for sku, pieces in on_hand.items())
    record(connection, *entries)


def import_counts(
    connection: Connection, actor: Actor, file: str, on_hand: Mapping[str, int]
) -> None:
    """Set the pieces a file names, audited as one change. Raises BrokenRule."""
    counts.set_on_hand(connection, actor.merchant_id, on_hand)
    actor.did(connection, "stock.import", file, skus=len(on_hand))


def adjust_count(connection: Connection, actor: Actor, sku: str, delta: int) -> None:
    """Add pieces to a SKU, or take them away.

    Raises: BrokenRule: the SKU is unknown or not counted, or would fall below nothing.
    """
    counts.adjust_on_hand(connection, actor.merchant_id, sku, delta)
    actor.did(connection, "stock.adjust", sku, delta=delta)


def set_components(
    connection: Connection, actor: Actor, sku: str, components: Mapping[str, int]
) -> list[str]:
    """Say what one set consists of, pieces by SKU; returns SKUs created, not counted.

    Raises: BrokenRule for a set that contains itself or another set.
    """
    created = sets.set_components(connection, actor.merchant_id, sku, components)
    actor.did(connection, "sets.set", sku, components=dict(components))
    return created


def remove_set(connection: Connection, actor: Actor, sku: str) -> bool:
    """Make a set an ordinary SKU again; False when it was none."""
    if not sets.remove_set(connection, actor.merchant_id, sku):
        return False
    actor.did(connection, "sets.remove", sku)
    return True
