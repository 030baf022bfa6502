"""Telling ShopServe that we took an order (確認ステータス更新; CNF-1 to CNF-3)."""

from dataclasses import dataclass

from domain.orders.cancellations import is_cancelled
from domain.orders.cart_order import CartOrder, ShopServeStatus
from domain.orders.instructions import ApiStatus, Status

WAITING = ApiStatus.AWAITING_PRINT
"""CNF-1: where an instruction stands whose order the cart was not told about."""

LEFT_OUT = frozenset({Status.RETURNED, Status.CANCELLED})
"""CNF-1: instructions that are never confirmed and never become printed."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """Set the order 確認済: one call, however many instructions it became (CNF-3)."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """It is 確認済 in the cart: nothing is sent, its instructions become printed (CNF-2)."""


@dataclass(frozen=True, slots=True)
class NotConfirmable:
    """The order is listed in the run and nothing is sent."""

    reason: str


Verdict = Confirm | Confirmed | NotConfirmable


def judge(order: CartOrder | None) -> Verdict:
    """Judge a read of the order, before the first call and after a lost answer (CNF-2).

    A confirmation may be repeated, so one is sent where the cart uses a word we do not know.

    Args: order: None if the cart does not know it.
    """
    if order is None:
        return NotConfirmable("ShopServe does not know the order any more")
    if is_cancelled(order):
        return NotConfirmable("cancelled in ShopServe: sync_status takes it over")
    confirmed = isinstance(order.status, ShopServeStatus) and order.status.confirmed is True
    return Confirmed() if confirmed else Confirm()
