"""Is an order cancelled in the cart, and what if the warehouse works on it (STS-4, STS-10)?

States and who may move them: docs/decisions/0013-payment-methods-and-late-cancellations.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from domain.orders.cart_order import (
    BaseStatus,
    CartOrder,
    Dispatch,
    Folder,
    LineState,
    OrderSummary,
)
from domain.orders.instructions import JAPANESE, Status

UNDER_WAY = frozenset({Status.WORKING, Status.INSPECTED, Status.SHIPPED})
"""The warehouse has begun, so that a cancellation in the cart changes nothing here."""

_GONE = frozenset({Folder.CANCELED, Folder.TRASH})
_THERE = frozenset({Folder.LEDGER, Folder.COMPLETED})


class CancelInCart(StrEnum):
    """What the cart's cancellation means for an instruction that is under way (STS-10).

    none → waiting for a person (seen, alarmed, not returned) → overruled: shipped all the same.
    The cart taking it back leads to none again, `orders cancel` to the status cancelled.
    """

    NONE = "none"
    WAITING = "waiting"
    OVERRULED = "overruled"


@dataclass(frozen=True, slots=True)
class CancelSeen:
    """Nothing changes but that a person has to decide (STS-10)."""

    message: str


@dataclass(frozen=True, slots=True)
class CancelTakenBack:
    """The cart shows the order alive again: nobody has to decide any more."""

    message: str


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An instruction the warehouse has begun to work on.

    Attributes:
        shop: its key, for the commands that decide.
        seen: what is known so far.
        line_keys: keys of its lines in the cart.
    """

    number: str
    shop: str
    status: Status
    seen: CancelInCart
    line_keys: tuple[str, ...] = ()


def is_cancelled(answer: CartOrder | OrderSummary) -> bool:
    """Tell whether the whole order is cancelled in the cart (STS-4, STS-5)."""
    if isinstance(answer, OrderSummary):
        return answer.dispatch is Dispatch.CANCELLED
    if isinstance(answer.status, BaseStatus):
        return answer.status.dispatch is Dispatch.CANCELLED
    return answer.status.cancelled is True or answer.status.folder in _GONE


def is_live(order: CartOrder) -> bool:
    """Tell whether the cart says that an order is not cancelled; silence is no such word."""
    if isinstance(order.status, BaseStatus):
        return order.status.dispatch not in {Dispatch.CANCELLED, Dispatch.UNKNOWN}
    return order.status.cancelled is False and order.status.folder in _THERE


def concerns(answer: CartOrder | OrderSummary, line_keys: Iterable[str]) -> bool:
    """Tell whether nothing of an instruction is wanted any more: no line, or not the order."""
    if is_cancelled(answer):
        return True
    if isinstance(answer, OrderSummary):
        return False
    states = [line.state for line in answer.lines if line.key in set(line_keys)]
    return bool(states) and all(state is LineState.CANCELLED for state in states)


def late_change(
    part: UnderWay, answer: CartOrder | OrderSummary
) -> CancelSeen | CancelTakenBack | None:
    """Return what an answer means for an instruction under way, once, not with every read."""
    if concerns(answer, part.line_keys):
        return None if part.seen is not CancelInCart.NONE else CancelSeen(_to_decide(part))
    if part.seen is CancelInCart.NONE or not isinstance(answer, CartOrder) or not is_live(answer):
        return None
    return CancelTakenBack(f"order {part.number}: no longer cancelled in the cart, it goes on")


def _to_decide(part: UnderWay) -> str:
    return (
        f"order {part.number} is cancelled in the cart but {part.status} here"
        f" ({JAPANESE[part.status]}): {decide_by(part.number, part.shop)}"
    )


def decide_by(number: str, shop: str) -> str:
    """Return what a person can do about it."""
    return (
        f"stop the parcel with `renkei orders cancel {number} --shop {shop}`, or ship it all the"
        f" same with `renkei orders release {number} --shop {shop} --reason TEXT`"
    )
