"""The amounts of each part of an order (IMP-14), in yen, tax included.

BASE's processing rule 「API連携により分割された注文の請求金額、消費税自動計算」.
ShopServe's destinations are treated alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from domain.orders.cart_order import CartLine, Charges
from domain.orders.splitting import Group, method_name
from domain.orders.taxes import FEE_RATE, Taxable, by_rate, taxes_of_parts


@dataclass(frozen=True, slots=True)
class Amounts:
    """What one part costs.

    Attributes:
        lines_yen: its lines, options included.
        shipping_yen: its own shipping fee; part 1 also bears a fee of the whole order.
        fee_yen: cash-on-delivery or handling fee.
        discount_yen: discounts and coupons taken off this part, 0 or more.
        points_yen: coins or points taken off this part, 0 or more.
        adjustment_yen: changes by the shop and a gap to the cart's total; may be negative.
        tax_yen: the consumption tax inside the total.
    """

    lines_yen: int
    shipping_yen: int
    fee_yen: int
    discount_yen: int
    points_yen: int
    adjustment_yen: int
    tax_yen: int

    @property
    def total_yen(self) -> int:
        """What the buyer pays for this part."""
        return (
            self.lines_yen
            + self.shipping_yen
            + self.fee_yen
            + self.adjustment_yen
            - self.discount_yen
            - self.points_yen
        )


@dataclass(frozen=True, slots=True)
class Split:
    """An order's amounts, part by part.

    Attributes:
        gap_yen: the cart's total minus the sum of what it names; in part 1's adjustment.
    """

    parts: tuple[Amounts, ...]
    gap_yen: int


def split_amounts(every: Sequence[Group], charges: Charges) -> Split:
    """Return the amounts of the groups that have lines left, in their order (IMP-14).

    Every part is 0 or more, the totals add up to the cart's total and the taxes to the order's
    tax, to the yen. A fee of a group of which no line is left goes to part 1 as far as the cart
    still charges it.

    Args:
        every: all groups of the order; at least one has a line left.
        charges: what the cart names beside the lines. A total below 0 counts as 0.
    """
    parts = [group for group in every if group.lines]
    lines = [sum(line.total_yen for line in group.lines) for group in parts]
    shipping = _shipping(parts, charges)
    gap = max(0, charges.total_yen) - sum(lines) - sum(shipping) - _beside(charges)
    change = charges.adjustment_yen + gap
    zeros = [0] * (len(parts) - 1)
    fees = [charges.fee_yen, *zeros]
    change_up = [max(0, change), *zeros]
    gross = [sum(yen) for yen in zip(lines, shipping, fees, change_up, strict=True)]
    # A part below zero by itself (a negative line) is lifted to zero at the cost of the others.
    lifted = [max(0, -yen) for yen in gross]
    rooms = [max(0, yen) for yen in gross]
    discount = _take(rooms, charges.discount_yen)
    points = _take(rooms, charges.points_yen)
    reduction = _take(rooms, max(0, -change) + sum(lifted))
    adjustment = [change_up[i] + lifted[i] - reduction[i] for i in range(len(parts))]
    taxables = [
        Taxable(
            _rates(group.lines, shipping[i] + fees[i] + change_up[i] + lifted[i]),
            discount[i] + points[i] + reduction[i],
        )
        for i, group in enumerate(parts)
    ]
    taxes = taxes_of_parts(taxables)
    rows = zip(lines, shipping, fees, discount, points, adjustment, taxes, strict=True)
    return Split(tuple(Amounts(*row) for row in rows), gap)


def keep_together(every: Sequence[Group], charges: Charges) -> Split:
    """Return the amounts when the splitting rule is off: all on part 1, nothing on the others."""
    parts = [group for group in every if group.lines]
    lines = tuple(line for group in parts for line in group.lines)
    merged = replace(parts[0], lines=tuple(replace(line, shipping_fee_yen=0) for line in lines))
    split = split_amounts([replace(merged, cancelled=())], replace(charges, per_method=()))
    nothing = Amounts(*[0] * len(fields(Amounts)))
    return Split((*split.parts, *[nothing] * (len(parts) - 1)), split.gap_yen)


def _beside(charges: Charges) -> int:
    deductions = max(0, charges.discount_yen) + max(0, charges.points_yen)
    return charges.fee_yen + charges.adjustment_yen - deductions


def _shipping(parts: Sequence[Group], charges: Charges) -> list[int]:
    """Return each part's shipping fee; what no part can claim is part 1's.

    A cancelled line's own fee stays with its group while the order's fee still holds it.
    """
    own = [_own_fee(group, charges, [*group.lines, *group.cancelled]) for group in parts]
    if sum(own) > charges.shipping_yen:
        own = [_own_fee(group, charges, group.lines) for group in parts]
    return [own[0] + max(0, charges.shipping_yen - sum(own)), *own[1:]]


def _own_fee(group: Group, charges: Charges, lines: Sequence[CartLine]) -> int:
    named = sum(
        charge.fee_yen
        for charge in charges.per_method
        if method_name(charge.delivery_method) == group.delivery_method
    )
    return named + sum(line.shipping_fee_yen for line in lines)


def _take(rooms: list[int], wanted: int) -> list[int]:
    """Take yen from the rooms, first to last, and return how much from each (`rooms` shrink)."""
    taken: list[int] = []
    for index, room in enumerate(rooms):
        yen = max(0, min(room, wanted - sum(taken)))
        taken.append(yen)
        rooms[index] -= yen
    return taken


def _rates(lines: Sequence[CartLine], fees_yen: int) -> dict[int, int]:
    return by_rate([*((line.tax_rate, line.total_yen) for line in lines), (FEE_RATE, fees_yen)])
