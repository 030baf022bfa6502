"""Which carts are closed, shared between all shops and workers (CLS-1)."""

import threading
import time
from datetime import UTC, datetime

from sqlalchemy import Engine

from adapters.postgres.closure_rows import LiveClosure, live_closures, note_detected
from adapters.postgres.database import statement
from domain.errors import ApiFamily
from domain.orders import Cart

# How long one shop's discovery may go unnoticed by another worker process.
FRESH_S = 2.0


class ClosureBoard:
    """A copy of the closures, a few seconds old at most."""

    def __init__(self, engine: Engine) -> None:
        """Args: engine: where the closures are."""
        self._engine = engine
        self._guard = threading.Lock()
        self._read_at = -FRESH_S
        self._live: list[LiveClosure] = []

    def closed(self, cart: Cart, api: ApiFamily) -> LiveClosure | None:
        """Return the closure that forbids calls of this family now, None if it is open."""
        now = datetime.now(UTC)
        for closure in self._closures():
            if closure.covers(cart, api, now):
                return closure
        return None

    def note(self, cart: Cart, api: ApiFamily) -> None:
        """Record that the cart answered it is closed, so that nobody else calls it."""
        with statement(self._engine) as connection:
            note_detected(connection, cart, api)
        with self._guard:
            self._read_at = -FRESH_S

    def _closures(self) -> list[LiveClosure]:
        with self._guard:
            if time.monotonic() - self._read_at < FRESH_S:
                return self._live
            self._read_at = time.monotonic()
        with statement(self._engine) as connection:
            live = live_closures(connection)
        with self._guard:
            self._live = live
        return live
