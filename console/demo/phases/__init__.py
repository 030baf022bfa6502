"""The phases of a demo, in order. Each is one module; a new one needs a line here."""

from console.demo.phases.complete_orders import CompleteOrdersPhase
from console.demo.phases.confirm_orders import ConfirmOrdersPhase
from console.demo.phases.import_orders import ImportOrdersPhase
from console.demo.phases.push_again import PushAgainPhase
from console.demo.phases.push_stock import PushStockPhase
from console.demo.phases.return_shipments import ReturnShipmentsPhase
from console.demo.phases.second_pass import SecondPassPhase
from console.demo.phases.sync_status import SyncStatusPhase
from console.demo.phases.whole import WholePhase
from console.demo.stage import Phase


def all_phases() -> list[Phase]:
    """Return fresh phases: a day of every shop, the same once more, what concerns all of it."""
    return [
        ImportOrdersPhase(),
        PushStockPhase(),
        ConfirmOrdersPhase(),
        SyncStatusPhase(),
        ReturnShipmentsPhase(),
        CompleteOrdersPhase(),
        PushAgainPhase(),
        SecondPassPhase(),
        WholePhase(),
    ]
