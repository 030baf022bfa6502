"""Tell every shop the stock of every mapped SKU (在庫連携)."""

from collections import Counter

from adapters.postgres.database import autocommit
from adapters.postgres.views.totals import Totals, totals
from console.demo.figures import Figure
from console.demo.runs import run_everywhere
from console.demo.stage import Stage
from domain.actions import Action


class PushStockPhase:
    """Implements Phase."""

    name = "push stock"

    def run(self, stage: Stage) -> None:
        """See Phase.run."""
        run_everywhere(stage, Action.SYNC_STOCK, faults=True)
        with autocommit(stage.engine).connect() as connection:
            self._ours: Totals = totals(connection)
        # A push that was repeated after a fault is still one push that was wanted.
        self._set = {
            (entry["shop"], entry["key"]) for entry in stage.simulator.effects(["stock_set"])
        }
        rows = offered_and_wanted(stage)
        self._equal = sum(offered == wanted for offered, wanted in rows)
        self._offered = sum(offered for offered, _ in rows)

    def figures(self, stage: Stage) -> list[Figure]:
        """See Phase.figures."""
        del stage
        return [
            Figure("stock pushed", self._ours.told, len(self._set)),
            Figure("SKUs that offer their free stock", self._ours.equal, self._equal),
            Figure("pieces on offer", self._ours.offered, self._offered),
        ]


def offered_and_wanted(stage: Stage) -> list[tuple[int, int]]:
    """Return what each item of each shop offers, and what it should."""
    free = _free(stage)
    return [
        (row["quantity"], free[shop.merchant_id][row["sku"]])
        for shop in stage.shops
        for row in stage.simulator.stock(shop.key)
    ]


def _free(stage: Stage) -> dict[int, dict[str, int]]:
    """Return free stock by merchant and SKU, reckoned from the simulator's orders only.

    Shipping takes pieces off on hand and secured together, so only sold pieces count.
    """
    sold: dict[int, Counter[str]] = {}
    for shop in stage.shops:
        pieces = sold.setdefault(shop.merchant_id, Counter())
        gone = {one["key"] for one in stage.facts_now(shop.key) if one["refusal"] == "cancelled"}
        for order in stage.imported[shop.key]:
            if order["key"] not in gone:
                pieces.update(order["skus"])
    return {
        shop.merchant_id: {
            code: max(0, pieces - sold[shop.merchant_id][code])
            for code, pieces in shop.on_hand.items()
        }
        for shop in stage.shops
    }
