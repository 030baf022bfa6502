"""Figures over all merchants: for one pass of every robot, for the demo, for benchmarks."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

# A pending run that may not start (parked, locked out, removed) is not waited for.
_UNDER_WAY = text("""
select count(*) from runs r join shops s on s.id = r.shop_id
 where r.state in ('planning', 'open', 'pending')
   and not s.parked and s.removed_at is null and s.auth_failed_at is null
   and not exists (select 1 from robots b
                    where b.shop_id = r.shop_id and b.action = r.action and b.parked)
""")
_ENDED = text("""
select s.key as shop, r.action, r.state, r.reason from runs r join shops s on s.id = r.shop_id
 where r.id > :after and r.finished_at is not null
 order by r.id
""")
_RUNS = text("""
select count(*) as runs, count(*) filter (where finished_at is not null) as ended,
       coalesce(sum(calls), 0) as calls
  from runs where id = any(:ids)
""")
_ITEMS = text("""
select count(*) as items,
       count(*) filter (where state not in ('due', 'queued', 'running')) as ended
  from run_items where run_id = any(:ids)
""")


@dataclass(frozen=True, slots=True)
class EndedRun:
    """How one run ended."""

    shop: str
    action: str
    state: str
    reason: str

    @property
    def good(self) -> bool:
        """Whether nobody has to look: it succeeded, or the cart was closed and work is kept."""
        return self.state in {"succeeded", "closed"}


@dataclass(frozen=True, slots=True)
class Standing:
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


def newest_run(connection: Connection) -> int:
    """Return the id of the newest run, 0 without any."""
    return int(connection.execute(text("select coalesce(max(id), 0) from runs")).scalar_one())


def under_way(connection: Connection) -> int:
    """Return how many runs are unfinished and not held back by a person or the credentials."""
    return int(connection.execute(_UNDER_WAY).scalar_one())


def ended_runs(connection: Connection, *, after: int) -> list[EndedRun]:
    """Return the ended runs with an id above `after`."""
    rows = connection.execute(_ENDED, {"after": after})
    return [EndedRun(row.shop, row.action, row.state, row.reason) for row in rows]


def standing(connection: Connection, run_ids: Sequence[int]) -> Standing:
    """Return how far these runs are."""
    ids = {"ids": list(run_ids)}
    runs = connection.execute(_RUNS, ids).one()
    items = connection.execute(_ITEMS, ids).one()
    return Standing(runs.runs, runs.ended, items.items, items.ended, int(runs.calls))


def merchant_keys(connection: Connection) -> dict[int, str]:
    """Return the keys of all merchants by id."""
    return {row.id: row.key for row in connection.execute(text("select id, key from merchants"))}


_ORDERS = text("""
select count(*) filter (where t.state = 'converted') as imported,
       count(*) filter (where t.state = 'failed') as failed
  from import_tasks t
""")
_INSTRUCTIONS = text("""
select count(*) as instructions, count(*) filter (where status = 'hold') as held,
       count(*) filter (where status = 'cancelled') as cancelled,
       count(*) filter (where api_status <> 'awaiting_print') as printed,
       count(*) filter (where api_status = 'tracking_returned') as tracking_returned,
       count(*) filter (where completed_at is not null) as completed,
       coalesce(sum(total_yen), 0) as total_yen
  from instructions
""")
_BY_ORDER = text("""
select count(*) filter (where parts > 1) as split, count(*) filter (where paid) as paid
  from (select count(*) as parts, bool_and(payment = 'paid') as paid
          from instructions group by shop_id, cart_order_key) o
""")
_STOCK = text("""
select count(*) filter (where pushed_version = wanted_version and failure = '') as told,
       count(*) filter (where pushed_quantity = greatest(s.on_hand - s.secured, 0)) as equal,
       coalesce(sum(pushed_quantity), 0) as pieces
  from stock_pushes p join skus s on s.id = p.sku_id
""")
_FAILURES = text("""
select (select count(*) from run_items where state = 'failed')
     + (select count(*) from runs where plan_failed) as failures,
       (select coalesce(sum(calls), 0) from runs) as calls,
       (select coalesce(sum(greatest(attempts - 1, 0)), 0) from run_items) as repeated,
       (select coalesce(sum(secured), 0) from skus) as secured
""")


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


def totals(connection: Connection) -> Totals:
    """Return the figures of now."""
    orders = connection.execute(_ORDERS).one()
    rows = connection.execute(_INSTRUCTIONS).one()
    by_order = connection.execute(_BY_ORDER).one()
    stock = connection.execute(_STOCK).one()
    rest = connection.execute(_FAILURES).one()
    return Totals(
        imported=orders.imported,
        split=by_order.split,
        paid=by_order.paid,
        instructions=rows.instructions,
        held=rows.held,
        cancelled=rows.cancelled,
        printed=rows.printed,
        tracking_returned=rows.tracking_returned,
        completed=rows.completed,
        total_yen=int(rows.total_yen),
        secured=int(rest.secured),
        told=stock.told,
        equal=stock.equal,
        offered=int(stock.pieces),
        calls=int(rest.calls),
        failures=int(rest.failures),
        repeated=int(rest.repeated),
    )


def items_of(connection: Connection, run_ids: Sequence[int], state: str) -> int:
    """Return how many items of some runs ended in a state."""
    found = connection.execute(
        text("select count(*) from run_items where run_id = any(:ids) and state = :state"),
        {"ids": list(run_ids), "state": state},
    )
    return int(found.scalar_one())
