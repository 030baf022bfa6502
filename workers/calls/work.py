"""One claim of one shop: what an action works with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Engine

from adapters.postgres.shops.shops import Shop
from adapters.shopserve.client import ShopServeCart
from adapters.shopserve.wire.orders import MOST_KEYS
from adapters.thebase.client import TheBaseCart
from domain.actions import Action
from domain.carts.ports import CallGate
from domain.errors import BrokenRule
from workers.calls.carts import ShopCart, open_cart
from workers.calls.gate import ShopGate
from workers.calls.tokens.refresh import TokenTools
from workers.engine.context import Clock, Record, nothing


@dataclass
class ShopWork:
    """Implements workers.engine.context.Work: everything an action may use.

    Attributes:
        autocommit: the same database; every statement commits by itself.
        now: the clock.
        late: what is recorded when the claim was lost after calls were made, however they ended.
    """

    database: Engine
    autocommit: Engine
    tokens: TokenTools
    now: Clock
    shop: Shop
    action: Action
    gate: ShopGate
    late: Record = nothing

    @cached_property
    def cart(self) -> ShopCart:
        """The shop's cart; every call asks the gate first."""
        return self.cart_behind(self.gate)

    def cart_behind(self, gate: CallGate) -> ShopCart:
        """Return the shop's cart with another gate in front of it."""
        return open_cart(self.tokens, self.shop, gate)

    @property
    def shopserve(self) -> ShopServeCart:
        """The shop's cart. Raises BrokenRule for a BASE shop: the action is not its own."""
        if isinstance(self.cart, ShopServeCart):
            return self.cart
        raise BrokenRule(f"{self.shop.cart} has no action {self.action}")

    @property
    def base(self) -> TheBaseCart:
        """The shop's cart. Raises BrokenRule for a ShopServe shop."""
        if isinstance(self.cart, TheBaseCart):
            return self.cart
        raise BrokenRule(f"{self.shop.key} is not a BASE shop")

    def read_batches(self, keys: Sequence[str]) -> Iterator[tuple[str, dict[str, object] | None]]:
        """Yield each key with its raw order (ShopServe), None where the cart does not know it."""
        for start in range(0, len(keys), MOST_KEYS):
            batch = keys[start : start + MOST_KEYS]
            found = self.shopserve.read_orders(batch)
            for key in batch:
                yield key, found.get(key)
