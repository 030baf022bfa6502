"""Figures over all merchants: for one pass of every robot, for the demo, for benchmarks."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.engine.lanes import WORKING_SHOP
from adapters.postgres.orders.statuses import OPEN
from adapters.postgres.statement import Statement


@dataclass(frozen=True, slots=True)
class RunCounts:
    """How far some runs are. `calls` are those of the runs that ended."""

    runs: int
    runs_ended: int
    items: int
    items_ended: int
    calls: int

    @property
    def over(self) -> bool:
        """Whether every run has ended."""
        return self.runs_ended == self.runs


_NEWEST = Statement[int]("select coalesce(max(id), 0) from runs")
# A pending run that may not start (parked, locked out, removed) is not waited for.
_UNDER_WAY = Statement[int](f"""
select count(*) from runs r join shops s on s.id = r.shop_id
 where r.state in ('planning', 'open', 'pending') and {WORKING_SHOP}
   and not exists (select 1 from robots b
                    where b.shop_id = r.shop_id and b.action = r.action and b.parked)
""")
_ENDED = Statement[dict[str, str]]("""
select s.key as shop, r.action, r.state, r.reason from runs r join shops s on s.id = r.shop_id
 where r.id > :after and r.finished_at is not null
 order by r.id
""")
_UNSERVED = Statement[dict[str, str]]("""
select s.key as shop, r.action, p.reason
  from runs r join shops s on s.id = r.shop_id
  join shop_pauses p on p.shop_id = s.id and p.ended_at is null
 where r.finished_at is null
 order by r.id
""")
_COUNTS = Statement[RunCounts]("""
select r.*, i.*
  from (select count(*) as runs, count(finished_at) as runs_ended,
               coalesce(sum(calls), 0)::bigint as calls from runs where id = any(:ids)) r,
       (select count(*) as items, count(finished_at) as items_ended
          from run_items where run_id = any(:ids)) i
""")
_ITEMS_OF = Statement[int](
    "select count(*) from run_items where run_id = any(:ids) and state = :state"
)


def newest_run(connection: Connection) -> int:
    """Return the id of the newest run, 0 without any."""
    return _NEWEST.one(connection)


def under_way(connection: Connection) -> int:
    """Return how many runs are unfinished and not held back by a person or the credentials."""
    return _UNDER_WAY.one(connection)


def ended_runs(connection: Connection, *, after: int) -> list[dict[str, str]]:
    """Return shop, action, state and reason of the ended runs with an id above `after`."""
    return _ENDED.all(connection, after=after)


def unserved_runs(connection: Connection) -> list[dict[str, str]]:
    """Return shop, action and reason of the runs that wait for their cart to serve the shop."""
    return _UNSERVED.all(connection)


def standing(connection: Connection, run_ids: Sequence[int]) -> RunCounts:
    """Return how far these runs are."""
    return _COUNTS.one(connection, ids=list(run_ids))


def items_of(connection: Connection, run_ids: Sequence[int], state: str) -> int:
    """Return how many items of some runs ended in a state."""
    return _ITEMS_OF.one(connection, ids=list(run_ids), state=state)


@dataclass(frozen=True, slots=True)
class Totals:
    """Figures of everything in the database.

    Attributes:
        imported: cart orders that became instructions; `split` into more than one, `paid` ones.
        printed: instructions the cart was told we took, or are past that.
        told: mappings whose shop has the newest number; `equal` of them offer the free stock.
        offered: pieces the shops were told.
        failures: items and plans that failed; `repeated`: attempts beyond the first.
    """

    imported: int
    split: int
    paid: int
    instructions: int
    held: int
    cancelled: int
    printed: int
    tracking_returned: int
    completed: int
    total_yen: int
    secured: int
    told: int
    equal: int
    offered: int
    calls: int
    failures: int
    repeated: int


_TOTALS = Statement[Totals]("""
select t.*, i.*, o.*, p.*, f.*
  from (select count(*) filter (where state = 'converted') as imported from import_tasks) t,
       (select count(*) as instructions, count(*) filter (where status = 'hold') as held,
               count(*) filter (where status = 'cancelled') as cancelled,
               count(*) filter (where api_status <> 'awaiting_print') as printed,
               count(*) filter (where api_status = 'tracking_returned') as tracking_returned,
               count(completed_at) as completed,
               coalesce(sum(total_yen), 0)::bigint as total_yen
          from instructions) i,
       (select count(*) filter (where parts > 1) as split, count(*) filter (where paid) as paid
          from (select count(*) as parts, bool_and(payment = 'paid') as paid
                  from instructions group by shop_id, cart_order_key) each) o,
       (select count(*) filter (where pushed_version = wanted_version and failure = '') as told,
               count(*) filter (where s.on_hand is not null
                                  and pushed_quantity = greatest(s.on_hand - s.secured, 0))
                 as equal,
               coalesce(sum(pushed_quantity), 0)::bigint as offered
          from stock_pushes p join skus s on s.id = p.sku_id) p,
       (select (select count(*) from run_items where state = 'failed')
             + (select count(*) from runs where plan_failed) as failures,
               (select coalesce(sum(calls), 0)::bigint from runs) as calls,
               (select coalesce(sum(greatest(attempts - 1, 0)), 0)::bigint from run_items)
                 as repeated,
               (select coalesce(sum(secured), 0)::bigint from skus) as secured) f
""")


def totals(connection: Connection) -> Totals:
    """Return the figures of now."""
    return _TOTALS.one(connection)


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


_ORDER_TOTALS = Statement[OrderTotals]("""
select o.*, p.*, e.*
  from (select count(*) filter (where cart = 'shopserve' and confirmed) as confirmed,
               count(*) filter (where paid and not cancelled) as paid,
               count(*) filter (where cancelled) as cancelled,
               count(*) filter (where completed) as completed
          from (select s.cart, bool_and(i.api_status <> 'awaiting_print') as confirmed,
                       bool_and(i.payment = 'paid') as paid,
                       bool_and(i.status = 'cancelled') as cancelled,
                       bool_and(i.completed_at is not null) as completed
                  from instructions i join shops s on s.id = i.shop_id
                 group by i.shop_id, i.cart_order_key, s.cart) each) o,
       (select count(*) as shipped_parcels from instructions i join shops s on s.id = i.shop_id
         where s.cart = 'shopserve' and i.api_status = 'tracking_returned') p,
       (select count(*) filter (where kind = 'settlement') as settlements,
               count(*) filter (where kind = 'dispatch') as dispatched_lines,
               count(*) filter (where kind = 'deferred') as deferred
          from effects where state = 'confirmed') e
""")


def order_totals(connection: Connection) -> OrderTotals:
    """Return the figures of now."""
    return _ORDER_TOTALS.one(connection)


@dataclass(frozen=True, slots=True)
class UntouchedOrder:
    """An order nobody has worked on. `without_method`: its destinations without a method."""

    key: str
    paid: bool
    without_method: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shippable:
    """An instruction the warehouse may ship."""

    id: int
    merchant_id: int
    shop: str
    key: str
    number: str


_OPEN = Statement[UntouchedOrder](f"""
select cart_order_key as key, bool_and(payment = 'paid') as paid,
       coalesce(array_agg(destination order by destination)
                filter (where delivery_method = ''), '{{}}') as without_method
  from instructions
 where shop_id = :shop_id and status in {OPEN}
 group by 1 order by 1
""")
_SHIPPABLE = Statement[Shippable]("""
select i.id, i.merchant_id, s.key as shop, i.cart_order_key as key, i.number
  from instructions i join shops s on s.id = i.shop_id
 where i.status = 'awaiting_shipment' order by i.id
""")
_RECALCULATING = Statement[bool]("select exists (select from recalculations)")


def open_orders(connection: Connection, shop_id: int) -> list[UntouchedOrder]:
    """Return a shop's open orders by key."""
    return _OPEN.all(connection, shop_id=shop_id)


def shippable(connection: Connection) -> list[Shippable]:
    """Return every instruction that awaits shipment."""
    return _SHIPPABLE.all(connection)


def recalculating(connection: Connection) -> bool:
    """Tell whether secured pieces are still to be counted anew."""
    return _RECALCULATING.one(connection)
