"""Orders of a time the database has lost (PLC-2): the cart decides what they come back as.

A part that left, by the cart's word, comes back as shipped and returned. Any other one comes back
on hold: the warehouse may have worked on it, and nobody here knows.
"""

from collections.abc import Collection
from dataclasses import replace

from domain.orders.cart_order import (
    BaseStatus,
    CartOrder,
    Dispatch,
    Folder,
    LineState,
    ShopServeStatus,
)
from domain.orders.conversion import Conversion
from domain.orders.instructions import Hold, HoldCause, HoldReason, status_with
from domain.orders.new_instructions import NewInstruction
from domain.shipments.dispatches import deferred_happened

_SHOWN_LATER = frozenset({Dispatch.SHIPPING, Dispatch.DISPATCHED})
_AGAIN = "taken over again after the database was set back: the warehouse may have worked on it"
_IN_PART = "; lines of it are cancelled in the cart, and are not taken over"


def as_if_new(order: CartOrder) -> CartOrder:
    """Return an order as it was before anybody here took it over, so that it can be converted.

    What was never imported stays so: cancelled, test and unshippable orders, words we do not know.
    """
    if isinstance(order.status, ShopServeStatus):
        folder = order.status.folder
        ledger = Folder.LEDGER if folder is Folder.COMPLETED else folder
        return replace(order, status=replace(order.status, folder=ledger, confirmed=False))
    status = order.status
    if status.dispatch in _SHOWN_LATER:
        status = replace(status, dispatch=Dispatch.ORDERED)
    lines = tuple(
        replace(line, state=LineState.OPEN) if line.state is LineState.DISPATCHED else line
        for line in order.lines
    )
    return replace(order, status=status, lines=lines)


def on_hold(made: Conversion, order: CartOrder) -> Conversion:
    """Return what an order became, each part on hold unless the cart shows that it left.

    Args: order: as the cart tells it, not as if new.
    """
    return replace(made, instructions=tuple(_held(one, order) for one in made.instructions))


def _held(one: NewInstruction, order: CartOrder) -> NewInstruction:
    lines = {line.cart_line_key for line in one.lines}
    holds = () if has_left(order, one.destination, lines) else (*one.holds, _hold(order))
    return replace(one, holds=holds, status=status_with(holds))


def _hold(order: CartOrder) -> Hold:
    partly = any(line.state is LineState.CANCELLED for line in order.lines)
    text = _AGAIN + (_IN_PART if partly else "")
    return Hold(HoldReason.CHECK, HoldCause.LOST_TIME, text)


def has_left(order: CartOrder, destination: int, line_keys: Collection[str]) -> bool:
    """Tell whether the cart shows a part as shipped.

    Args: destination, line_keys: of the part; ShopServe ships by the one, BASE by the others.
    """
    if not isinstance(order.status, BaseStatus):
        return any(one.shipped for one in order.destinations if one.number == destination)
    if deferred_happened(order):
        return True
    states = {line.state for line in order.lines if line.key in line_keys}
    return LineState.DISPATCHED in states and states <= {LineState.DISPATCHED, LineState.CANCELLED}


def tracking_number(order: CartOrder, destination: int) -> str | None:
    """Return the number the cart shows for a destination, None where it shows none."""
    for one in order.destinations:
        if one.number == destination and one.tracking_numbers:
            return one.tracking_numbers[0]
    return None


def is_completed(order: CartOrder) -> bool:
    """Tell whether the cart keeps the order in the folder of completed ones."""
    return isinstance(order.status, ShopServeStatus) and order.status.folder is Folder.COMPLETED
