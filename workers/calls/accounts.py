"""Whose shop a set of tokens is for: asked before a shop's first run, and of a person's new tokens.

first run -> the cart names its shop -> nobody's: noted | a removed one of the merchant's: folded
into it, and the run is planned again | another shop's: refused, and the shop is parked

docs/decisions/0017-one-account-one-shop.md
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine

from adapters.postgres.access.audit import Entry, record
from adapters.postgres.shops import accounts, folding
from adapters.postgres.shops.accounts import AccountStanding
from adapters.postgres.shops.shops import Shop
from adapters.postgres.shops.tokens import load_tokens
from adapters.redis.token_stash import TokenStash
from adapters.thebase.client import TheBaseCart
from domain.carts.accounts import CartAccount, account_at, refuse_taken
from domain.carts.cart import Cart
from domain.errors import ApiFamily, BrokenRule, Postponed
from workers.calls.board import ShopDirectory
from workers.calls.gate import ShopGate
from workers.calls.tokens.cache import TokenCache
from workers.calls.tokens.refresh import SharedTokens, TokenTools
from workers.engine.context import Clock

BY_ITSELF = "renkei"
"""Who is in the audit where no person asked."""


@dataclass(frozen=True, slots=True)
class Proven:
    """Which shop of the hub an account belongs to now. `was`: the key it came back from."""

    shop_id: int
    was: str | None = None


@dataclass(frozen=True, slots=True)
class AccountProver:
    """Proves shops whose account nobody knows yet."""

    tokens: TokenTools
    directory: ShopDirectory
    clock: Clock

    def prove(self, shop: Shop, gate: ShopGate, api: ApiFamily) -> None:
        """Ask the cart whose tokens a shop has, and note it (STK-8). For any shop, any time.

        Raises:
            AccountTaken: another shop is on that account.
            Postponed: plan again; the shop is another row by now, or its tokens were changed.
        """
        if shop.account is not None or shop.cart is not Cart.BASE:
            return
        # Of its own: what other threads saw may be tokens from before somebody changed them.
        tools = replace(self.tokens, cache=TokenCache())
        before = _refresh_token(self.tokens, shop)
        of_shop = SharedTokens(shop, tools, gate.claim_try)
        cart = TheBaseCart(tools.http, base_url=shop.api_url, tokens=of_shop, gate=gate)
        told = account_at(shop.cart, shop.api_url, cart.test_connection(api).account)
        with self.tokens.database.begin() as connection:
            proven = settle(
                connection, shop, told, self.tokens.stash, by=BY_ITSELF, now=self.clock()
            )
            stored = load_tokens(connection, proven.shop_id, self.tokens.box)
            if stored is None or stored.refresh_token != before:
                raise Postponed(f"{shop.key}: its tokens were changed meanwhile")
        self.directory.forget(shop.id)
        if proven.was is not None:
            back = f"{shop.key} is {proven.was}, which was removed, and is back as it was"
            raise Postponed(back, until=self.clock())


def settle(
    connection: Connection,
    shop: Shop,
    account: CartAccount,
    stash: TokenStash,
    *,
    by: str,
    now: datetime,
) -> Proven:
    """Note that a shop is on an account; one of the merchant's that was removed comes back.

    Args: by: who is in the audit.

    Raises:
        AccountTaken: another shop is on that account.
        BrokenRule: the shop has orders of another account.
        Postponed: somebody else changed the shop, or is refreshing its tokens.
    """
    standing = accounts.lock_standing(connection, shop.id)
    if standing is None or standing.api_url != shop.api_url:
        raise Postponed(f"{shop.key}: the shop was changed meanwhile")
    if (standing.account, standing.account_place) == (account.name, account.place):
        return Proven(shop.id)
    refuse_another(shop.key, standing, account)
    accounts.lock_account(connection, account)
    holder = accounts.live_holder(connection, account, but=shop.id)
    refuse_taken(account, holder, merchant_id=shop.merchant_id)
    before = accounts.removed_holder(connection, account, shop.merchant_id)
    if before is None or standing.has_history:
        accounts.note_account(connection, shop.id, account)
        return Proven(shop.id)
    if folding.refreshing(connection, new=shop.id, old=before.id):
        raise Postponed(f"{shop.key}: another worker is refreshing the token")
    if (left := stash.get(shop.id)) is not None:  # by a crash: they follow the tokens they replace
        stash.put(before.id, left)
    folding.fold(connection, new=shop.id, old=before.id, cart=shop.cart, now=now)
    told = {"cart": shop.cart, "was": before.key}
    record(connection, Entry(shop.merchant_id, by, "shop.revive", shop.key, detail=told))
    return Proven(before.id, before.key)


def refuse_another(key: str, standing: AccountStanding, account: CartAccount) -> None:
    """Refuse to move a shop that has orders: they would be told to another shop of the cart.

    Raises: BrokenRule.
    """
    if standing.has_history and standing.account not in {None, account.name}:
        raise BrokenRule(
            f"{key} is the {account.cart} shop {standing.account} and has its orders, and these"
            f" are the credentials of {account.name}: add it as a shop of its own"
        )


def _refresh_token(tools: TokenTools, shop: Shop) -> str | None:
    database: Engine = tools.database
    with database.begin() as connection:
        stored = load_tokens(connection, shop.id, tools.box)
    return stored.refresh_token if stored is not None else None
