"""Cards are collected; finished orders go to their folder (取引完了フォルダ移動)."""

import time

from adapters.postgres.database import autocommit
from adapters.postgres.views.totals import order_totals
from console.demo.figures import Figure
from console.demo.runs import run_everywhere
from console.demo.stage import Stage
from domain.actions import Action

# The simulator schedules a card's collection 2 s after it was requested.
COLLECTION_S = 2.5


class CompleteOrdersPhase:
    """Implements Phase."""

    name = "complete orders"

    def run(self, stage: Stage) -> None:
        """See Phase.run."""
        time.sleep(COLLECTION_S)
        run_everywhere(stage, Action.COMPLETE_ORDERS)
        with autocommit(stage.engine).connect() as connection:
            self._ours = order_totals(connection).completed
        self._simulator = len(stage.simulator.effects(["order_completed"]))

    def figures(self, stage: Stage) -> list[Figure]:
        """See Phase.figures."""
        del stage
        return [Figure("orders completed", self._ours, self._simulator)]
