"""A shop's cart called for a person: to authorise it, to prove its credentials, to list its items.

No transaction is open while a cart is called.
"""

import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from redis import Redis
from sqlalchemy import Connection, Engine

from adapters.http.deadline import build_client
from adapters.postgres.engine import pauses
from adapters.postgres.shops import accounts, lock_outs
from adapters.postgres.shops.shops import Shop, load_shop
from adapters.postgres.shops.tokens import REFRESH_TOKEN_LIFE, Tokens, store_tokens
from adapters.postgres.views.shops import ShopRef
from adapters.redis.connections import open_redis
from adapters.redis.token_stash import TokenStash
from adapters.thebase.oauth import OAuthClient
from domain.carts.accounts import CartAccount, account_at
from domain.carts.cart import Cart
from domain.carts.listings import Listing
from domain.carts.ports import ExternalItem, ShopIdentity
from domain.errors import AuthenticationFailed, BrokenRule, Postponed, SyncError, Transient
from workers.calls.accounts import Proven, settle
from workers.calls.interactive import open_shop_cart
from workers.places import redis_url, secret_box
from workers.services.actors import Actor
from workers.services.shops import ShopChange
from workers.settings import Settings


@dataclass(frozen=True, slots=True)
class Authorised:
    """What a consent led to.

    Attributes:
        ends: until when the tokens can be refreshed.
        account: the cart's own id of the shop; None = it could not be asked yet.
        was: the key of the removed shop that is back; None = it is no such.
    """

    ends: datetime
    account: str | None
    was: str | None


class GivenTokens:
    """Implements domain.carts.ports.TokenStore with tokens that are stored nowhere yet."""

    def __init__(self, tokens: Tokens, shop: Shop, now: datetime) -> None:
        """Args: shop: whose address and credentials refresh them, should they have ended."""
        self.tokens = tokens
        self._shop = shop
        self._now = now

    def access_token(self) -> str:
        """See TokenStore.access_token."""
        return self.tokens.access_token

    def renew(self, refused: str) -> str:
        """See TokenStore.renew."""
        del refused
        with _oauth(self._shop) as client:
            answer = client.refresh(self.tokens.refresh_token)
        ends = self._now + timedelta(seconds=answer.expires_in_s)
        self.tokens = Tokens(answer.access_token, answer.refresh_token, ends)
        return answer.access_token


def authorise_url(settings: Settings, engine: Engine, ref: ShopRef) -> str:
    """Return where the owner of a BASE shop consents. Raises UnreadableSecret."""
    with _oauth(opened_shop(settings, engine, ref.id)) as client:
        return client.authorize_url(secrets.token_urlsafe(16))


def exchange_code(
    settings: Settings, engine: Engine, actor: Actor, ref: ShopRef, code: str, *, now: datetime
) -> Authorised:
    """Take the tokens a consent gave, once the cart has told whose shop they are for (STK-8).

    A code works once, so a shop without orders keeps its tokens also where the cart cannot be
    asked for now: its first run asks.

    Raises:
        AccountTaken, BrokenRule: they are for a shop that another one is on, or for another shop
            than the one whose orders are here; nothing is stored.
        Rejected: the code is wrong, used or too old.
        Postponed: the cart is closed for maintenance; the code is still good.
    """
    shop = opened_shop(settings, engine, ref.id)
    with _oauth(shop) as client:
        answer = client.exchange_code(code)
    ends = now + timedelta(seconds=answer.expires_in_s)
    given = GivenTokens(Tokens(answer.access_token, answer.refresh_token, ends), shop, now)
    try:
        account = _account_of(settings, engine, shop, given)
    except (Postponed, Transient) as error:
        with engine.begin() as connection:
            _keep_unproven(connection, actor, shop, error)
            store_tokens(connection, ref.id, given.tokens, now, secret_box(settings))
        return Authorised(now + REFRESH_TOKEN_LIFE, None, None)
    with engine.begin() as connection:
        store_tokens(connection, ref.id, given.tokens, now, secret_box(settings))
        proven = _settled(settings, connection, actor, shop, account, now=now)
        actor.did(connection, "shop.authorize", ref.key, account=account.name)
    return Authorised(now + REFRESH_TOKEN_LIFE, account.name, proven.was)


def _keep_unproven(connection: Connection, actor: Actor, shop: Shop, error: SyncError) -> None:
    """Have the cart asked before the next run whose tokens a shop has, which it cannot be now.

    Raises: BrokenRule: the shop has orders, which workers would look for in the other shop at once.
    """
    standing = accounts.lock_standing(connection, shop.id)
    if standing is None:
        raise BrokenRule(f"shop {shop.key} was removed meanwhile")
    if standing.has_history:
        raise BrokenRule(
            f"{error}; nothing is stored, since the shop has orders and nobody knows whose tokens"
            " these are: the code is used up, have the owner consent once more"
        ) from error
    accounts.forget_account(connection, shop.id)
    actor.did(connection, "shop.authorize", shop.key, account=None)


def try_connection(
    settings: Settings, engine: Engine, actor: Actor, ref: ShopRef, now: datetime
) -> ShopIdentity:
    """Call the cart once and return who it says we are; remembers what became of it (CLS-3, STK-8).

    Raises: AccountTaken, BrokenRule: the shop is not the one it is taken for.
    """
    shop = opened_shop(settings, engine, ref.id)
    with open_shop_cart(settings, engine, shop) as cart:
        try:
            told = cart.test_connection()
        except AuthenticationFailed as error:
            with engine.begin() as connection:
                lock_outs.lock_out(connection, ref.id, own=error.own)
            raise
    with engine.begin() as connection:
        lock_outs.readmit(connection, ref.id)
        pauses.end(connection, ref.id)
        account = account_at(shop.cart, shop.api_url, told.account)
        _settled(settings, connection, actor, shop, account, now=now)
    return told


def proven_account(
    settings: Settings, engine: Engine, ref: ShopRef, wish: ShopChange, now: datetime
) -> ShopChange:
    """Return a change of a BASE shop with the account the cart tells for it, if it has to be asked.

    The cart is asked before tokens or another address are stored for a shop that has orders: a
    worker may use them at once (STK-8). Others are asked before their next run.
    """
    shop = opened_shop(settings, engine, ref.id)
    tokens = wish.secrets.tokens if wish.secrets else None
    if shop.cart is not Cart.BASE or not (tokens or "api_url" in wish.values):
        return wish
    with engine.begin() as connection:
        if shop.account is None or not accounts.has_history(connection, shop.id):
            return wish
    moved = replace(shop, api_url=str(wish.values.get("api_url", shop.api_url)))
    if wish.secrets is not None:
        moved = replace(moved, credentials=wish.secrets.credentials)
    given = GivenTokens(tokens, moved, now) if tokens else None
    account = _account_of(settings, engine, moved, given)
    if wish.secrets is not None and given is not None:
        wish = replace(wish, secrets=replace(wish.secrets, tokens=given.tokens))
    return replace(wish, account=account)


def _account_of(
    settings: Settings, engine: Engine, shop: Shop, given: GivenTokens | None
) -> CartAccount:
    """Return whose tokens these are, the stored ones or those given."""
    with open_shop_cart(settings, engine, shop, tokens=given) as cart:
        return account_at(shop.cart, shop.api_url, cart.test_connection().account)


def _settled(
    settings: Settings,
    connection: Connection,
    actor: Actor,
    shop: Shop,
    account: CartAccount,
    *,
    now: datetime,
) -> Proven:
    redis: Redis = open_redis(redis_url(settings))
    try:
        return settle(connection, shop, account, TokenStash(redis), by=actor.name, now=now)
    finally:
        redis.close()


def list_carriers_of(settings: Settings, engine: Engine, ref: ShopRef) -> dict[str, str]:
    """Return the carriers the shop's cart knows: code by name."""
    with open_shop_cart(settings, engine, opened_shop(settings, engine, ref.id)) as cart:
        return cart.carriers()


def list_items(settings: Settings, engine: Engine, ref: ShopRef) -> list[Listing[ExternalItem]]:
    """Return everything the shop offers, page by page."""
    with open_shop_cart(settings, engine, opened_shop(settings, engine, ref.id)) as cart:
        return list(cart.list_stock())


def read_items(
    settings: Settings, engine: Engine, shop_id: int, items: Collection[str]
) -> list[Listing[ExternalItem]]:
    """Return what a shop shows for some of its items."""
    with open_shop_cart(settings, engine, opened_shop(settings, engine, shop_id)) as cart:
        return list(cart.read_stock(items))


def opened_shop(settings: Settings, engine: Engine, shop_id: int) -> Shop:
    """Return the shop with its credentials. Raises UnreadableSecret."""
    with engine.begin() as connection:
        shop = load_shop(connection, shop_id, secret_box(settings))
    if shop is None:
        raise LookupError(f"no shop of id {shop_id}")
    return shop


@contextmanager
def _oauth(shop: Shop) -> Iterator[OAuthClient]:
    with build_client() as http:
        yield OAuthClient(
            http,
            base_url=shop.auth_url,
            client_id=shop.credentials["client_id"],
            client_secret=shop.credentials["client_secret"],
            redirect_uri=shop.credentials["redirect_uri"],
        )
