"""Merchants and their shops: added, changed, stopped by the kill switch, removed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from adapters.postgres.access.audit import Entry, record
from adapters.postgres.engine import pauses
from adapters.postgres.orders import import_tasks
from adapters.postgres.shipments import carriers
from adapters.postgres.shops import merchants, robots, shops
from adapters.postgres.shops.secrets import SecretBox
from adapters.postgres.shops.tokens import store_tokens
from adapters.postgres.views.shops import ShopRef
from domain.actions import Action
from domain.carts.cart import Cart
from workers.services.actors import Actor
from workers.services.credentials import Secrets


@dataclass(frozen=True, slots=True)
class ShopWish:
    """A shop to be added. `api_url`, `auth_url`: None = the cart's own, the same as `api_url`."""

    key: str
    cart: Cart
    name: str
    secrets: Secrets = field(repr=False)
    api_url: str | None = None
    auth_url: str | None = None


def add_merchant(connection: Connection, who: str, key: str, name: str) -> int:
    """Add a merchant and return its id. Raises BrokenRule when the key is taken."""
    made = merchants.add_merchant(connection, key, name)
    Actor(made, who).did(connection, "merchant.add", key, name=name)
    return made


def add_shop(
    connection: Connection, actor: Actor, box: SecretBox, wish: ShopWish, now: datetime
) -> int:
    """Add a shop with every robot of its cart, switched on, and return its id.

    Raises: BrokenRule when the merchant has a shop of that key.
    """
    new = shops.NewShop(
        merchant_id=actor.merchant_id,
        key=wish.key,
        cart=wish.cart,
        name=wish.name,
        credentials=wish.secrets.credentials,
        api_url=wish.api_url,
        auth_url=wish.auth_url,
        tokens=wish.secrets.tokens,
    )
    shop_id = shops.add_shop(connection, new, box, now)
    authorized = wish.secrets.tokens is not None
    actor.did(
        connection, "shop.add", wish.key, cart=wish.cart, name=wish.name, authorized=authorized
    )
    return shop_id


def change_shop(
    connection: Connection,
    actor: Actor,
    shop: ShopRef,
    values: Mapping[str, object],
    secrets: tuple[Secrets, SecretBox, datetime] | None = None,
) -> None:
    """Change settings of a shop, and its credentials.

    Args:
        values: checked ones by column.
        secrets: the new ones, the box they are kept in, and now.
    """
    shops.set_values(connection, shop.id, values)
    if values.get("import_partly_cancelled"):  # the next run imports them (IMP-5)
        import_tasks.look_now(connection, shop.id)
    if secrets is not None:
        given, box, now = secrets
        shops.replace_credentials(connection, shop.id, given.credentials, box)
        if given.tokens:
            store_tokens(connection, shop.id, given.tokens, now, box)
    actor.did(connection, "shop.set", shop.key, **values, credentials_replaced=secrets is not None)


def park_shop(
    connection: Connection, actor: Actor, shop: ShopRef, action: Action | None, *, parked: bool
) -> None:
    """Turn the kill switch of a shop, or of one of its actions, on or off (CLS-5).

    Off, it also ends whatever wait the cart asked for (CLS-9).
    """
    robots.park(connection, shop.id, action, parked=parked)
    if not parked:
        pauses.try_now(connection, shop.id)
    what = "shop.park" if parked else "shop.unpark"
    actor.did(connection, what, shop.key, action=action)


def remove_shop(connection: Connection, actor: Actor, shop: ShopRef, box: SecretBox) -> None:
    """Remove a shop: its runs stop, its secrets are erased, its orders stay."""
    shops.remove_shop(connection, shop.id, box)
    actor.did(connection, "shop.remove", shop.key)


def set_carrier(
    connection: Connection, actor: Actor, shop: ShopRef, method: str, carrier: str
) -> None:
    """Translate a delivery method of a shop to a carrier of its cart (RET-6)."""
    carriers.set_carrier(connection, shop.id, method, carrier)
    actor.did(connection, "method.set", shop.key, method=method, carrier=carrier)


def remove_carrier(connection: Connection, actor: Actor, shop: ShopRef, method: str) -> bool:
    """Forget a translation; False when there was none."""
    if not carriers.remove_carrier(connection, shop.id, method):
        return False
    actor.did(connection, "method.remove", shop.key, method=method)
    return True


def reseal(connection: Connection, who: str, box: SecretBox) -> int:
    """Encrypt all credentials with the first key and return how many shops have some.

    Raises: UnreadableSecret.
    """
    count = shops.reseal(connection, box)
    record(connection, Entry(None, who, "db.reseal", "all shops", detail={"shops": count}))
    return count
