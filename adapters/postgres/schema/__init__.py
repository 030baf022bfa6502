"""All tables. Constraints repeat the rules, so that no code path can break them silently."""

from adapters.postgres.schema import access, journal, orders, processes, rules, runs, shops, stock
from adapters.postgres.schema.base import metadata

__all__ = [
    "access",
    "journal",
    "metadata",
    "orders",
    "processes",
    "rules",
    "runs",
    "shops",
    "stock",
]
