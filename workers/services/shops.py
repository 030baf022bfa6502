"""Merchants and their shops: added, changed, stopped by the kill switch, removed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from adapters.postgres.access.audit import Entry, record
from adapters.postgres.engine import pauses
from adapters.postgres.orders import import_tasks
from adapters.postgres.shops import (
    accounts,
    lock_outs,
    merchants,
    removals,
    revivals,
    robots,
    shops,
)
from adapters.postgres.shops.secrets import SecretBox
from adapters.postgres.shops.shops import NewShop
from adapters.postgres.shops.tokens import store_tokens
from adapters.postgres.views.shops import ShopRef
from domain.actions import Action
from domain.carts.accounts import CartAccount, account_at, refuse_taken
from domain.carts.cart import Cart
from domain.errors import BrokenRule
from workers.calls.accounts import refuse_another
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


@dataclass(frozen=True, slots=True)
class AddedShop:
    """What became of a wish. `revived`: the key a shop had that is back now; None = a new shop."""

    id: int
    revived: str | None = None


def add_shop(
    connection: Connection, actor: Actor, box: SecretBox, wish: ShopWish, now: datetime
) -> AddedShop:
    """Add a shop with every robot of its cart, switched on; one that was removed comes back.

    Raises:
        AccountTaken: another shop is on the same account of the cart (STK-8).
        BrokenRule: the merchant has a shop of that key.
    """
    new = NewShop(
        merchant_id=actor.merchant_id,
        key=wish.key,
        cart=wish.cart,
        name=wish.name,
        credentials=wish.secrets.credentials,
        api_url=wish.api_url,
        auth_url=wish.auth_url,
        tokens=wish.secrets.tokens,
    )
    account = account_of(new)
    before = None
    if account is not None:
        accounts.lock_account(connection, account)
        holder = accounts.live_holder(connection, account)
        refuse_taken(account, holder, merchant_id=actor.merchant_id)
        before = accounts.removed_holder(connection, account, actor.merchant_id)
    if before is not None:
        revivals.revive_shop(connection, before.id, new, box, now)
        actor.did(connection, "shop.revive", new.key, cart=new.cart, name=new.name, was=before.key)
        return AddedShop(before.id, before.key)
    shop_id = shops.add_shop(connection, new, box, now)
    if account is not None:
        accounts.note_account(connection, shop_id, account)
    authorized = new.tokens is not None
    actor.did(connection, "shop.add", new.key, cart=new.cart, name=new.name, authorized=authorized)
    return AddedShop(shop_id)


def account_of(new: NewShop) -> CartAccount | None:
    """Return the account the credentials name; BASE's name none, so the cart has to tell it."""
    if new.cart is Cart.BASE:
        return None
    return account_at(new.cart, shops.addresses(new)["api_url"], new.credentials["shop_id"])


@dataclass(frozen=True, slots=True)
class ShopChange:
    """What a person changes of a shop.

    Attributes:
        values: checked settings by column.
        account: what the cart told of a BASE shop whose tokens or address change, if it was asked.
    """

    values: Mapping[str, object]
    secrets: Secrets | None = None
    account: CartAccount | None = None


def change_shop(
    connection: Connection,
    actor: Actor,
    shop: ShopRef,
    wish: ShopChange,
    *,
    box: SecretBox,
    now: datetime,
) -> None:
    """Change settings of a shop, and its credentials.

    Raises: AccountTaken, BrokenRule: the shop would be on another account than its orders are of.
    """
    _settle_account(connection, actor, shop, wish)
    shops.set_values(connection, shop.id, wish.values)
    if wish.values.get("import_partly_cancelled"):  # the next run imports them (IMP-5)
        import_tasks.look_now(connection, shop.id)
    if wish.secrets is not None:
        shops.replace_credentials(connection, shop.id, wish.secrets.credentials, box)
        if wish.secrets.tokens:
            store_tokens(connection, shop.id, wish.secrets.tokens, now, box)
    replaced = wish.secrets is not None
    actor.did(connection, "shop.set", shop.key, **wish.values, credentials_replaced=replaced)


def _settle_account(connection: Connection, actor: Actor, shop: ShopRef, wish: ShopChange) -> None:
    """Judge whose shop it is with other credentials or at another address (STK-8)."""
    standing = accounts.lock_standing(connection, shop.id)
    if standing is None:
        raise BrokenRule(f"shop {shop.key} was removed meanwhile")
    api_url = str(wish.values.get("api_url", standing.api_url))
    moves = api_url != standing.api_url
    account = wish.account
    if shop.cart is Cart.BASE:
        if account is None and not (moves or (wish.secrets and wish.secrets.tokens)):
            return
        if account is None:
            # The cart is asked before the next run; with orders it has to be asked first.
            if standing.has_history:
                raise BrokenRule(f"shop {shop.key} was changed meanwhile: try again")
            accounts.forget_account(connection, shop.id)
            return
    else:
        told = wish.secrets.credentials["shop_id"] if wish.secrets else standing.account
        if told is None:
            return
        account = account_at(shop.cart, api_url, told)
    refuse_another(shop.key, standing, account)
    accounts.lock_account(connection, account)
    holder = accounts.live_holder(connection, account, but=shop.id)
    refuse_taken(account, holder, merchant_id=actor.merchant_id)
    accounts.note_account(connection, shop.id, account)


def park_shop(
    connection: Connection, actor: Actor, shop: ShopRef, action: Action | None, *, parked: bool
) -> None:
    """Turn the kill switch of a shop, or of one of its actions, on or off (CLS-5).

    Off, it also ends whatever wait the cart asked for (CLS-9), and a shop whose credentials are
    refused is probed at once (CLS-10).
    """
    robots.park(connection, shop.id, action, parked=parked)
    if not parked:
        pauses.try_now(connection, shop.id)
        lock_outs.probe_now(connection, shop.id)
    what = "shop.park" if parked else "shop.unpark"
    actor.did(connection, what, shop.key, action=action)


def remove_shop(
    connection: Connection, actor: Actor, shop: ShopRef, box: SecretBox, *, abandon: bool
) -> removals.OpenWork:
    """Remove a shop: its runs stop, its secrets are erased, its orders stay; returns what was open.

    Args: abandon: give up what is open; the actor's reason says why.
    Raises: BrokenRule: something is open, or the shop was removed meanwhile.
    """
    left = removals.stop_and_count(connection, shop.id)
    if left is None:
        raise BrokenRule(f"shop {shop.key} was removed meanwhile")
    if left and not abandon:
        raise BrokenRule(
            f"shop {shop.key} has open work: {counted(left)}; finish it (a parked shop begins"
            " nothing new), or give it up with --abandon --reason TEXT"
        )
    removals.remove_shop(connection, shop.id, box)
    actor.did(connection, "shop.remove", shop.key, abandoned=asdict(left))
    return left


def counted(left: removals.OpenWork) -> str:
    """Return what is open in a shop, in words."""
    told = {
        "runs under way": left.runs,
        "orders waiting for shipment": left.waiting,
        "orders shipped that the cart does not know": left.unreturned,
        "calls whose outcome is not known": left.effects,
    }
    return ", ".join(f"{what}: {count}" for what, count in told.items() if count)


def reseal(connection: Connection, who: str, box: SecretBox) -> int:
    """Encrypt all credentials with the first key and return how many shops have some.

    Raises: UnreadableSecret.
    """
    count = shops.reseal(connection, box)
    record(connection, Entry(None, who, "db.reseal", "all shops", detail={"shops": count}))
    return count
