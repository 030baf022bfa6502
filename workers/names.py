"""Wire names of the tasks that beat sends and of planning; those of items are in domain.actions.

Renaming one is a migration.
"""

from domain.actions import ACTIONS, Action, Queue

START_DUE_RUNS = "runs.start_due_runs"
ADMIT = "runs.admit_items"
SWEEP = "runs.sweep"
PLAN_RUN = "runs.plan_run"
REFRESH_TOKENS = "tokens.refresh_tokens"
LOOK_AFTER_SHOPS = "shops.look_after_shops"
PRUNE = "runs.prune"
RECALCULATE = "stock.recalculate_secured"
START_COMPARES = "stock.start_nightly_compares"
YIELD_COMPARES = "stock.yield_to_changed"

TICKS = (
    START_DUE_RUNS,
    ADMIT,
    SWEEP,
    REFRESH_TOKENS,
    LOOK_AFTER_SHOPS,
    PRUNE,
    RECALCULATE,
    START_COMPARES,
    YIELD_COMPARES,
)

QUEUE_OF: dict[str, Queue] = {
    PLAN_RUN: Queue.PLAN,
    **dict.fromkeys(TICKS, Queue.TICKS),
    **{facts.task: facts.queue for facts in ACTIONS.values()},
}

PLAN = (PLAN_RUN, Queue.PLAN.value)
"""Where notes about runs go: task and queue."""


def address_of(action: Action) -> tuple[str, str]:
    """Return where notes about items of an action go: task and queue."""
    facts = ACTIONS[action]
    return facts.task, facts.queue.value
