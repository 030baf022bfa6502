"""Which code handles which action."""

from domain.actions import Action
from workers.actions.complete_orders import CompleteOrders
from workers.actions.confirm_orders import ConfirmOrders
from workers.actions.import_orders import ImportOrders
from workers.actions.return_shipments.action import ReturnShipments
from workers.actions.sync_status import SyncStatus
from workers.actions.sync_stock import SyncStock
from workers.engine.context import ActionHandler

HANDLERS: dict[Action, ActionHandler] = {
    Action.IMPORT_ORDERS: ImportOrders(),
    Action.CONFIRM_ORDERS: ConfirmOrders(),
    Action.SYNC_STATUS: SyncStatus(),
    Action.RETURN_SHIPMENTS: ReturnShipments(),
    Action.COMPLETE_ORDERS: CompleteOrders(),
    Action.SYNC_STOCK: SyncStock(),
}
