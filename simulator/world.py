"""Everything the simulator knows, in memory."""

import random
from itertools import count

from simulator.calls import CallCounts
from simulator.closures import Closures
from simulator.effects import STOCK_SET, Effect, EffectLog
from simulator.faults import Switchboard
from simulator.settings import Settings
from simulator.shopserve.shop import ShopServeShop
from simulator.thebase.shop import BaseShop, TokenTable

Shop = ShopServeShop | BaseShop


class World:
    """The shops of both carts, what happened to them and what is made to go wrong."""

    def __init__(self) -> None:
        """Start without shops."""
        self.reset(seed=0)

    def reset(self, seed: int) -> None:
        """Forget everything.

        Args:
            seed: where the switchboard's chances start.
        """
        self.settings = Settings()
        self.effects = EffectLog()
        self.calls = CallCounts()
        self.closures = Closures()
        self.faults = Switchboard(random.Random(seed))
        self.mutation_chance = random.Random(seed)
        self._token_source = random.Random(seed)
        self.tokens = TokenTable()
        self.line_ids = count(90_000_001)
        self.shops: dict[str, Shop] = {}
        self.shops_by_shop_id: dict[str, ShopServeShop] = {}
        self.shops_by_client: dict[str, BaseShop] = {}

    def add(self, shop: Shop) -> None:
        """Add a shop; ValueError when its key is taken."""
        if shop.key in self.shops:
            raise ValueError(f"shop {shop.key} exists")
        self.shops[shop.key] = shop
        if isinstance(shop, ShopServeShop):
            self.shops_by_shop_id[shop.shop_id] = shop
        else:
            self.shops_by_client[shop.client_id] = shop

    def new_token(self) -> str:
        """Return 32 hexadecimal characters never given before."""
        return f"{self._token_source.getrandbits(128):032x}"

    def note(self, shop: Shop, kind: str, key: str, at: float, **details: object) -> None:
        """Log an effect.

        Args:
            shop: where it happened.
            kind: one of the constants of `simulator.effects`.
            key: what it happened to.
            at: Unix seconds.
            details: further fields of the log entry.
        """
        self.effects.add(Effect(kind, shop.cart, shop.key, key, details), at)

    def apply_settings(self) -> None:
        """Let changed settings take effect."""
        silent = () if self.settings.log_stock_sets else (STOCK_SET,)
        self.effects.silent_kinds = frozenset(silent)
