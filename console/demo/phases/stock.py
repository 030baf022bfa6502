"""Every shop is told its stock (在庫連携)."""

from collections import Counter

from adapters.postgres.views.totals import totals
from console.demo.figures import Figure
from console.demo.runs import run_everywhere
from console.demo.stage import Stage
from domain.actions import Action


def push_stock(stage: Stage) -> list[Figure]:
    """Tell every shop the stock of every mapped SKU."""
    run_everywhere(stage, Action.SYNC_STOCK, faults=True)
    ours = stage.read(totals)
    # A push that was repeated after a fault is still one push that was wanted.
    pushed = {(entry["shop"], entry["key"]) for entry in stage.simulator.effects(["stock_set"])}
    rows = _offered_and_wanted(stage)
    return [
        Figure("stock pushed", ours.told, len(pushed)),
        Figure(
            "SKUs that offer their free stock", ours.equal, sum(has == due for has, due in rows)
        ),
        Figure("pieces on offer", ours.offered, sum(offered for offered, _ in rows)),
    ]


def push_again(stage: Stage) -> list[Figure]:
    """Goods have arrived and left, orders were cancelled: every shop is told its stock again."""
    run_everywhere(stage, Action.SYNC_STOCK)
    rows = _offered_and_wanted(stage)
    right = sum(offered == wanted for offered, wanted in rows)
    return [Figure("items whose stock is right at the end", len(rows), right)]


def _offered_and_wanted(stage: Stage) -> list[tuple[int, int]]:
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
