"""BASE tokens: refreshed ahead of their end, by one worker at a time (CLS-6).

access_token() -> cached while fresh -> PostgreSQL -> refresh under a lease -> stored in one step

The old refresh token dies when the cart answers. The new one is put into Redis before it is
committed, so that a crash in between is survived (docs/decisions/0006-tokens.md).
"""

import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
from sqlalchemy import Engine

from adapters.postgres import tokens as rows
from adapters.postgres.database import DatabaseUnavailable, transaction
from adapters.postgres.secrets import SecretBox
from adapters.postgres.shops import Shop, mark_auth_failed
from adapters.redis.token_stash import TokenStash
from adapters.thebase.oauth import OAuthClient
from domain.errors import AuthenticationFailed, Postponed, SyncError

# Refresh this long before the end, so that no call meets an ended token in the normal course.
AHEAD = timedelta(minutes=5)
# Longer than a refresh may take (20 s) and a commit.
REFRESH_LEASE_S = 45
# How long a thread waits for another worker's refresh before it gives its item back.
LONGEST_WAIT_S = 25.0
# A database that restarts is back by then; the stash keeps the tokens longer.
LONGEST_STORE_S = 60.0
_POLL_S = 0.2


class TokenCache:
    """Tokens as this process last saw them."""

    def __init__(self) -> None:
        """Begin empty."""
        self._guard = threading.Lock()
        self._known: dict[int, rows.Tokens] = {}

    def get(self, shop_id: int) -> rows.Tokens | None:
        """Return what was last seen of a shop."""
        with self._guard:
            return self._known.get(shop_id)

    def put(self, shop_id: int, tokens: rows.Tokens) -> None:
        """Remember a shop's tokens."""
        with self._guard:
            self._known[shop_id] = tokens

    def forget(self, shop_id: int) -> None:
        """Read them anew next time."""
        with self._guard:
            self._known.pop(shop_id, None)


@dataclass(frozen=True, slots=True)
class TokenTools:
    """What the tokens of all shops share in one process."""

    engine: Engine
    box: SecretBox
    http: httpx.Client
    cache: TokenCache
    stash: TokenStash


class SharedTokens:
    """Implements domain.ports.TokenStore for one shop."""

    def __init__(self, shop: Shop, tools: TokenTools) -> None:
        """Args: tools: shared by all shops of the process."""
        self._shop = shop
        self._engine = tools.engine
        self._box = tools.box
        self._cache = tools.cache
        self._stash = tools.stash
        self._oauth = OAuthClient(
            tools.http,
            base_url=shop.auth_url,
            client_id=shop.credentials.get("client_id", ""),
            client_secret=shop.credentials.get("client_secret", ""),
            redirect_uri=shop.credentials.get("redirect_uri", ""),
        )

    def access_token(self) -> str:
        """See TokenStore.access_token."""
        known = self._cache.get(self._shop.id)
        if known is not None and _fresh(known):
            return known.access_token
        stored = self._stored()
        if _fresh(stored):
            return stored.access_token
        return self._refresh(refused=None).access_token

    def renew(self, refused: str) -> str:
        """See TokenStore.renew."""
        stored = self._stored()
        if stored.access_token != refused:
            return stored.access_token
        return self._refresh(refused=refused).access_token

    def _stored(self) -> rows.Tokens:
        with transaction(self._engine) as connection:
            found = rows.load_tokens(connection, self._shop.id, self._box)
        if found is None:
            raise AuthenticationFailed(
                f"{self._shop.key}: not authorised yet; run `renkei shop authorize"
                f" {self._shop.key}`"
            )
        self._cache.put(self._shop.id, found)
        return found

    def _refresh(self, *, refused: str | None) -> rows.Tokens:
        """Refresh under the lease, or wait for whoever holds it and take their token."""
        holder = uuid.uuid4().hex
        give_up_at = time.monotonic() + LONGEST_WAIT_S
        while True:
            with transaction(self._engine) as connection:
                ours = rows.claim_refresh(connection, self._shop.id, holder, REFRESH_LEASE_S)
            stored = self._stored()
            if stored.access_token != refused and _fresh(stored):
                if ours:
                    self._release(holder)
                return stored
            if ours:
                return self._refresh_now(holder, stored)
            if time.monotonic() > give_up_at:
                raise Postponed(
                    f"{self._shop.key}: another worker is refreshing the token",
                    until=datetime.now(UTC) + timedelta(seconds=5),
                )
            time.sleep(_POLL_S)

    def _refresh_now(self, holder: str, stored: rows.Tokens) -> rows.Tokens:
        left = self._left_by_a_crash(stored)
        if left is not None:
            self._store(holder, left)
            if _fresh(left):
                return left
            stored = left
        try:
            answered = self._oauth.refresh(stored.refresh_token)
        except AuthenticationFailed:
            self._release(holder)
            return self._newer_than(stored)
        except SyncError:
            self._release(holder)
            raise
        new = rows.Tokens(
            access_token=answered.access_token,
            refresh_token=answered.refresh_token,
            access_expires_at=datetime.now(UTC) + timedelta(seconds=answered.expires_in_s),
        )
        # The old refresh token is dead from here on: keep the new one in three places, fast first.
        self._stash.put(self._shop.id, self._sealed(new, replaces=stored.refresh_token))
        self._cache.put(self._shop.id, new)
        self._store(holder, new)
        return new

    def _store(self, holder: str, new: rows.Tokens) -> None:
        """Commit the new tokens; a database that restarts is waited for."""
        give_up_at = time.monotonic() + LONGEST_STORE_S
        while True:
            try:
                with transaction(self._engine) as connection:
                    now = datetime.now(UTC)
                    rows.store_tokens(connection, self._shop.id, new, now, self._box)
                    rows.release_refresh(connection, self._shop.id, holder)
            except DatabaseUnavailable:
                if time.monotonic() > give_up_at:
                    raise
                time.sleep(_POLL_S)
            else:
                self._stash.drop(self._shop.id)
                return

    def _left_by_a_crash(self, stored: rows.Tokens) -> rows.Tokens | None:
        """Return tokens a worker got and could not commit; the stored ones are dead then.

        Those it got in place of others than the stored ones are older than these: somebody has
        authorised the shop anew meanwhile.
        """
        sealed = self._stash.get(self._shop.id)
        if sealed is None:
            return None
        values = self._box.open(sealed)
        # Without the name: left by a version that did not write it yet.
        if values.get("replaces", stored.refresh_token) != stored.refresh_token:
            self._stash.drop(self._shop.id)
            return None
        return rows.Tokens(
            access_token=values["access_token"],
            refresh_token=values["refresh_token"],
            access_expires_at=datetime.fromisoformat(values["access_expires_at"]),
        )

    def _sealed(self, tokens: rows.Tokens, *, replaces: str) -> bytes:
        return self._box.seal(
            {
                "replaces": replaces,
                "access_token": tokens.access_token,
                "refresh_token": tokens.refresh_token,
                "access_expires_at": tokens.access_expires_at.isoformat(),
            }
        )

    def _newer_than(self, refused: rows.Tokens) -> rows.Tokens:
        """Look once more before giving up: somebody may have rotated the token meanwhile."""
        stored = self._stored()
        if stored.refresh_token != refused.refresh_token:
            return stored
        with transaction(self._engine) as connection:
            mark_auth_failed(connection, self._shop.id, datetime.now(UTC))
        raise AuthenticationFailed(
            f"{self._shop.key}: BASE refused the refresh token; run `renkei shop authorize"
            f" {self._shop.key}`"
        )

    def _release(self, holder: str) -> None:
        with transaction(self._engine) as connection:
            rows.release_refresh(connection, self._shop.id, holder)


def _fresh(tokens: rows.Tokens) -> bool:
    return tokens.access_expires_at - datetime.now(UTC) > AHEAD
