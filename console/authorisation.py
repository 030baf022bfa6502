"""Authorising a BASE shop by hand, and proving any shop's credentials."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from adapters.http.deadline import build_client
from adapters.postgres.shops.shops import Shop, clear_auth_failed, mark_auth_failed
from adapters.postgres.shops.tokens import REFRESH_TOKEN_LIFE, Tokens, store_tokens
from adapters.thebase.oauth import OAuthClient
from console.cart_calls import open_cart_of, shop_with_secrets
from console.failures import Wrong
from console.session import Session
from domain.carts.cart import Cart
from domain.errors import AuthenticationFailed
from workers.places import secret_box


def authorise_url(session: Session, key: str) -> str:
    """Return where the shop's owner consents. Raises Wrong for a cart without consent."""
    with _client(_base_shop(session, key)) as client:
        return client.authorize_url(secrets.token_urlsafe(16))


def exchange(session: Session, key: str, code: str) -> datetime:
    """Take the tokens a consent gave, and return until when they can be refreshed.

    Raises:
        Rejected: the code is wrong, used or too old.
        Postponed: the cart is closed for maintenance; the code is still good.
    """
    shop = _base_shop(session, key)
    with _client(shop) as client:
        answer = client.exchange_code(code)
    now = session.now()
    tokens = Tokens(
        answer.access_token, answer.refresh_token, now + timedelta(seconds=answer.expires_in_s)
    )
    with session.work() as (connection, merchant_id):
        store_tokens(connection, shop.id, tokens, now, secret_box(session.settings))
        session.audit(connection, merchant_id, "shop.authorize", key)
    return now + REFRESH_TOKEN_LIFE


def try_connection(session: Session, key: str) -> str:
    """Call the cart once and return the name it gives; remembers what became of it (CLS-3)."""
    with open_cart_of(session, key) as (shop, cart):
        try:
            name = cart.test_connection()
        except AuthenticationFailed:
            with session.transaction() as connection:
                mark_auth_failed(connection, shop.id, session.now())
            raise
    with session.transaction() as connection:
        clear_auth_failed(connection, shop.id)
    return name


def _base_shop(session: Session, key: str) -> Shop:
    shop = shop_with_secrets(session, key)
    if shop.cart is not Cart.BASE:
        raise Wrong(f"{key} is a {shop.cart} shop: it needs no authorisation, only its secrets")
    return shop


@contextmanager
def _client(shop: Shop) -> Iterator[OAuthClient]:
    with build_client() as http:
        yield OAuthClient(
            http,
            base_url=shop.auth_url,
            client_id=shop.credentials["client_id"],
            client_secret=shop.credentials["client_secret"],
            redirect_uri=shop.credentials["redirect_uri"],
        )
