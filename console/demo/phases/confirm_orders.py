"""Tell ShopServe that the orders were taken (確認ステータス更新)."""

from adapters.postgres.database import autocommit
from adapters.postgres.views.totals import order_totals
from console.demo.figures import Figure
from console.demo.runs import run_everywhere
from console.demo.stage import Stage
from domain.actions import Action


class ConfirmOrdersPhase:
    """Implements Phase."""

    name = "confirm orders"

    def run(self, stage: Stage) -> None:
        """See Phase.run."""
        run_everywhere(stage, Action.CONFIRM_ORDERS)
        with autocommit(stage.engine).connect() as connection:
            self._ours = order_totals(connection).confirmed
        self._simulator = len(stage.simulator.effects(["order_confirmed"]))

    def figures(self, stage: Stage) -> list[Figure]:
        """See Phase.figures."""
        del stage
        return [Figure("orders confirmed", self._ours, self._simulator)]
