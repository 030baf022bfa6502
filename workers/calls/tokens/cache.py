"""Tokens of BASE shops as one process last saw them."""

from datetime import datetime, timedelta

from adapters.postgres.shops.tokens import Tokens

# Refresh this long before the end, so that no call meets an ended token in the normal course.
AHEAD = timedelta(minutes=5)


def is_fresh(tokens: Tokens, now: datetime) -> bool:
    """Tell whether no call meets the end of the access token in the normal course."""
    return tokens.access_expires_at - now > AHEAD


class TokenCache:
    """Tokens as this process last saw them, and how long the cart refreshes none."""

    def __init__(self) -> None:
        """Begin empty."""
        # No lock: one get, set or pop of a dict is atomic, and the last to write has newer tokens
        # or older ones that the cart refuses, upon which they are read anew.
        self._known: dict[int, Tokens] = {}
        self._paused: dict[int, datetime] = {}

    def fresh(self, shop_id: int, now: datetime) -> Tokens | None:
        """Return what was last seen of a shop if no call meets its end in the normal course."""
        known = self._known.get(shop_id)
        return known if known is not None and is_fresh(known, now) else None

    def put(self, shop_id: int, tokens: Tokens) -> None:
        """Remember a shop's tokens."""
        self._known[shop_id] = tokens

    def forget(self, shop_id: int) -> None:
        """Read them anew next time."""
        self._known.pop(shop_id, None)

    def pause(self, shop_id: int, until: datetime) -> None:
        """Refresh nothing of a shop until then: each of its items would ask again."""
        self._paused[shop_id] = until

    def paused_until(self, shop_id: int, now: datetime) -> datetime | None:
        """Return when the shop may be refreshed, None if at once."""
        until = self._paused.get(shop_id)
        return until if until is not None and until > now else None
