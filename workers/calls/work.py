"""One claim of one shop: what an action works with, the client of the shop's cart first of all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Engine

from adapters.postgres.engine.items import ClaimedItem
from adapters.postgres.engine.runs import ClaimedRun
from adapters.postgres.shops.shops import Shop
from adapters.shopserve.client import ShopServeCart
from adapters.shopserve.wire.details import order as shopserve_order
from adapters.shopserve.wire.orders import MOST_KEYS
from adapters.thebase.client import TheBaseCart
from adapters.thebase.wire.details import order as base_order
from domain.actions import ACTIONS, Action
from domain.carts.cart import Cart
from domain.carts.ports import CallGate, TokenStore
from domain.engine.runs import RunMode
from domain.errors import BrokenRule
from domain.orders.cart_order import CartOrder
from domain.orders.windows import Clocks
from workers.calls.accounts import AccountProver
from workers.calls.gate import GateTools, ShopGate
from workers.calls.tokens.refresh import SharedTokens, TokenTools
from workers.engine.context import Clock, Record, nothing
from workers.engine.leases import Lease

# A person asked for these and waits for them.
WAITED_FOR = frozenset({RunMode.MANUAL, RunMode.RANGE, RunMode.REPLAY})

ShopCart = ShopServeCart | TheBaseCart


def open_cart(
    tools: TokenTools, shop: Shop, gate: CallGate, given: TokenStore | None = None
) -> ShopCart:
    """Return a client for one shop whose every call asks the gate first.

    Args: given: tokens of a BASE shop in place of the stored ones.
    """
    if shop.cart is Cart.SHOPSERVE:
        return ShopServeCart(
            tools.http,
            base_url=shop.api_url,
            shop_id=shop.credentials.get("shop_id", ""),
            manager_key=shop.credentials.get("manager_key", ""),
            gate=gate,
        )
    tokens = given or SharedTokens(shop, tools)
    return TheBaseCart(tools.http, base_url=shop.api_url, tokens=tokens, gate=gate)


def decode(cart: Cart, raw: dict[str, object]) -> CartOrder:
    """Translate a whole raw order without a client. Raises Undecodable naming the field."""
    return shopserve_order(raw) if cart is Cart.SHOPSERVE else base_order(raw)


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
    prover: AccountProver
    late: Record = nothing

    def prepare(self) -> None:
        """See workers.engine.context.Work: nothing is done for a shop before it is proven whose."""
        self.prover.prove(self.shop, self.gate, ACTIONS[self.action].api)

    @cached_property
    def cart(self) -> ShopCart:
        """The shop's cart; every call asks the gate first."""
        return self.cart_behind(self.gate)

    def cart_behind(self, gate: CallGate) -> ShopCart:
        """Return the shop's cart with another gate in front of it."""
        given = SharedTokens(self.shop, self.tokens, self.gate.claim_try)
        return open_cart(self.tokens, self.shop, gate, given)

    @property
    def clocks(self) -> Clocks:
        """Now, by PostgreSQL's clock and by the cart's (CLK-2)."""
        return Clocks(self.now(), self.gate.tools.cart_clocks.ahead(self.shop.api_url))

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


@dataclass(frozen=True, slots=True)
class WorkTools:
    """What the claims of one process share. Attributes: see ShopWork."""

    database: Engine
    autocommit: Engine
    tokens: TokenTools
    gates: GateTools
    prover: AccountProver
    clock: Clock

    def open_work(self, claim: ClaimedItem | ClaimedRun, lease: Lease) -> ShopWork:
        """See workers.engine.host.Host.open_work."""
        shop, action = self.gates.directory.shop(claim.shop_id), Action(claim.action)
        gate = ShopGate(
            shop=shop,
            action=action,
            lease=lease,
            tools=self.gates,
            by_hand=claim.mode in WAITED_FOR,
        )
        return ShopWork(
            self.database,
            self.autocommit,
            self.tokens,
            self.clock,
            shop,
            action,
            gate,
            self.prover,
        )
