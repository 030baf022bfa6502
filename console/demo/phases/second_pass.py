"""Everything once more: nothing has changed, so nothing may be written anywhere."""

from adapters.postgres.database import autocommit
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


class SecondPassPhase:
    """Implements Phase."""

    name = "second pass"

    def run(self, stage: Stage) -> None:
        """See Phase.run."""
        before, wrote_before = _instructions(stage), _writes(stage)
        runs = [run for action in Action for run in run_everywhere(stage, action)]
        with autocommit(stage.engine).connect() as connection:
            done = items_of(connection, runs, "succeeded")
        self._ours = done + _instructions(stage) - before
        self._simulator = _writes(stage) - wrote_before

    def figures(self, stage: Stage) -> list[Figure]:
        """See Phase.figures: neither side may have done anything."""
        del stage
        return [
            Figure("done by the second pass", self._ours, 0),
            Figure("writes of the second pass", 0, self._simulator),
        ]


def _instructions(stage: Stage) -> int:
    with autocommit(stage.engine).connect() as connection:
        return totals(connection).instructions


def _writes(stage: Stage) -> int:
    rows = stage.simulator.counters()["calls"]
    return sum(int(row["calls"]) for row in rows if row["endpoint"] in WRITES)
