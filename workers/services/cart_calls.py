"""A shop's cart called for a person: to authorise it, to prove its credentials, to list its items.

No transaction is open while a cart is called.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Engine

from adapters.http.deadline import build_client
from adapters.postgres.shops.shops import Shop, clear_auth_failed, load_shop, mark_auth_failed
from adapters.postgres.shops.tokens import REFRESH_TOKEN_LIFE, Tokens, store_tokens
from adapters.postgres.views.shops import ShopRef
from adapters.thebase.oauth import OAuthClient
from domain.carts.listings import Listing
from domain.carts.ports import ExternalItem
from domain.errors import AuthenticationFailed
from workers.calls.interactive import open_shop_cart
from workers.places import secret_box
from workers.services.actors import Actor
from workers.settings import Settings


def authorise_url(settings: Settings, engine: Engine, ref: ShopRef) -> str:
    """Return where the owner of a BASE shop consents. Raises UnreadableSecret."""
    with _oauth(opened_shop(settings, engine, ref)) as client:
        return client.authorize_url(secrets.token_urlsafe(16))


def exchange_code(
    settings: Settings, engine: Engine, actor: Actor, ref: ShopRef, code: str, *, now: datetime
) -> datetime:
    """Take the tokens a consent gave, and return until when they can be refreshed.

    Raises:
        Rejected: the code is wrong, used or too old.
        Postponed: the cart is closed for maintenance; the code is still good.
    """
    with _oauth(opened_shop(settings, engine, ref)) as client:
        answer = client.exchange_code(code)
    ends = now + timedelta(seconds=answer.expires_in_s)
    tokens = Tokens(answer.access_token, answer.refresh_token, ends)
    with engine.begin() as connection:
        store_tokens(connection, ref.id, tokens, now, secret_box(settings))
        actor.did(connection, "shop.authorize", ref.key)
    return now + REFRESH_TOKEN_LIFE


def try_connection(settings: Settings, engine: Engine, ref: ShopRef, now: datetime) -> str:
    """Call the cart once and return the name it gives; remembers what became of it (CLS-3)."""
    with open_shop_cart(settings, engine, opened_shop(settings, engine, ref)) as cart:
        try:
            name = cart.test_connection()
        except AuthenticationFailed:
            with engine.begin() as connection:
                mark_auth_failed(connection, ref.id, now)
            raise
    with engine.begin() as connection:
        clear_auth_failed(connection, ref.id)
    return name


def list_items(settings: Settings, engine: Engine, ref: ShopRef) -> list[Listing[ExternalItem]]:
    """Return everything the shop offers, page by page."""
    with open_shop_cart(settings, engine, opened_shop(settings, engine, ref)) as cart:
        return list(cart.list_stock())


class _OfId(Protocol):
    """What says which shop is meant."""

    @property
    def id(self) -> int: ...


def opened_shop(settings: Settings, engine: Engine, ref: _OfId) -> Shop:
    """Return the shop with its credentials. Raises UnreadableSecret."""
    with engine.begin() as connection:
        shop = load_shop(connection, ref.id, secret_box(settings))
    if shop is None:
        raise LookupError(f"no shop of id {ref.id}")
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
