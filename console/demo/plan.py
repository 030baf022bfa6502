"""What a person asks a demo for."""

from dataclasses import dataclass

MOST_SHOPS = 100
# Two passes of a shop's orders and SKUs stay below BASE's 5,000 calls an hour.
MOST_ORDERS = 1000
MOST_SKUS = 3000


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything, and what happens beside it.

    Attributes:
        shops: of both carts together; a merchant has one on each.
        orders: of each shop, all of them to be imported.
        skus: of each shop, all of them mapped.
        faults: strike in the middle.
        keep: stay up afterwards, with the windows people look through.
    """

    shops: int = 4
    orders: int = 20
    skus: int = 40
    faults: bool = False
    keep: bool = False
