"""What this process knows of shops and closed carts, seconds old, so that calls need no read.

known before a call:   the shop; the calendar, a person's entry, another shop's discovery (CLS-1)
found out by a call:   noted for all; when it should be over, one call probes (half-open)
"""

import threading
import time

from sqlalchemy import Engine

from adapters.postgres.engine import maintenance
from adapters.postgres.engine.maintenance import LiveClosure
from adapters.postgres.shops.closures import ensure_calendar
from adapters.postgres.shops.secrets import SecretBox
from adapters.postgres.shops.shops import Shop, load_shop
from domain.carts.cart import LONGEST_CALL_S
from domain.engine.maintenance import CartAddress, closed_now, next_probe_at
from domain.errors import ApiFamily, BrokenRule
from workers.engine.context import Clock

# How long a parked shop or new credentials may go unnoticed by a worker.
SHOP_FRESH_S = 3.0
# How long one shop's discovery may go unnoticed by another worker process.
FRESH_S = 2.0
CALENDAR_EVERY_S = 60.0
# A probe that never reports is repeated after this; longer than any call.
PROBE_LEASE_S = LONGEST_CALL_S + 30


class ShopDirectory:
    """Loads shops on demand and forgets them quickly."""

    def __init__(self, database: Engine, box: SecretBox) -> None:
        """Args: box: opens the credentials."""
        self._database = database
        self._box = box
        # No lock: one get, set or pop of a dict is atomic, and two threads may well load the same.
        self._known: dict[int, tuple[float, Shop]] = {}

    def shop(self, shop_id: int) -> Shop:
        """Return the shop. Raises BrokenRule when it was removed."""
        now = time.monotonic()
        known = self._known.get(shop_id)
        if known is not None and now - known[0] < SHOP_FRESH_S:
            return known[1]
        with self._database.connect() as connection:
            shop = load_shop(connection, shop_id, self._box)
        if shop is None or shop.removed:
            raise BrokenRule(f"shop {shop_id} was removed")
        if len(self._known) > 10_000:  # noqa: PLR2004 -- a bound, not a tuning knob
            self._known.clear()
        self._known[shop_id] = (now, shop)
        return shop

    def forget(self, shop_id: int) -> None:
        """Read the shop anew next time."""
        self._known.pop(shop_id, None)

    def forget_all(self) -> None:
        """Read every shop anew next time."""
        self._known.clear()


def address_of(shop: Shop) -> CartAddress:
    """Return where a shop calls its cart."""
    return CartAddress(shop.cart, shop.api_url)


class ClosureBoard:
    """A copy of the closures, a few seconds old at most."""

    def __init__(self, database: Engine, now: Clock) -> None:
        """Args: database: where the closures are."""
        self._database = database
        self._now = now
        self._guard = threading.Lock()
        self._read_at = -FRESH_S
        self._calendar_at = -CALENDAR_EVERY_S
        self._live: list[LiveClosure] = []

    def closed(self, shop: Shop, api: ApiFamily) -> LiveClosure | None:
        """Return the closure that forbids a shop's calls of this family, None if it is open."""
        live = self._closures()
        return closed_now(live, address_of(shop), api, self._now()) if live else None

    def closed_altogether(self, shop: Shop) -> list[LiveClosure]:
        """Return the closures in force while each family of a shop's calls is closed, else none.

        The token address belongs to no family: one that is open needs tokens.
        """
        found = [self.closed(shop, api) for api in ApiFamily]
        known = [closure for closure in found if closure is not None]
        return known if len(known) == len(found) else []

    def claim_probe(self, closure: LiveClosure, *, at_once: bool) -> bool:
        """Tell whether this caller makes the one call that finds out whether it is over."""
        with self._database.begin() as connection:
            return maintenance.claim_probe(
                connection, closure.id, lease_s=PROBE_LEASE_S, at_once=at_once
            )

    def note(
        self, shop: Shop, api: ApiFamily, *, probing: bool, asked_s: float | None = None
    ) -> None:
        """Record that the cart answered it is closed, so that nobody else calls it.

        Args:
            shop: whose call was answered; others of its cart and API address are closed too.
            probing: the call was a probe; only its answer makes the next one wait longer.
            asked_s: seconds the cart asked to wait.
        """
        now = self._now()
        with self._database.begin() as connection:
            maintenance.note_detected(
                connection,
                address_of(shop),
                api,
                shop_id=shop.id,
                probing=probing,
                next_probe=lambda answers: next_probe_at(now, answers, asked_s),
            )
        self._forget()

    def ended(self, closure_id: int) -> None:
        """Record that a probe was answered: the cart is open again."""
        with self._database.begin() as connection:
            maintenance.end_detected(connection, closure_id)
        self._forget()

    def _forget(self) -> None:
        with self._guard:
            self._read_at = -FRESH_S

    def _closures(self) -> list[LiveClosure]:
        with self._guard:
            now = time.monotonic()
            if now - self._read_at < FRESH_S:
                return self._live
            self._read_at = now
            calendar = now - self._calendar_at > CALENDAR_EVERY_S
            if calendar:
                self._calendar_at = now
        today = self._now()
        with self._database.begin() as connection:
            if calendar:
                ensure_calendar(connection, today)
            live = maintenance.live_closures(connection)
        with self._guard:
            self._live = live
        return live
