"""The phases of a demo, in order. Each is one module; a new one needs a line here."""

from console.demo.phases.complete_orders import CompleteOrders
from console.demo.phases.confirm_orders import ConfirmOrders
from console.demo.phases.import_orders import ImportOrders
from console.demo.phases.push_again import PushAgain
from console.demo.phases.push_stock import PushStock
from console.demo.phases.return_shipments import ReturnShipments
from console.demo.phases.second_pass import SecondPass
from console.demo.phases.sync_status import SyncStatus
from console.demo.phases.whole import Whole
from console.demo.stage import Phase


def all_phases() -> list[Phase]:
    """Return fresh phases: a day of every shop, the same once more, what concerns all of it."""
    return [
        ImportOrders(),
        PushStock(),
        ConfirmOrders(),
        SyncStatus(),
        ReturnShipments(),
        CompleteOrders(),
        PushAgain(),
        SecondPass(),
        Whole(),
    ]
