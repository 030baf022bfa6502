"""Calls to a cart that a person asked for at the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from adapters.postgres.shops.shops import Shop, find_shop
from console.failures import Failed
from console.session import Session
from domain.carts.ports import StockTarget, TestsConnection
from workers.places import secret_box


class ShopCart(StockTarget, TestsConnection, Protocol):
    """What both carts can do."""


def shop_with_secrets(session: Session, key: str) -> Shop:
    """Return a shop with its credentials. Raises Failed when there is none."""
    with session.work() as (connection, _):
        found = find_shop(connection, session.merchant_key, key, secret_box(session.settings))
    if found is None:
        raise Failed(f"no shop {key}: see `renkei shop list`")
    return found


@contextmanager
def open_cart_of(session: Session, key: str) -> Iterator[tuple[Shop, ShopCart]]:
    """Open the client of a shop's cart; no transaction is open while it is called."""
    from workers.calls.interactive import open_shop_cart  # noqa: PLC0415 -- an HTTP client is slow to import

    shop = shop_with_secrets(session, key)
    with open_shop_cart(session.settings, session.engine, shop) as cart:
        yield shop, cart
