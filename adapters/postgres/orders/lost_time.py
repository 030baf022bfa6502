"""Orders after the database was set back: what to read again, what the cart shows (PLC-2)."""

from collections import Counter
from datetime import date

from sqlalchemy import Connection

from adapters.postgres.engine import effects
from adapters.postgres.orders import order_parts
from adapters.postgres.orders.order_parts import Part
from adapters.postgres.statement import Statement
from adapters.postgres.stock import counts, reservations
from domain.orders.cart_order import CartOrder, LineState
from domain.orders.instructions import ApiStatus, Status, secures_stock
from domain.orders.lost_time import has_left, is_completed, tracking_number
from domain.shipments.candidates import EffectKind
from domain.shipments.dispatches import deferred_happened
from domain.shipments.settlements import request_happened

_ENDED = frozenset({Status.CANCELLED, Status.RETURNED})

_UNRETURNED = Statement[str]("""
select distinct cart_order_key from instructions
 where shop_id = :shop_id and status not in ('cancelled', 'returned')
   and api_status <> 'tracking_returned'
 order by 1
""")
_TASKS = Statement[None]("""
update import_tasks set lost_time = true
 where shop_id = :shop_id and cart_order_key = any(:keys) and state <> 'converted'
""")
_LEFT = Statement[None]("""
update instructions
   set status = 'shipped', allocated = false, holds = '[]'::jsonb,
       api_status = 'tracking_returned',
       tracking_number = coalesce(tracking_number, :tracking),
       shipped_method = coalesce(shipped_method, delivery_method),
       shipped_on = coalesce(shipped_on, :day), return_wanted_at = null,
       tracking_returned_at = coalesce(tracking_returned_at, now()), changed_at = now()
 where id = :id
""")


def unreturned(connection: Connection, shop_id: int) -> list[str]:
    """Return keys of orders the cart may show further on than they are here."""
    return _UNRETURNED.all(connection, shop_id=shop_id)


def note_tasks(connection: Connection, shop_id: int, keys: list[str]) -> None:
    """Have unconverted tasks converted as orders that may have been taken over before."""
    _TASKS.run(connection, shop_id=shop_id, keys=keys)


def catch_up(connection: Connection, shop_id: int, order: CartOrder, today: date) -> list[str]:
    """Record what the cart shows of an order's parts and effects; returns the numbers that left.

    Twice is harmless: what is recorded already stays as it is.

    Args: today: in Tokyo; when a part left whose day nobody knows any more.
    """
    _settle(connection, shop_id, order)
    parts = order_parts.of_orders(connection, shop_id, [order.key], lock=True).get(order.key, [])
    left = [part for part in parts if _left(part, order)]
    pieces: Counter[int] = Counter()
    for part in left:
        number = tracking_number(order, part.destination)
        _LEFT.run(connection, id=part.id, tracking=number, day=today)
        order_parts.mark_returned(connection, part.id)
        if secures_stock(part.status):
            for line in part.lines:
                pieces[line.sku_id] += line.quantity
    if pieces:
        gone = {sku: -count for sku, count in reservations.pieces(connection, pieces).items()}
        counts.change(connection, on_hand=gone, secured=gone)
    if parts and is_completed(order):
        order_parts.mark_completed(connection, shop_id, order.key)
    return [part.number for part in left]


def _left(part: Part, order: CartOrder) -> bool:
    if part.status in _ENDED or part.api_status is ApiStatus.TRACKING_RETURNED:
        return False
    return has_left(order, part.destination, {line.cart_line_key for line in part.lines})


def _settle(connection: Connection, shop_id: int, order: CartOrder) -> None:
    """Confirm effects that the order shows; the others are read before they are sent, as ever."""
    shown = {
        EffectKind.SETTLEMENT: [order.key] if request_happened(order) else [],
        EffectKind.DEFERRED: [order.key] if deferred_happened(order) else [],
        EffectKind.DISPATCH: [
            line.key for line in order.lines if line.state is LineState.DISPATCHED
        ],
    }
    for kind, keys in shown.items():
        if keys:
            effects.note_seen(connection, shop_id, kind, keys)
