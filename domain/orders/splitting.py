"""One cart order, several shipping instructions: the groups and their numbers.

IMP-10 and IMP-11 (BASE, by delivery method) and IMP-15 (ShopServe, by destination).
"""

from dataclasses import dataclass

from domain.carts.cart import Cart
from domain.errors import BrokenRule
from domain.orders.cart_order import CartLine, CartOrder, LineState


@dataclass(frozen=True, slots=True)
class Group:
    """The lines that travel together.

    Attributes:
        part: 1-based, by first appearance among all lines, cancelled ones too.
        number: the instruction's number, with the part behind a hyphen if the order is split.
        delivery_method: BASE: as the cart told it, maybe blank; always blank on ShopServe.
        destination: number of the destination the lines go to.
        lines: what is taken over: everything that is not cancelled; may be empty.
        cancelled: lines the cart has cancelled; they count for the numbering only.
    """

    part: int
    number: str
    delivery_method: str
    destination: int
    lines: tuple[CartLine, ...]
    cancelled: tuple[CartLine, ...] = ()


def groups(order: CartOrder) -> tuple[Group, ...]:
    """Return every group of an order, also those of which no line is left (IMP-10, IMP-15).

    The same order gives the same numbers whenever it is read again, because nothing but the order
    of its lines decides them. A blank delivery method is a group of its own (IMP-11).

    Raises:
        BrokenRule: the order has no lines at all.
    """
    kind_of = _by_method if order.cart is Cart.BASE else _by_destination
    by_kind: dict[str | int, list[CartLine]] = {}
    for line in order.lines:
        by_kind.setdefault(kind_of(line), []).append(line)
    if not by_kind:
        raise BrokenRule(f"order {order.number} has no lines")
    split = len(by_kind) > 1
    return tuple(
        _group(order, part, lines, split=split)
        for part, lines in enumerate(by_kind.values(), start=1)
    )


def live(every: tuple[Group, ...]) -> tuple[Group, ...]:
    """Return the groups that become instructions: those with a line left."""
    return tuple(group for group in every if group.lines)


def method_name(told: str) -> str:
    """Return a delivery method as it is compared: without blanks around it."""
    return told.strip()


def _by_method(line: CartLine) -> str | int:
    return method_name(line.delivery_method)


def _by_destination(line: CartLine) -> str | int:
    return line.destination


def _group(order: CartOrder, part: int, lines: list[CartLine], *, split: bool) -> Group:
    return Group(
        part=part,
        number=f"{order.number}-{part}" if split else order.number,
        delivery_method=method_name(lines[0].delivery_method) if order.cart is Cart.BASE else "",
        destination=lines[0].destination,
        lines=tuple(line for line in lines if line.state is not LineState.CANCELLED),
        cancelled=tuple(line for line in lines if line.state is LineState.CANCELLED),
    )
