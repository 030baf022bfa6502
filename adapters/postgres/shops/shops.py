"""Shops (店舗) with their credentials, which are encrypted at rest; what people change of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection

from adapters.postgres.orders.rules import add_standard_rules
from adapters.postgres.shops.robots import add_robots
from adapters.postgres.shops.secrets import SecretBox
from adapters.postgres.shops.tokens import Tokens, store_tokens
from adapters.postgres.statement import Statement, made_of
from domain.actions import Action
from domain.carts.cart import Cart, limits_of
from domain.carts.shop_settings import ShipDates, SplitBy
from domain.errors import BrokenRule
from domain.orders.conversion import FREE_SHIPPING

# docs/carts.md: base addresses, read 2026-11.
DEFAULT_API_URLS: Mapping[Cart, str] = {
    Cart.SHOPSERVE: "https://management.api.shopserve.jp/v2",
    Cart.BASE: "https://api.thebase.in",
}
# IMP-11: what fills a blank delivery method.
DEFAULT_METHODS: Mapping[Cart, str | None] = {Cart.SHOPSERVE: None, Cart.BASE: FREE_SHIPPING}


@dataclass(frozen=True, slots=True)
class Shop:
    """One shop as workers and commands need it.

    Attributes:
        account: the cart's own id of the shop; None until the cart has told it (STK-8).
        credentials: ShopServe `shop_id`, `manager_key`; BASE `client_id`, `client_secret`,
            `redirect_uri`.
        calls_per_second: most calls a second; below 1 for slower.
        in_flight: most calls at a time.
        default_method: what fills a blank delivery method (IMP-11); None = nothing does.
        overlap_s: seconds before the cursor that are read again (IMP-4).
        import_partly_cancelled: also take over BASE orders with cancelled lines (IMP-5).
        parked_actions: actions whose kill switch is on; the shop's own is `parked`.
        enabled_actions: actions whose robot is switched on.
        auth_failed_at: when the cart refused the credentials, None while they work.
        lost_time: the database was set back, and the cart was not read since: nothing is sent.
        removed: a person removed it; nothing is done for it any more.
    """

    id: int
    merchant_id: int
    key: str
    cart: Cart
    name: str
    api_url: str
    auth_url: str
    account: str | None
    credentials: dict[str, str] = field(repr=False)
    calls_per_second: float
    in_flight: int
    default_method: str | None
    overlap_s: int
    split_by: SplitBy
    import_partly_cancelled: bool
    ship_dates: ShipDates
    parked: bool
    parked_actions: frozenset[Action]
    enabled_actions: frozenset[Action]
    auth_failed_at: datetime | None
    lost_time: bool
    removed: bool


@dataclass(frozen=True, slots=True)
class NewShop:
    """What a person tells of a shop when adding it.

    Attributes:
        api_url, auth_url: None = the cart's own, and the same as `api_url`.
        tokens: of a BASE shop that is authorised already.
    """

    merchant_id: int
    key: str
    cart: Cart
    name: str
    credentials: Mapping[str, str] = field(repr=False)
    api_url: str | None = None
    auth_url: str | None = None
    tokens: Tokens | None = None


_LOAD = Statement[dict[str, Any]]("""
select s.id, s.merchant_id, s.key, s.cart, s.name, s.api_url, s.auth_url,
       s.account, s.credentials, s.calls_per_second, s.in_flight, s.default_method, s.overlap_s,
       s.split_by, s.import_partly_cancelled, s.ship_dates, s.parked,
       s.auth_failed_at, s.lost_time_at is not null as lost_time,
       s.removed_at is not null as removed,
       array(select r.action from robots r where r.shop_id = s.id and r.parked) as parked_actions,
       array(select r.action from robots r where r.shop_id = s.id and r.enabled) as enabled_actions
from shops s
where s.id = :shop_id
""")


def load_shop(connection: Connection, shop_id: int, box: SecretBox) -> Shop | None:
    """Return a shop by id, removed ones too. Raises UnreadableSecret."""
    row = _LOAD.first(connection, shop_id=shop_id)
    if row is None:
        return None
    return made_of(Shop, {**row, "credentials": box.open(row["credentials"])})


_ADD = Statement[int]("""
insert into shops
       (merchant_id, key, cart, name, api_url, auth_url, credentials, calls_per_second, in_flight,
        default_method, created_at)
values (:merchant_id, :key, :cart, :name, :api_url, :auth_url, :credentials, :calls_per_second,
        :in_flight, :default_method, :now)
on conflict do nothing
returning id
""")
_ADD_LANE = Statement[None]("insert into lanes (shop_id) values (:shop_id) on conflict do nothing")
_CLEAR = Statement[None]("""
update shops set auth_failed_at = null where id = :shop_id and auth_failed_at is not null
""")


def addresses(new: NewShop) -> dict[str, str]:
    """Return the addresses of a shop that is added: those given, else the cart's own."""
    api_url = new.api_url or DEFAULT_API_URLS[new.cart]
    return {"api_url": api_url, "auth_url": new.auth_url or api_url}


def fresh_settings(cart: Cart) -> dict[str, object]:
    """Return the settings a fresh shop has by its cart; the others are the same for all."""
    limits = limits_of(cart)
    return {
        "calls_per_second": limits.per_second,
        "in_flight": limits.in_flight,
        "default_method": DEFAULT_METHODS[cart],
    }


def add_shop(connection: Connection, new: NewShop, box: SecretBox, now: datetime) -> int:
    """Add a shop with the robots and rules of its cart, all switched on, and return its id.

    Raises: BrokenRule when the merchant has a shop of that key.
    """
    shop_id = _ADD.first(
        connection,
        new,
        **addresses(new),
        **fresh_settings(new.cart),
        credentials=box.seal(new.credentials),
        now=now,
    )
    if shop_id is None:
        raise known_key(new)
    add_robots(connection, shop_id, new.cart, now)
    add_standard_rules(connection, shop_id, new.cart)
    _ADD_LANE.run(connection, shop_id=shop_id)
    if new.tokens is not None:
        store_tokens(connection, shop_id, new.tokens, now, box)
    return shop_id


def known_key(new: NewShop) -> BrokenRule:
    """Return the refusal of a key that one of the merchant's shops has."""
    return BrokenRule(f"shop {new.key} exists already")


def clear_auth_failed(connection: Connection, shop_id: int) -> None:
    """Forget a refusal: the credentials work again, or there are new ones."""
    _CLEAR.run(connection, shop_id=shop_id)


_REPLACE = Statement[None]("""
update shops set credentials = :credentials, auth_failed_at = null where id = :shop_id
""")
_LOCK_SECRETS = Statement[tuple[int, bytes, bytes | None]](
    "select id, credentials, tokens from shops for update"
)
_RESEAL = Statement[None]("""
update shops set credentials = :credentials, tokens = :tokens where id = :id
""")


@cache
def _set(names: tuple[str, ...]) -> Statement[None]:
    columns = ", ".join(f"{name} = :{name}" for name in names)
    return Statement[None](f"update shops set {columns} where id = :shop_id")


def set_values(connection: Connection, shop_id: int, values: Mapping[str, object]) -> None:
    """Change columns of a shop; the caller has checked names and values."""
    if values:
        _set(tuple(values)).run(connection, shop_id=shop_id, **values)


def replace_credentials(
    connection: Connection, shop_id: int, credentials: Mapping[str, str], box: SecretBox
) -> None:
    """Store new credentials; whatever the cart refused before is forgotten."""
    _REPLACE.run(connection, shop_id=shop_id, credentials=box.seal(credentials))


def reseal(connection: Connection, box: SecretBox) -> int:
    """Encrypt everything stored with the first key. Raises UnreadableSecret.

    Returns: shops whose secrets were written again.
    """
    rows = _LOCK_SECRETS.all(connection)
    for shop_id, credentials, tokens in rows:
        resealed = None if tokens is None else box.reseal(tokens)
        _RESEAL.run(connection, id=shop_id, credentials=box.reseal(credentials), tokens=resealed)
    return len(rows)
