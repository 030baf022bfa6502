"""What moves of shipping instructions do to stock.

Secured stock follows from the two statuses alone, so no operation can forget it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.errors import BrokenRule
from domain.orders.instructions import Status, secures_stock
from domain.warehouse.moves import Standing

NOT_COUNTED = "not counted yet (未カウント)"


class Shortage(BrokenRule):
    """Not enough pieces in the warehouse; the message names each SKU and what is missing."""


@dataclass(frozen=True, slots=True)
class StockEffect:
    """How often the pieces of an instruction are added to the counts: -1, 0 or 1."""

    on_hand: int = 0
    secured: int = 0

    def __bool__(self) -> bool:
        """Tell whether anything moves."""
        return bool(self.on_hand or self.secured)


def stock_effect(before: Standing, after: Standing, *, restock: bool) -> StockEffect:
    """Return what a change of standing does to stock.

    Shipping takes the pieces off on hand and secured together, so free stock stays as it was.
    """
    secured = int(secures_stock(after.status)) - int(secures_stock(before.status))
    if after.status is before.status:
        return StockEffect()
    if after.status is Status.SHIPPED:
        return StockEffect(on_hand=-1, secured=secured)
    if after.status is Status.RETURNED and restock:
        return StockEffect(on_hand=1, secured=secured)
    return StockEffect(secured=secured)


@dataclass
class Shelf:
    """Pieces of some SKUs while several instructions are judged one after the other.

    Attributes:
        on_hand: pieces in the warehouse by SKU id, None for a SKU that nobody counted (未カウント):
            what leaves it or comes back leaves it uncounted (STK-8).
        allocated: pieces set aside for live instructions by SKU id.
        codes: SKU code by id, for messages.
    """

    on_hand: dict[int, int | None]
    allocated: dict[int, int]
    codes: Mapping[int, str] = field(default_factory=dict)

    def take_off(self, pieces: Mapping[int, int]) -> None:
        """Ship pieces. What left has left: on hand goes below 0 where the count was too small."""
        self._move(pieces, -1)

    def put_back(self, pieces: Mapping[int, int]) -> None:
        """Restock pieces."""
        self._move(pieces, 1)

    def set_aside(self, pieces: Mapping[int, int]) -> None:
        """Allocate pieces. Raises Shortage when fewer are known to be on hand and not set aside."""
        if unknown := [sku for sku in sorted(pieces) if self.on_hand.get(sku, 0) is None]:
            named = "; ".join(f"{self.codes.get(sku, sku)}: {NOT_COUNTED}" for sku in unknown)
            raise Shortage(f"{named}; say how many there are with `renkei stock set`")
        left = {
            sku: max(0, (self.on_hand.get(sku) or 0) - self.allocated.get(sku, 0)) for sku in pieces
        }
        self._refuse_missing(pieces, left)
        for sku, count in pieces.items():
            self.allocated[sku] = self.allocated.get(sku, 0) + count

    def _refuse_missing(self, pieces: Mapping[int, int], there: Mapping[int, int]) -> None:
        short = [
            f"{self.codes.get(sku, sku)}: {wanted} needed, {there.get(sku, 0)} on hand and not"
            f" allocated to others, {wanted - there.get(sku, 0)} missing"
            for sku, wanted in sorted(pieces.items())
            if wanted > there.get(sku, 0)
        ]
        if short:
            raise Shortage("; ".join(short))

    def _move(self, pieces: Mapping[int, int], sign: int) -> None:
        for sku, count in pieces.items():
            there = self.on_hand.get(sku, 0)
            self.on_hand[sku] = None if there is None else there + sign * count
