"""Consumption tax inside tax-included amounts (消費税; IMP-14)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

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
    settled on part 1, and on the next one only where part 1 would leave the range from 0 to the
    tax its total can hold.
    """
    order = whole(parts)
    taxes = [tax_of(part) for part in parts]
    missing = tax_of(order) - sum(taxes)
    for index, part in enumerate(parts):
        settled = max(0, min(taxes[index] + missing, _most(part, order)))
        missing -= settled - taxes[index]
        taxes[index] = settled
    return taxes


def _most(part: Taxable, order: Taxable) -> int:
    rate = max(order.by_rate, default=FEE_RATE)
    return -(-part.total_yen * rate // (100 + rate))
