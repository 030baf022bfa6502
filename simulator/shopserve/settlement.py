"""Settlement (決済): the request and what the payment company makes of it by itself."""

from simulator import clock
from simulator.order_book import Order
from simulator.settings import Settings
from simulator.shopserve.wire import Settlement

REQUESTED_ALREADY = frozenset(
    {
        Settlement.REQUESTING,
        Settlement.REQUESTED,
        Settlement.SLIP_SENT,
        Settlement.SCHEDULED,
        Settlement.COLLECTED,
    },
)


def start_settlement(order: Order, at: float) -> None:
    """Let an accepted request begin to move."""
    order.settlement_at = at
    order.document["basic"]["settlement_status"] = Settlement.REQUESTING
    order.document["basic"]["updated_date"] = clock.tokyo_text(at)
    order.document["payment"]["settlement_requested_date"] = clock.tokyo_date(at)


def settle(order: Order, settings: Settings, now: float) -> None:
    """Bring the settlement status of an order up to now."""
    if order.settlement_at is None:
        return
    age_s = now - order.settlement_at
    status = Settlement.REQUESTING
    if age_s >= settings.settlement_collected_after_s:
        status = Settlement.COLLECTED
    elif age_s >= settings.settlement_scheduled_after_s:
        status = Settlement.SCHEDULED
    elif age_s >= settings.settlement_requested_after_s:
        status = Settlement.REQUESTED
    basic = order.document["basic"]
    if basic["settlement_status"] == status:
        return
    basic["settlement_status"] = status
    basic["updated_date"] = clock.tokyo_text(now)
    if status in (Settlement.SCHEDULED, Settlement.COLLECTED):
        order.document["payment"]["collection_date"] = clock.tokyo_date(now)
    if status is Settlement.COLLECTED:
        order.settlement_at = None
