"""The amounts of each part of an order, and the tax inside them (消費税; IMP-14), in yen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain

from domain.orders.cart_order import CartLine, Charges
from domain.orders.parts import Group
from domain.orders.splitting import method_name


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
        total_yen: what the buyer pays for this part.
    """

    lines_yen: int
    shipping_yen: int
    fee_yen: int
    discount_yen: int
    points_yen: int
    adjustment_yen: int
    tax_yen: int
    total_yen: int


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
    totals = [taxable.total_yen for taxable in taxables]
    rows = zip(lines, shipping, fees, discount, points, adjustment, taxes, totals, strict=True)
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
    own = _own_fees(charges, [group.every_line for group in parts])
    if sum(own) > charges.shipping_yen:
        own = _own_fees(charges, [group.lines for group in parts])
    return [own[0] + max(0, charges.shipping_yen - sum(own)), *own[1:]]


def _own_fees(charges: Charges, of_parts: Sequence[Sequence[CartLine]]) -> list[int]:
    """Return the fees of the parts' lines; a fee named for a method is the first part's with it."""
    fees = [sum(line.shipping_fee_yen for line in lines) for lines in of_parts]
    methods = [{method_name(line.delivery_method) for line in lines} for lines in of_parts]
    for charge in charges.per_method:
        wanted = method_name(charge.delivery_method)
        bearer = next((at for at, known in enumerate(methods) if wanted in known), None)
        if bearer is not None:
            fees[bearer] += charge.fee_yen
    return fees


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


FEE_RATE = 10
"""Percent at which shipping and other fees count (IMP-14)."""


@dataclass(frozen=True, slots=True)
class Taxable:
    """Amounts of one instruction, or of a whole order, that carry tax.

    Attributes:
        by_rate: tax-included yen per rate in percent, before deductions.
        deduction_yen: discounts, points and the like, spread over the rates by amount.
    """

    by_rate: Mapping[int, int]
    deduction_yen: int = 0

    @property
    def total_yen(self) -> int:
        """What is paid."""
        return sum(self.by_rate.values()) - self.deduction_yen


def by_rate(amounts: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Add up (rate in percent, yen) pairs per rate."""
    sums: dict[int, int] = {}
    for rate, yen in amounts:
        sums[rate] = sums.get(rate, 0) + yen
    return sums


def whole(parts: Iterable[Taxable]) -> Taxable:
    """Return the order that the parts make up."""
    listed = list(parts)
    return Taxable(
        by_rate(chain.from_iterable(part.by_rate.items() for part in listed)),
        sum(part.deduction_yen for part in listed),
    )


def tax_of(amounts: Taxable) -> int:
    """Return the tax in yen: per rate, rounded down once (IMP-14)."""
    gross = sum(amounts.by_rate.values())
    left = amounts.total_yen
    if gross <= 0 or left <= 0:
        return 0
    taxes = (yen * left * rate // (gross * (100 + rate)) for rate, yen in amounts.by_rate.items())
    return max(0, sum(taxes))


def taxes_of_parts(parts: Sequence[Taxable]) -> list[int]:
    """Return each part's tax, so that they add up to the order's tax to the yen (IMP-14).

    Each part's own tax is the start. What rounding and the deductions on other parts leave over is
    put right on part 1, and on the next one only where part 1 would leave the range from 0 to the
    tax its total can hold.
    """
    order = whole(parts)
    taxes = [tax_of(part) for part in parts]
    missing = tax_of(order) - sum(taxes)
    for index, part in enumerate(parts):
        corrected = max(0, min(taxes[index] + missing, _most(part, order)))
        missing -= corrected - taxes[index]
        taxes[index] = corrected
    return taxes


def _most(part: Taxable, order: Taxable) -> int:
    rate = max(order.by_rate, default=FEE_RATE)
    return -(-part.total_yen * rate // (100 + rate))
