"""Shops as people see them: never with credentials."""

from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.orders.statuses import UNRETURNED
from adapters.postgres.statement import Statement
from domain.carts.cart import Cart


@dataclass(frozen=True, slots=True)
class ShopRef:
    """Just enough of a shop to change what belongs to it, without opening its credentials.

    Attributes: account: the cart's own id of the shop; None until the cart has told it.
    """

    id: int
    key: str
    cart: Cart
    account: str | None = None


_LIST = Statement[dict[str, object]](f"""
select s.key, s.name, s.cart, m.key as merchant, s.account, s.api_url, s.auth_url,
       cast(s.calls_per_second as float8) as calls_per_second, s.in_flight, s.default_method,
       s.overlap_s, s.split_by, s.import_partly_cancelled, s.ship_dates, s.parked,
       array(select r.action from robots r where r.shop_id = s.id and r.parked order by r.id)
         as parked_actions,
       s.cart <> 'thebase' or s.tokens is not null as authorized,
       (select count(*) from instructions i where i.shop_id = s.id and {UNRETURNED}) as unreturned,
       s.auth_failed_at, s.lost_time_at, p.since as unserved_since, p.why as unserved_why,
       p.reason as unserved_reason,
       case when s.auth_failed_at is not null then l.probe_at else p.until end as next_probe_at,
       s.access_expires_at, s.refresh_expires_at, s.created_at,
       s.removed_at
  from shops s join merchants m on m.id = s.merchant_id
  left join lock_outs l on l.shop_id = s.id
  left join shop_pauses p on p.shop_id = s.id and p.ended_at is null
 where s.merchant_id = :merchant_id and (s.removed_at is not null) = :removed
   and (cast(:key as text) is null or s.key = :key)
 order by s.key, s.removed_at
""")

_REFERENCE = Statement[ShopRef]("""
select id, key, cart, account from shops
 where merchant_id = :merchant_id and key = :key and removed_at is null
""")

_KNOWN = Statement[bool](
    "select exists (select from shops where merchant_id = :merchant_id and key = :key)"
)

_UNAUTHORISED = Statement[dict[str, object]]("""
select m.key as merchant, s.key as shop, s.auth_failed_at, l.probe_at, s.refresh_expires_at,
       coalesce(l.refusal = 'incident', false) as incident,
       s.cart = 'thebase' and s.tokens is null as never
  from shops s join merchants m on m.id = s.merchant_id left join lock_outs l on l.shop_id = s.id
 where s.removed_at is null
   and (s.auth_failed_at is not null
        or s.cart = 'thebase'
           and (s.tokens is null or s.refresh_expires_at < now() + make_interval(days => :days)))
 order by m.key, s.key
""")

_UNSERVED = Statement[dict[str, object]]("""
select s.key as shop, p.since, p.until, p.reason
  from shop_pauses p join shops s on s.id = p.shop_id
 where p.ended_at is null and s.removed_at is null
 order by p.since, s.key
""")

_CARRIERS = Statement[dict[str, object]]("""
select s.key as shop, c.method, c.carrier, c.checked
  from carriers c join shops s on s.id = c.shop_id
 where s.merchant_id = :merchant_id and s.removed_at is null
   and (cast(:shop as text) is null or s.key = :shop)
 order by s.key, c.method
""")


def list_shops(
    connection: Connection, merchant_id: int, key: str | None = None, *, removed: bool = False
) -> list[dict[str, object]]:
    """Return a merchant's shops, or the one of that key. Args: removed: those that were instead."""
    return _LIST.all(connection, merchant_id=merchant_id, key=key, removed=removed)


def refer(connection: Connection, merchant_id: int, key: str) -> ShopRef | None:
    """Return a shop that was not removed."""
    return _REFERENCE.first(connection, merchant_id=merchant_id, key=key)


def known(connection: Connection, merchant_id: int, key: str) -> bool:
    """Tell whether the merchant has or had a shop of that key."""
    return _KNOWN.one(connection, merchant_id=merchant_id, key=key)


def needing_authorisation(connection: Connection, days: int) -> list[dict[str, object]]:
    """Return shops of all merchants whose authorisation failed, is missing or ends within days."""
    return _UNAUTHORISED.all(connection, days=days)


def unserved(connection: Connection) -> list[dict[str, object]]:
    """Return the shops of all merchants that their cart does not serve for now (CLS-9)."""
    return _UNSERVED.all(connection)


def list_carriers(
    connection: Connection, merchant_id: int, shop: str | None = None
) -> list[dict[str, object]]:
    """Return which carrier a delivery method means in a merchant's shops (RET-6)."""
    return _CARRIERS.all(connection, merchant_id=merchant_id, shop=shop)
