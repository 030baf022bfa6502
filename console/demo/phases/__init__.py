"""The phases of a demo, in order; a new one is a function, and a line here."""

from collections.abc import Callable, Mapping

from console.demo.figures import Figure
from console.demo.phases.orders import complete_orders, confirm_orders, import_orders
from console.demo.phases.shipments import return_shipments
from console.demo.phases.statuses import sync_status
from console.demo.phases.stock import push_again, push_stock
from console.demo.phases.whole import count, second_pass
from console.demo.stage import Stage

# Each does its part and returns its rows of the table: a day of every shop, the same once more,
# what concerns all of it.
PHASES: Mapping[str, Callable[[Stage], list[Figure]]] = {
    "import orders": import_orders,
    "push stock": push_stock,
    "confirm orders": confirm_orders,
    "sync status": sync_status,
    "ship and return shipments": return_shipments,
    "complete orders": complete_orders,
    "push stock again": push_again,
    "second pass": second_pass,
    "count": count,
}
