"""Buyers pay and cancel, shops set tracking numbers; all is taken over (ステータス同期)."""

import time
from functools import partial

from adapters.postgres.views.totals import UntouchedOrder, open_orders, order_totals, recalculating
from console.demo.figures import Figure
from console.demo.runs import run_everywhere
from console.demo.shops import DemoShop
from console.demo.stage import Stage
from domain.actions import Action

PROVISIONAL_NUMBER = "0000-0000-0000"
LONGEST_RECALCULATION_S = 30.0


def sync_status(stage: Stage) -> list[Figure]:
    """Let buyers act, and take over what they did."""
    for shop in stage.shops:
        _buyers_act(stage, shop, stage.read(partial(open_orders, shop_id=shop.id)))
    run_everywhere(stage, Action.SYNC_STATUS)
    _wait_for_recalculation(stage)
    ours = stage.read(order_totals)
    facts = [one for shop in stage.shops for one in stage.facts_now(shop.key)]
    live = [one for one in facts if one["refusal"] != "cancelled"]
    return [
        Figure("orders paid by now", ours.paid, sum(one["paid"] for one in live)),
        Figure("orders cancelled", ours.cancelled, len(facts) - len(live)),
    ]


def _buyers_act(stage: Stage, shop: DemoShop, orders: list[UntouchedOrder]) -> None:
    """All but one of the unpaid orders are paid, one of the paid ones is cancelled."""
    change = stage.simulator.change_order
    for order in [one for one in orders if not one.paid][1:]:
        change(shop.key, order.key, "pay")
    for order in [one for one in orders if one.paid][:1]:
        change(shop.key, order.key, "cancel")
    for order in [one for one in orders if one.paid][1:]:
        for destination in order.without_method:
            told = {"carrier_code": "YAMATO", "tracking_number": PROVISIONAL_NUMBER}
            change(shop.key, order.key, "set_tracking", **told, delivery_no=destination)


def _wait_for_recalculation(stage: Stage) -> None:
    """BASE's cancelled pieces are counted anew by a task of its own (STS-5)."""
    give_up_at = time.monotonic() + LONGEST_RECALCULATION_S
    while time.monotonic() < give_up_at:
        if not stage.read(recalculating):
            return
        time.sleep(0.2)
