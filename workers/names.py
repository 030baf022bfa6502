"""Wire names of every task and the queue it goes to. Renaming one is a migration."""

from domain.actions import Action

PLAN = "plan"
ORDERS = "orders"
SHIPMENTS = "shipments"
STOCK = "stock"
QUEUES = (PLAN, ORDERS, SHIPMENTS, STOCK)

START_DUE_RUNS = "runs.start_due_runs"
ADMIT = "runs.admit_items"
SWEEP = "runs.sweep"
PLAN_RUN = "runs.plan_run"

IMPORT_ORDER = "orders.import_order"
CONFIRM_ORDER = "orders.confirm_order"
COMPLETE_ORDER = "orders.complete_order"
SYNC_STATUS = "statuses.sync_order"
RETURN_SHIPMENT = "shipments.return_shipment"
PUSH_STOCK = "stock.push_sku"

REFRESH_TOKENS = "tokens.refresh_tokens"
PRUNE = "runs.prune"
RECALCULATE = "stock.recalculate_secured"
START_COMPARES = "stock.start_nightly_compares"
YIELD_COMPARES = "stock.yield_to_changed"

ITEM_TASKS: dict[Action, str] = {
    Action.IMPORT_ORDERS: IMPORT_ORDER,
    Action.CONFIRM_ORDERS: CONFIRM_ORDER,
    Action.COMPLETE_ORDERS: COMPLETE_ORDER,
    Action.SYNC_STATUS: SYNC_STATUS,
    Action.RETURN_SHIPMENTS: RETURN_SHIPMENT,
    Action.SYNC_STOCK: PUSH_STOCK,
}

QUEUE_OF: dict[str, str] = {
    START_DUE_RUNS: PLAN,
    ADMIT: PLAN,
    SWEEP: PLAN,
    PLAN_RUN: PLAN,
    REFRESH_TOKENS: PLAN,
    PRUNE: PLAN,
    RECALCULATE: PLAN,
    START_COMPARES: PLAN,
    YIELD_COMPARES: PLAN,
    IMPORT_ORDER: ORDERS,
    CONFIRM_ORDER: ORDERS,
    COMPLETE_ORDER: ORDERS,
    SYNC_STATUS: ORDERS,
    RETURN_SHIPMENT: SHIPMENTS,
    PUSH_STOCK: STOCK,
}
