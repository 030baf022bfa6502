"""Which code handles which action."""

from domain.actions import Action
from workers.completions import CompleteOrders
from workers.confirmations import ConfirmOrders
from workers.orders import ImportOrders
from workers.shipments import ReturnShipments
from workers.statuses import SyncStatus
from workers.stock import SyncStock
from workers.work import ActionHandler

HANDLERS: dict[Action, ActionHandler] = {
    Action.IMPORT_ORDERS: ImportOrders(),
    Action.CONFIRM_ORDERS: ConfirmOrders(),
    Action.SYNC_STATUS: SyncStatus(),
    Action.RETURN_SHIPMENTS: ReturnShipments(),
    Action.COMPLETE_ORDERS: CompleteOrders(),
    Action.SYNC_STOCK: SyncStock(),
}
