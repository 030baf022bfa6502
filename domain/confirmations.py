"""Telling ShopServe that we took an order (確認ステータス更新; CNF-1 to CNF-3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from domain.instructions import ApiStatus, Status
from domain.orders import CartOrder, ShopServeStatus

_NOT_CONFIRMED = frozenset({Status.RETURNED, Status.CANCELLED})


@dataclass(frozen=True, slots=True)
class PartFacts:
    """One instruction and the cart order it came from."""

    cart_order_key: str
    number: str
    status: Status
    api_status: ApiStatus
    imported_by_api: bool = True


class ConfirmStep(StrEnum):
    """What a fresh read asks for (CNF-2)."""

    SEND = "send"
    DONE = "done"
    UNKNOWN = "unknown"
    NOT_FOUND = "not_found"


def wants_confirmation(part: PartFacts) -> bool:
    """Tell whether an instruction waits for its order to be confirmed (CNF-1)."""
    return (
        part.imported_by_api
        and part.api_status is ApiStatus.AWAITING_PRINT
        and part.status not in _NOT_CONFIRMED
    )


def orders_to_confirm(parts: Iterable[PartFacts]) -> dict[str, tuple[str, ...]]:
    """Return the cart orders to confirm, one call each, with the instructions that become printed.

    However many instructions an order became, it is confirmed once (CNF-3).
    """
    numbers: dict[str, tuple[str, ...]] = {}
    for part in parts:
        if wants_confirmation(part):
            numbers[part.cart_order_key] = (*numbers.get(part.cart_order_key, ()), part.number)
    return numbers


def confirm_step(order: CartOrder | None) -> ConfirmStep:
    """Return what a read of the order asks for, before sending again or after a lost answer.

    `DONE`: 確認済 in the cart; nothing is sent and the instructions become printed (CNF-2).
    """
    if order is None or not isinstance(order.status, ShopServeStatus):
        return ConfirmStep.NOT_FOUND
    if order.status.confirmed is None:
        return ConfirmStep.UNKNOWN
    return ConfirmStep.DONE if order.status.confirmed else ConfirmStep.SEND
