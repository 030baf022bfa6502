"""Returning an instruction to ShopServe: settlement first, then its destination (RET-2)."""

from datetime import datetime
from functools import partial

from adapters.postgres.engine import effects
from adapters.postgres.orders import order_parts
from domain.actions import ACTIONS, Action
from domain.carts.cart import Cart
from domain.orders.cart_order import CartOrder
from domain.shipments.candidates import EffectKind, RequestSettlement, ShopServeSteps
from domain.shipments.settlements import request_happened
from workers.actions.return_shipments.checks import Ready, Returned
from workers.calls.effects import EffectLedger, Reading
from workers.calls.work import ShopWork

_DEADLINE_S = ACTIONS[Action.RETURN_SHIPMENTS].deadline_s(Cart.SHOPSERVE)


def return_to_shopserve(
    work: ShopWork, order: CartOrder, read_at: datetime, ready: Ready[ShopServeSteps]
) -> Returned:
    """Request settlement where it is needed, write carrier and number, note it here.

    Writing the same shipping result twice is harmless; the settlement request is a charge and goes
    through the ledger, once per order whichever part comes first.
    """
    for step, parcel in ready.sends(ready.plan):
        if isinstance(step, RequestSettlement):
            request = partial(work.shopserve.request_settlement, order.key)
            reading = Reading(read_at, order, request_happened)
            ledger = EffectLedger(work, deadline_s=_DEADLINE_S)
            ledger.once(EffectKind.SETTLEMENT, order.key, request, reading)
        else:
            work.shopserve.ship_destination(order.key, step.destination, parcel)
    with work.database.begin() as connection:
        if request_happened(order):  # of an earlier claim that lost the answer, or of the staff
            effects.note_seen(connection, work.shop.id, EffectKind.SETTLEMENT, [order.key])
        order_parts.mark_returned(connection, ready.part.id)
    return Returned()
