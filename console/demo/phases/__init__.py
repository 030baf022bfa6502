"""The phases of a demo, in order. Each is one module; a new one needs a line here."""

from console.demo.phases.import_orders import ImportOrders
from console.demo.phases.push_stock import PushStock
from console.demo.phases.second_pass import SecondPass
from console.demo.phases.whole import Whole
from console.demo.stage import Phase


def all_phases() -> list[Phase]:
    """Return fresh phases: import and stock, then both again, then what concerns all of it."""
    return [ImportOrders(), PushStock(), SecondPass(), Whole()]
