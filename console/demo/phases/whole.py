"""What concerns all phases together: a second pass does nothing, calls made and errors met."""

from adapters.postgres.views.totals import items_of, totals
from console.demo.figures import Figure
from console.demo.runs import run_everywhere
from console.demo.stage import Stage
from domain.actions import Action

# Every call that changes something in a cart.
WRITES = frozenset(
    {
        "orders.status",
        "deliveries.shipping",
        "settlement.request",
        "orders.complete",
        "stock.write",
        "orders.edit_status",
        "items.edit_stock",
    }
)
# Signing in is not a call a run makes.
SIGNING_IN = "oauth."
FIRST_ERROR = 400


def second_pass(stage: Stage) -> list[Figure]:
    """Do everything once more: nothing has changed, so nothing may be written anywhere."""
    before, wrote_before = stage.read(totals).instructions, _writes(stage)
    runs = [run for action in Action for run in run_everywhere(stage, action)]
    done = stage.read(lambda connection: items_of(connection, runs, "succeeded"))
    ours = done + stage.read(totals).instructions - before
    return [
        Figure("done by the second pass", ours, 0),
        Figure("writes of the second pass", 0, _writes(stage) - wrote_before),
    ]


def count(stage: Stage) -> list[Figure]:
    """Compare calls and errors; what a killed worker called is not in our books."""
    ours = stage.read(totals)
    every = stage.simulator.counters()["calls"]
    rows = [row for row in every if not row["endpoint"].startswith(SIGNING_IN)]
    calls = sum(int(row["calls"]) for row in rows)
    errors = sum(int(row["calls"]) for row in rows if _is_error(row["outcome"]))
    exact = not stage.faults
    return [
        Figure("calls made", ours.calls, calls, asserted=exact),
        Figure("errors", ours.failures, errors, asserted=exact),
    ]


def _writes(stage: Stage) -> int:
    rows = stage.simulator.counters()["calls"]
    return sum(int(row["calls"]) for row in rows if row["endpoint"] in WRITES)


def _is_error(outcome: str) -> bool:
    return not outcome.isdigit() or int(outcome) >= FIRST_ERROR
