"""BASE tokens: refreshed ahead of their end, by one worker at a time (CLS-6).

access_token() -> cached while fresh -> PostgreSQL -> refresh under a lease -> stored in one step

The old refresh token dies when the cart answers. The new one is put into Redis before it is
committed, so that a crash in between is survived (docs/decisions/0006-tokens.md). Nothing is
refreshed while a closure forbids every call. Who asked records what a refusal means for the shop.
"""

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import httpx
from sqlalchemy import Engine

from adapters.postgres.database import DatabaseUnavailable
from adapters.postgres.shops import tokens as stored_tokens
from adapters.postgres.shops.secrets import SecretBox
from adapters.postgres.shops.shops import Shop
from adapters.postgres.shops.tokens import Tokens
from adapters.redis.token_stash import TokenStash
from adapters.thebase.oauth import OAuthClient
from domain.carts.cart import Cart, call_deadline_s
from domain.engine.budget import Limit, resumes_at
from domain.errors import (
    ApiFamily,
    AuthenticationFailed,
    BudgetSpent,
    Closed,
    Postponed,
    SyncError,
    Unserved,
)
from workers.calls.board import ClosureBoard
from workers.calls.tokens.cache import TokenCache, is_fresh
from workers.calls.tokens.copies import open_copy, seal_copy
from workers.engine.context import Clock

_log = logging.getLogger(__name__)

# Longer than a refresh may take, and a commit.
REFRESH_LEASE_S = round(call_deadline_s(Cart.BASE, ApiFamily.ORDERS)) + 25
# How long a thread waits for another worker's refresh before it gives its item back.
LONGEST_WAIT_S = call_deadline_s(Cart.BASE, ApiFamily.ORDERS) + 5
# A database that restarts is back by then; the stash keeps the tokens longer.
LONGEST_STORE_S = 60.0
_POLL_S = 0.2
# While the cart's token address speaks of maintenance, which closes no family of calls.
CLOSED_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class TokenTools:
    """What the tokens of all shops share in one process."""

    database: Engine
    box: SecretBox
    http: httpx.Client
    cache: TokenCache
    stash: TokenStash
    closures: ClosureBoard
    clock: Clock


@dataclass(frozen=True)
class SharedTokens:
    """Implements domain.carts.ports.TokenStore for one shop.

    Attributes:
        before_refresh: called right before the cart is asked for new tokens, also where they are
            asked for before the call they are for; raises Postponed when it is not to be asked.
    """

    shop: Shop
    tools: TokenTools
    before_refresh: Callable[[], None] | None = None

    @cached_property
    def _oauth(self) -> OAuthClient:
        """What exchanges tokens; most claims need none of it."""
        given = self.shop.credentials
        return OAuthClient(
            self.tools.http,
            base_url=self.shop.auth_url,
            client_id=given.get("client_id", ""),
            client_secret=given.get("client_secret", ""),
            redirect_uri=given.get("redirect_uri", ""),
        )

    def access_token(self) -> str:
        """See TokenStore.access_token."""
        known = self.tools.cache.fresh(self.shop.id, self.tools.clock())
        if known is not None:
            return known.access_token
        stored = self._stored()
        if is_fresh(stored, self.tools.clock()):
            return stored.access_token
        return self._refresh(refused=None).access_token

    def renew(self, refused: str) -> str:
        """See TokenStore.renew."""
        stored = self._stored()
        if stored.access_token != refused:
            return stored.access_token
        return self._refresh(refused=refused).access_token

    def _stored(self) -> Tokens:
        with self.tools.database.begin() as connection:
            found = stored_tokens.load_tokens(connection, self.shop.id, self.tools.box)
        return self._seen(found)

    def _seen(self, stored: Tokens | None) -> Tokens:
        if stored is None:
            raise AuthenticationFailed(
                f"{self.shop.key}: not authorised yet; run `renkei shop authorize {self.shop.key}`",
                own=True,
            )
        self.tools.cache.put(self.shop.id, stored)
        return stored

    def _refresh(self, *, refused: str | None) -> Tokens:
        """Refresh under the lease, or wait for whoever holds it and take their token."""
        holder = uuid.uuid4().hex
        give_up_at = time.monotonic() + LONGEST_WAIT_S
        while True:
            alone = self._only_alone()
            with self.tools.database.begin() as connection:
                ours = stored_tokens.claim_refresh(
                    connection, self.shop.id, holder, REFRESH_LEASE_S, alone=alone
                )
            stored = self._stored()
            if ours and self._adopted(stored):
                continue  # still ours: the claim is prolonged, and what was adopted looked at
            if stored.access_token != refused and is_fresh(stored, self.tools.clock()):
                if ours:
                    self._release(holder)
                return stored
            if ours:
                return self._refresh_now(holder, stored, alone=alone)
            self._wait(give_up_at, alone=alone)

    def _only_alone(self) -> bool:
        """Tell whether the cart is closed as far as known and waits for one call to find out.

        A refresh is the one call that cannot be repeated, so it is no good probe. But when every
        access token has ended nothing else can be: then one shop at a time refreshes, and only
        when a probe is due. Its next call is the probe.

        Raises:
            Closed: no call of any family is made now.
            Postponed: the cart said a moment ago that it refreshes nothing for this shop.
        """
        closures = self.tools.closures.closed_altogether(self.shop)
        now = self.tools.clock()
        if closures and not any(closure.may_probe(now, at_once=False) for closure in closures):
            opens = [at for closure in closures if (at := closure.end or closure.probe_at)]
            raise self._closed(min(opens))
        paused_until = self.tools.cache.paused_until(self.shop.id, now)
        if paused_until is not None:
            raise Postponed(f"{self.shop.key}: no token for now", until=paused_until)
        return bool(closures)

    def _closed(self, until: datetime) -> Closed:
        # Any family: whichever the token was asked for is closed.
        return Closed(
            f"{self.shop.cart}: closed for maintenance", api=ApiFamily.ORDERS, until=until
        )

    def _wait(self, give_up_at: float, *, alone: bool) -> None:
        if alone:
            raise self._closed(self.tools.clock() + timedelta(seconds=REFRESH_LEASE_S))
        if time.monotonic() > give_up_at:
            raise Postponed(
                f"{self.shop.key}: another worker is refreshing the token",
                until=self.tools.clock() + timedelta(seconds=5),
            )
        time.sleep(_POLL_S)

    def _refresh_now(self, holder: str, stored: Tokens, *, alone: bool) -> Tokens:
        self._leave_to_ask(holder)
        try:
            answered = self._oauth.refresh(stored.refresh_token)
        except AuthenticationFailed as error:
            self._release(holder)
            return self._newer_than(stored, error)
        except SyncError as error:
            # A shop that is not served waits as a whole; the token address is tried by its turn.
            if isinstance(error, Postponed) and not isinstance(error, Unserved):
                error.until = self._pause_after(error)
                self.tools.cache.pause(self.shop.id, error.until)
            if not alone:  # else the lease runs out by itself, and keeps the other shops waiting
                self._release(holder)
            raise
        new = Tokens(
            access_token=answered.access_token,
            refresh_token=answered.refresh_token,
            access_expires_at=self.tools.clock() + timedelta(seconds=answered.expires_in_s),
        )
        # The old refresh token is dead from here on: keep the new one in three places, fast first.
        sealed = seal_copy(self.tools.box, new, replaces=stored.refresh_token)
        self.tools.stash.put(self.shop.id, sealed)
        self.tools.cache.put(self.shop.id, new)
        return self._store(new, replaces=stored.refresh_token, release=holder)

    def _leave_to_ask(self, holder: str) -> None:
        try:
            if self.before_refresh is not None:
                self.before_refresh()
        except SyncError:
            self._release(holder)
            raise

    def _pause_after(self, error: Postponed) -> datetime:
        """Return until when no token is asked for after the cart gave none."""
        now = self.tools.clock()
        if error.until is None and isinstance(error, BudgetSpent):
            return resumes_at(Limit(error.limit), now)
        return error.until or now + CLOSED_PAUSE

    def _store(self, new: Tokens, *, replaces: str, release: str | None) -> Tokens:
        """Commit new tokens and return what is stored then; a restarting database is waited for.

        Args: release: who gives its lease back in the same step.
        """
        give_up_at = time.monotonic() + LONGEST_STORE_S
        while True:
            try:
                with self.tools.database.begin() as connection:
                    now = self.tools.clock()
                    stored = stored_tokens.replace_tokens(
                        connection, self.shop.id, new, now, self.tools.box, replaces=replaces
                    )
                    if release is not None:
                        stored_tokens.release_refresh(connection, self.shop.id, release)
            except DatabaseUnavailable:
                if time.monotonic() > give_up_at:
                    raise
                time.sleep(_POLL_S)
            else:
                break
        if stored is new:  # else the copy may be a later holder's; a stale one is dropped when met
            self.tools.stash.drop(self.shop.id)
        return self._seen(stored)

    def _adopted(self, stored: Tokens) -> bool:
        """Store tokens left by a crash, if there are any; the lease stays ours."""
        left = self._left_by_a_crash(stored)
        if left is None:
            return False
        self._store(left, replaces=stored.refresh_token, release=None)
        return True

    def _left_by_a_crash(self, stored: Tokens) -> Tokens | None:
        """Return tokens a worker got and could not commit; the stored ones are dead then.

        Those it got in place of others than the stored ones are older than these: somebody has
        authorised the shop anew meanwhile, or adopted them. What is no copy of ours is dropped.
        """
        sealed = self.tools.stash.get(self.shop.id)
        if sealed is None:
            return None
        left = open_copy(self.tools.box, sealed)
        if left is None:
            _log.warning(
                "copy of tokens in Redis was broken: dropped, PostgreSQL's are used",
                extra={"fields": {"shop": self.shop.id}},
            )
        elif left.replaces == stored.refresh_token != left.tokens.refresh_token:
            return left.tokens
        self.tools.stash.drop(self.shop.id)
        return None

    def _newer_than(self, refused: Tokens, error: AuthenticationFailed) -> Tokens:
        """Look once more before giving up: somebody may have rotated the token meanwhile."""
        stored = self._stored()
        if stored.refresh_token != refused.refresh_token:
            return stored
        raise AuthenticationFailed(
            f"{self.shop.key}: no new token ({error}); run `renkei shop authorize {self.shop.key}`",
            own=error.own,
        ) from error

    def _release(self, holder: str) -> None:
        with self.tools.database.begin() as connection:
            stored_tokens.release_refresh(connection, self.shop.id, holder)
