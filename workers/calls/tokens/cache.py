"""What one process remembers of BASE tokens, so that a call needs no read."""

import threading
from datetime import UTC, datetime, timedelta

from adapters.postgres.shops.tokens import Tokens

# Refresh this long before the end, so that no call meets an ended token in the normal course.
AHEAD = timedelta(minutes=5)


class TokenCache:
    """Tokens as this process last saw them, and how long the cart refreshes none."""

    def __init__(self) -> None:
        """Begin empty."""
        self._guard = threading.Lock()
        self._known: dict[int, Tokens] = {}
        self._paused: dict[int, datetime] = {}

    def fresh(self, shop_id: int) -> Tokens | None:
        """Return what was last seen of a shop if no call meets its end in the normal course."""
        with self._guard:
            known = self._known.get(shop_id)
        if known is None or known.access_expires_at - datetime.now(UTC) <= AHEAD:
            return None
        return known

    def put(self, shop_id: int, tokens: Tokens) -> None:
        """Remember a shop's tokens."""
        with self._guard:
            self._known[shop_id] = tokens

    def forget(self, shop_id: int) -> None:
        """Read them anew next time."""
        with self._guard:
            self._known.pop(shop_id, None)

    def pause(self, shop_id: int, until: datetime) -> None:
        """Refresh nothing of a shop until then: each of its items would ask again."""
        with self._guard:
            self._paused[shop_id] = until

    def paused_until(self, shop_id: int) -> datetime | None:
        """Return when the shop may be refreshed, None if at once."""
        with self._guard:
            until = self._paused.get(shop_id)
            return until if until is not None and until > datetime.now(UTC) else None
