"""Orders by what became of them, over all merchants: for the demo."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

_ORDERS = text("""
select count(*) filter (where cart = 'shopserve' and confirmed) as confirmed,
       count(*) filter (where paid and not cancelled) as paid,
       count(*) filter (where cancelled) as cancelled,
       count(*) filter (where completed) as completed
  from (select s.cart, bool_and(i.api_status <> 'awaiting_print') as confirmed,
               bool_and(i.payment = 'paid') as paid, bool_and(i.status = 'cancelled') as cancelled,
               bool_and(i.completed_at is not null) as completed
          from instructions i join shops s on s.id = i.shop_id
         group by i.shop_id, i.cart_order_key, s.cart) o
""")
_PARCELS = text("""
select count(*) from instructions i join shops s on s.id = i.shop_id
 where s.cart = 'shopserve' and i.api_status = 'tracking_returned'
""")
_EFFECTS = text("""
select count(*) filter (where kind = 'settlement') as settlements,
       count(*) filter (where kind = 'dispatch') as dispatched_lines,
       count(*) filter (where kind = 'deferred') as deferred
  from effects where state = 'confirmed'
""")


@dataclass(frozen=True, slots=True)
class OrderTotals:
    """How many cart orders, or effects of theirs, got how far."""

    confirmed: int
    paid: int
    cancelled: int
    completed: int
    shipped_parcels: int
    settlements: int
    dispatched_lines: int
    deferred: int


def order_totals(connection: Connection) -> OrderTotals:
    """Return the figures of now."""
    orders = connection.execute(_ORDERS).one()
    effects = connection.execute(_EFFECTS).one()
    return OrderTotals(
        confirmed=orders.confirmed,
        paid=orders.paid,
        cancelled=orders.cancelled,
        completed=orders.completed,
        shipped_parcels=int(connection.execute(_PARCELS).scalar_one()),
        settlements=effects.settlements,
        dispatched_lines=effects.dispatched_lines,
        deferred=effects.deferred,
    )


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order nobody has worked on. `without_method`: its destinations without a method."""

    key: str
    paid: bool
    without_method: tuple[int, ...]


_OPEN = text("""
select cart_order_key as key, bool_and(payment = 'paid') as paid,
       coalesce(array_agg(destination order by destination)
                filter (where delivery_method = ''), '{}') as without_method
  from instructions
 where shop_id = :shop_id and status in ('hold', 'awaiting_arrival', 'awaiting_shipment')
 group by 1 order by 1
""")


def open_orders(connection: Connection, shop_id: int) -> list[OpenOrder]:
    """Return a shop's open orders by key."""
    rows = connection.execute(_OPEN, {"shop_id": shop_id})
    return [OpenOrder(row.key, row.paid, tuple(row.without_method)) for row in rows]


def recalculating(connection: Connection) -> bool:
    """Tell whether secured pieces are still to be counted anew."""
    return bool(connection.execute(text("select exists (select 1 from recalculations)")).scalar())


@dataclass(frozen=True, slots=True)
class Shippable:
    """An instruction the warehouse may ship."""

    id: int
    merchant_id: int
    shop: str
    key: str
    number: str


_SHIPPABLE = text("""
select i.id, i.merchant_id, s.key as shop, i.cart_order_key as key, i.number
  from instructions i join shops s on s.id = i.shop_id
 where i.status = 'awaiting_shipment' order by i.id
""")


def shippable(connection: Connection) -> list[Shippable]:
    """Return every instruction that awaits shipment."""
    return [
        Shippable(row.id, row.merchant_id, row.shop, row.key, row.number)
        for row in connection.execute(_SHIPPABLE)
    ]
