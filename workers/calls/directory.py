"""Shops as this process knows them: a copy of a few seconds, so that items need no extra read."""

import threading
import time

from sqlalchemy import Engine

from adapters.postgres.shops.secrets import SecretBox
from adapters.postgres.shops.shops import Shop, load_shop
from domain.errors import BrokenRule

# How long a parked shop or new credentials may go unnoticed by a worker.
FRESH_S = 3.0


class ShopDirectory:
    """Loads shops on demand and forgets them quickly."""

    def __init__(self, database: Engine, box: SecretBox) -> None:
        """Args: box: opens the credentials."""
        self._database = database
        self._box = box
        self._guard = threading.Lock()
        self._known: dict[int, tuple[float, Shop]] = {}

    def shop(self, shop_id: int) -> Shop:
        """Return the shop. Raises BrokenRule when it was removed."""
        now = time.monotonic()
        with self._guard:
            known = self._known.get(shop_id)
        if known is not None and now - known[0] < FRESH_S:
            return known[1]
        with self._database.connect() as connection:
            shop = load_shop(connection, shop_id, self._box)
        if shop is None or shop.removed:
            raise BrokenRule(f"shop {shop_id} was removed")
        with self._guard:
            if len(self._known) > 10_000:  # noqa: PLR2004 -- a bound, not a tuning knob
                self._known.clear()
            self._known[shop_id] = (now, shop)
        return shop

    def forget(self, shop_id: int) -> None:
        """Read the shop anew next time."""
        with self._guard:
            self._known.pop(shop_id, None)
