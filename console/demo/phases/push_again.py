"""Goods have arrived and left, orders were cancelled: every shop is told its stock again."""

from console.demo.figures import Figure
from console.demo.phases.push_stock import offered_and_wanted
from console.demo.runs import run_everywhere
from console.demo.stage import Stage
from domain.actions import Action


class PushAgainPhase:
    """Implements Phase."""

    name = "push stock again"

    def run(self, stage: Stage) -> None:
        """See Phase.run."""
        run_everywhere(stage, Action.SYNC_STOCK)
        rows = offered_and_wanted(stage)
        self._items = len(rows)
        self._equal = sum(offered == wanted for offered, wanted in rows)

    def figures(self, stage: Stage) -> list[Figure]:
        """See Phase.figures."""
        del stage
        return [Figure("items whose stock is right at the end", self._items, self._equal)]
