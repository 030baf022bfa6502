"""How much of everything a demo has."""

from dataclasses import dataclass

MOST_SHOPS = 100
# Two passes of a shop's orders and SKUs stay below BASE's 5,000 calls an hour.
MOST_ORDERS = 1000
MOST_SKUS = 3000


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a person chose.

    Attributes:
        shops: of both carts together; a merchant has one on each.
        orders: of each shop, all of them to be imported.
        skus: of each shop, all of them mapped.
    """

    shops: int = 4
    orders: int = 20
    skus: int = 40
