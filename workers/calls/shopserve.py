"""What only ShopServe offers, and reading its orders in batches."""

from collections.abc import Iterator, Sequence

from adapters.shopserve.client import ShopServeCart
from adapters.shopserve.wire.orders import MOST_KEYS
from domain.errors import BrokenRule
from workers.engine.context import Work


def shopserve_of(work: Work) -> ShopServeCart:
    """Return the shop's cart. Raises BrokenRule for a BASE shop: the action is not its own."""
    if isinstance(work.cart, ShopServeCart):
        return work.cart
    raise BrokenRule(f"{work.shop.cart} has no action {work.action}")


def read_batches(work: Work, keys: Sequence[str]) -> Iterator[tuple[str, dict[str, object] | None]]:
    """Yield each key with its raw order, None where the cart does not know it."""
    cart = shopserve_of(work)
    for start in range(0, len(keys), MOST_KEYS):
        batch = keys[start : start + MOST_KEYS]
        found = cart.read_orders(batch)
        for key in batch:
            yield key, found.get(key)
