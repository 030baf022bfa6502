"""What returning an instruction has in common on both carts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from domain.orders.cart_order import CartOrder
from workers.calls.work import ShopWork


@dataclass(frozen=True, slots=True)
class Returned:
    """How it ended.

    Attributes:
        failure: blank when the cart knows all of it.
        notes: lines for the API log.
    """

    failure: str = ""
    notes: Sequence[str] = ()


def look(work: ShopWork, key: str, shows: Callable[[CartOrder], bool | None]) -> bool | None:
    """Read an order again and tell whether it shows an effect; None where it does not tell."""
    raw = work.cart.read_order(key)
    return None if raw is None else shows(work.cart.decode(raw))
