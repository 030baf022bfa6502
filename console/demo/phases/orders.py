"""Orders are imported, ShopServe is told that they were taken, finished ones go to their folder."""

import time

from adapters.postgres.views.totals import order_totals, totals
from console.demo.figures import Figure
from console.demo.runs import run_everywhere
from console.demo.stage import Stage
from domain.actions import Action

# The simulator schedules a card's collection 2 s after it was requested.
COLLECTION_S = 2.5


def import_orders(stage: Stage) -> list[Figure]:
    """Import the orders of every shop (出荷指示取得)."""
    stage.imported = {
        shop.key: [facts for facts in stage.simulator.orders(shop.key) if not facts["refusal"]]
        for shop in stage.shops
    }
    run_everywhere(stage, Action.IMPORT_ORDERS, faults=True)
    ours, every = stage.read(totals), [shop.expected for shop in stage.simulator.shops()]

    def expected(name: str) -> int:
        return sum(int(shop[name]) for shop in every)

    return [
        Figure("orders imported", ours.imported, expected("importable")),
        Figure("shipping instructions", ours.instructions, expected("instructions")),
        Figure("orders split", ours.split, expected("split")),
        Figure(
            "instructions on hold", ours.held, sum(_held(stage, one.key) for one in stage.shops)
        ),
        Figure("orders paid", ours.paid, expected("paid")),
        Figure("yen of all orders", ours.total_yen, expected("total_yen")),
        Figure("pieces secured", ours.secured, expected("pieces")),
    ]


def confirm_orders(stage: Stage) -> list[Figure]:
    """Tell ShopServe that the orders were taken (確認ステータス更新)."""
    run_everywhere(stage, Action.CONFIRM_ORDERS)
    ours = stage.read(order_totals).confirmed
    return [Figure("orders confirmed", ours, stage.effects("order_confirmed"))]


def complete_orders(stage: Stage) -> list[Figure]:
    """Cards are collected; finished orders go to their folder (取引完了フォルダ移動)."""
    time.sleep(COLLECTION_S)
    run_everywhere(stage, Action.COMPLETE_ORDERS)
    ours = stage.read(order_totals).completed
    return [Figure("orders completed", ours, stage.effects("order_completed"))]


def _held(stage: Stage, shop: str) -> int:
    """Return the instructions that wait for money or for a delivery method (IMP-16, IMP-17)."""
    return sum(
        order["without_method"] if order["paid"] else order["instructions"]
        for order in stage.simulator.orders(shop)
        if not order["refusal"]
    )
