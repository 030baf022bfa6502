"""Which carts are closed, shared between all shops and workers (CLS-1).

known before a call:   the calendar, a person's entry, another shop's discovery
found out by a call:   noted for all; when it should be over, one call probes (half-open)
"""

import threading
import time
from datetime import UTC, datetime

from sqlalchemy import Engine

from adapters.postgres.engine import maintenance
from adapters.postgres.engine.maintenance import LiveClosure
from adapters.postgres.shops.closures import ensure_calendar
from domain.carts.cart import LONGEST_CALL_S, Cart
from domain.engine.maintenance import closed_now, next_probe_at
from domain.errors import ApiFamily

# How long one shop's discovery may go unnoticed by another worker process.
FRESH_S = 2.0
CALENDAR_EVERY_S = 60.0
# A probe that never reports is repeated after this; longer than any call.
PROBE_LEASE_S = LONGEST_CALL_S + 30


class ClosureBoard:
    """A copy of the closures, a few seconds old at most."""

    def __init__(self, database: Engine) -> None:
        """Args: database: where the closures are."""
        self._database = database
        self._guard = threading.Lock()
        self._read_at = -FRESH_S
        self._calendar_at = -CALENDAR_EVERY_S
        self._live: list[LiveClosure] = []

    def closed(self, cart: Cart, api: ApiFamily) -> LiveClosure | None:
        """Return the closure that forbids calls of this family now, None if it is open."""
        live = self._closures()
        return closed_now(live, cart, api, datetime.now(UTC)) if live else None

    def claim_probe(self, closure: LiveClosure, *, at_once: bool) -> bool:
        """Tell whether this caller makes the one call that finds out whether it is over."""
        with self._database.begin() as connection:
            return maintenance.claim_probe(
                connection, closure.id, lease_s=PROBE_LEASE_S, at_once=at_once
            )

    def note(self, cart: Cart, api: ApiFamily, shop_id: int, *, probing: bool) -> None:
        """Record that the cart answered it is closed, so that nobody else calls it.

        Args: probing: the call was a probe; only its answer makes the next one wait longer.
        """
        now = datetime.now(UTC)
        with self._database.begin() as connection:
            maintenance.note_detected(
                connection,
                cart,
                api,
                shop_id=shop_id,
                probing=probing,
                next_probe=lambda answers: next_probe_at(now, answers),
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
        with self._database.begin() as connection:
            if calendar:
                ensure_calendar(connection, datetime.now(UTC))
            live = maintenance.live_closures(connection)
        with self._guard:
            self._live = live
        return live
