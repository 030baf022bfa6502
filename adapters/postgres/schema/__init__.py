"""All tables. Constraints repeat the rules, so that no code path can break them silently."""

from adapters.postgres.schema.access import api_clients, idempotency_keys
from adapters.postgres.schema.base import metadata
from adapters.postgres.schema.journal import (
    api_log,
    audit,
    closures,
    dead_letters,
    effects,
)
from adapters.postgres.schema.orders import (
    import_tasks,
    instruction_lines,
    instructions,
)
from adapters.postgres.schema.rules import rules
from adapters.postgres.schema.runs import call_counts, cursors, lane_blocks, lanes, run_items, runs
from adapters.postgres.schema.shops import carriers, merchants, robots, shops
from adapters.postgres.schema.stock import (
    external_items,
    mappings,
    recalculations,
    set_components,
    skus,
    stock_pushes,
)

__all__ = [
    "api_clients",
    "api_log",
    "audit",
    "call_counts",
    "carriers",
    "closures",
    "cursors",
    "dead_letters",
    "effects",
    "external_items",
    "idempotency_keys",
    "import_tasks",
    "instruction_lines",
    "instructions",
    "lane_blocks",
    "lanes",
    "mappings",
    "merchants",
    "metadata",
    "recalculations",
    "robots",
    "rules",
    "run_items",
    "runs",
    "set_components",
    "shops",
    "skus",
    "stock_pushes",
]
