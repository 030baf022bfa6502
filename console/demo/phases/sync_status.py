"""Buyers pay and cancel, shops set tracking numbers; all is taken over (ステータス同期)."""

import time

from adapters.postgres.database import autocommit
from adapters.postgres.views.totals import UntouchedOrder, open_orders, order_totals, recalculating
from console.demo.figures import Figure
from console.demo.runs import run_everywhere
from console.demo.shops import DemoShop
from console.demo.stage import Stage
from domain.actions import Action

PROVISIONAL_NUMBER = "0000-0000-0000"
LONGEST_RECALCULATION_S = 30.0
CANCELLED = "cancelled"


class SyncStatusPhase:
    """Implements Phase."""

    name = "sync status"

    def run(self, stage: Stage) -> None:
        """See Phase.run."""
        for shop in stage.shops:
            with autocommit(stage.engine).connect() as connection:
                _buyers_act(stage, shop, open_orders(connection, shop.id))
        run_everywhere(stage, Action.SYNC_STATUS)
        _wait_for_recalculation(stage)
        with autocommit(stage.engine).connect() as connection:
            self._ours = order_totals(connection)
        facts = [one for shop in stage.shops for one in stage.facts_now(shop.key)]
        self._cancelled = sum(one["refusal"] == CANCELLED for one in facts)
        self._paid = sum(one["paid"] for one in facts if one["refusal"] != CANCELLED)

    def figures(self, stage: Stage) -> list[Figure]:
        """See Phase.figures."""
        del stage
        return [
            Figure("orders paid by now", self._ours.paid, self._paid),
            Figure("orders cancelled", self._ours.cancelled, self._cancelled),
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
            change(
                shop.key,
                order.key,
                "set_tracking",
                carrier_code="YAMATO",
                tracking_number=PROVISIONAL_NUMBER,
                delivery_no=destination,
            )


def _wait_for_recalculation(stage: Stage) -> None:
    """BASE's cancelled pieces are counted anew by a task of its own (STS-5)."""
    give_up_at = time.monotonic() + LONGEST_RECALCULATION_S
    while time.monotonic() < give_up_at:
        with autocommit(stage.engine).connect() as connection:
            if not recalculating(connection):
                return
        time.sleep(0.2)
