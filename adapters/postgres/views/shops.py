"""Shops as people see them: never with credentials."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from domain.carts.cart import Cart

_LIST = text("""
select s.key, s.name, s.cart, m.key as merchant, s.api_url, s.auth_url,
       cast(s.calls_per_second as float8) as calls_per_second, s.in_flight, s.default_method,
       s.overlap_s, s.parked,
       array(select r.action from robots r where r.shop_id = s.id and r.parked order by r.id)
         as parked_actions,
       s.cart <> 'thebase' or s.tokens is not null as authorized,
       s.auth_failed_at, s.access_expires_at, s.refresh_expires_at, s.created_at
  from shops s join merchants m on m.id = s.merchant_id
 where s.merchant_id = :merchant_id and s.removed_at is null
   and (cast(:key as text) is null or s.key = :key)
 order by s.key
""")

_REFERENCE = text("""
select id, key, cart from shops
 where merchant_id = :merchant_id and key = :key and removed_at is null
""")

_KNOWN = text("select 1 from shops where merchant_id = :merchant_id and key = :key limit 1")

_UNAUTHORISED = text("""
select m.key as merchant, s.key as shop, s.auth_failed_at, s.refresh_expires_at,
       s.cart = 'thebase' and s.tokens is null as never
  from shops s join merchants m on m.id = s.merchant_id
 where s.removed_at is null
   and (s.auth_failed_at is not null
        or s.cart = 'thebase'
           and (s.tokens is null or s.refresh_expires_at < now() + make_interval(days => :days)))
 order by m.key, s.key
""")


@dataclass(frozen=True, slots=True)
class ShopRef:
    """Just enough of a shop to change what belongs to it, without opening its credentials."""

    id: int
    key: str
    cart: Cart


def list_shops(
    connection: Connection, merchant_id: int, key: str | None = None
) -> list[dict[str, object]]:
    """Return a merchant's shops, or the one of that key."""
    rows = connection.execute(_LIST, {"merchant_id": merchant_id, "key": key})
    return [dict(row) for row in rows.mappings()]


def refer(connection: Connection, merchant_id: int, key: str) -> ShopRef | None:
    """Return a shop that was not removed."""
    row = connection.execute(_REFERENCE, {"merchant_id": merchant_id, "key": key}).one_or_none()
    return None if row is None else ShopRef(row.id, row.key, Cart(row.cart))


def known(connection: Connection, merchant_id: int, key: str) -> bool:
    """Tell whether the merchant has or had a shop of that key."""
    found = connection.execute(_KNOWN, {"merchant_id": merchant_id, "key": key})
    return found.one_or_none() is not None


def needing_authorisation(connection: Connection, days: int) -> list[dict[str, object]]:
    """Return shops of all merchants whose authorisation failed, is missing or ends within days."""
    rows = connection.execute(_UNAUTHORISED, {"days": days})
    return [dict(row) for row in rows.mappings()]
