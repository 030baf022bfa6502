"""Which code handles which action."""

from domain.actions import Action
from workers.orders import ImportOrders
from workers.stock import SyncStock
from workers.work import ActionHandler

HANDLERS: dict[Action, ActionHandler] = {
    Action.IMPORT_ORDERS: ImportOrders(),
    Action.SYNC_STOCK: SyncStock(),
}
