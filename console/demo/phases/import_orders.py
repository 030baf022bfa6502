"""Import the orders of every shop (出荷指示取得)."""

from adapters.postgres.database import autocommit
from adapters.postgres.views.totals import Totals, totals
from console.demo.figures import Figure
from console.demo.runs import run_everywhere
from console.demo.stage import Stage
from domain.actions import Action


class ImportOrdersPhase:
    """Implements Phase."""

    name = "import orders"

    def run(self, stage: Stage) -> None:
        """See Phase.run."""
        stage.imported = {
            shop.key: [facts for facts in stage.simulator.orders(shop.key) if not facts["refusal"]]
            for shop in stage.shops
        }
        run_everywhere(stage, Action.IMPORT_ORDERS, faults=True)
        with autocommit(stage.engine).connect() as connection:
            self._ours: Totals = totals(connection)
        self._expected = [shop.expected for shop in stage.simulator.shops()]
        self._held = sum(_held(stage, shop.key) for shop in stage.shops)

    def figures(self, stage: Stage) -> list[Figure]:
        """See Phase.figures."""
        del stage
        ours = self._ours
        return [
            Figure("orders imported", ours.imported, self._sum("importable")),
            Figure("shipping instructions", ours.instructions, self._sum("instructions")),
            Figure("orders split", ours.split, self._sum("split")),
            Figure("instructions on hold", ours.held, self._held),
            Figure("orders paid", ours.paid, self._sum("paid")),
            Figure("yen of all orders", ours.total_yen, self._sum("total_yen")),
            Figure("pieces secured", ours.secured, self._sum("pieces")),
        ]

    def _sum(self, name: str) -> int:
        return sum(int(expected[name]) for expected in self._expected)


def _held(stage: Stage, shop: str) -> int:
    """Return the instructions that wait for money or for a delivery method (IMP-16, IMP-17)."""
    return sum(
        order["without_method"] if order["paid"] else order["instructions"]
        for order in stage.simulator.orders(shop)
        if not order["refusal"]
    )
