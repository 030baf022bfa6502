"""Full compares (全件比較, STK-6): when they start, what they look at, and how they yield."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import Connection

from adapters.postgres.engine.lanes import WORKING_SHOP
from adapters.postgres.engine.runs import ANNOUNCED_S
from adapters.postgres.engine.schedule import START_SLOTS
from adapters.postgres.statement import Statement
from adapters.postgres.stock.pushes import OFFERED, TELLABLE, WantedPush
from domain.carts.ports import ItemKey
from domain.engine.cadence import Cadence
from domain.stock.compares import compare_slot

_ROBOTS = Statement[tuple[int, int | None, time | None, datetime, datetime]](f"""
select b.shop_id, b.every_s, b.at, b.anchor_at, s.created_at
  from robots b join shops s on s.id = b.shop_id
 where b.action = 'sync_stock' and b.enabled and not b.parked and {WORKING_SHOP}
""")


def start_nightly(connection: Connection, now: datetime) -> list[int]:
    """Insert tonight's compare of every shop whose turn has come; returns the run ids.

    Two beats are harmless: a slot has one run. A shop added after its slot waits for a night.
    """
    due: dict[int, datetime] = {}
    for shop_id, every_s, at, anchor_at, created_at in _ROBOTS.all(connection):
        slot = compare_slot(shop_id, Cadence(every_s, at), anchor_at, now)
        if slot is not None and created_at < slot:
            due[shop_id] = slot
    if not due:
        return []
    return START_SLOTS.all(
        connection,
        action="sync_stock",
        mode="compare",
        shops=list(due),
        slots=list(due.values()),
        announced_s=ANNOUNCED_S,
    )


@dataclass(frozen=True, slots=True)
class Known:
    """A mapped item when the reading of the list began.

    Attributes: pushed_version: what the shop had been told by then; if it moves, the list is older.
    """

    mapping_id: int
    pushed_version: int


_KNOWN = Statement[tuple[str, str, int, int]]("""
select e.item, e.variation, p.mapping_id, p.pushed_version
  from stock_pushes p
  join mappings m on m.id = p.mapping_id
  join external_items e on e.id = m.external_item_id
 where p.shop_id = :shop_id
""")


def known_items(connection: Connection, shop_id: int) -> dict[ItemKey, Known]:
    """Return every mapped item of a shop with what it was last told."""
    return {
        ItemKey(item, variation): Known(mapping_id, pushed_version)
        for item, variation, mapping_id, pushed_version in _KNOWN.all(connection, shop_id=shop_id)
    }


_OFFERED = Statement[WantedPush](
    f"{OFFERED} where p.mapping_id = any(:ids) and p.pushed_version = p.wanted_version"
)


def up_to_date(connection: Connection, mapping_ids: Collection[int]) -> list[WantedPush]:
    """Return what the warehouse would tell now of mappings that wait for no push."""
    return _OFFERED.all(connection, ids=list(mapping_ids)) if mapping_ids else []


_ALL = Statement[WantedPush](f"{OFFERED} where p.shop_id = :shop_id order by s.code, p.mapping_id")
_CODES = Statement[tuple[int, str]]("""
select p.mapping_id, s.code from stock_pushes p join skus s on s.id = p.sku_id
 where p.shop_id = :shop_id
""")


def all_offers(connection: Connection, shop_id: int) -> list[WantedPush]:
    """Return what a shop would be told of each mapping, whether it waits for that or not."""
    return _ALL.all(connection, shop_id=shop_id)


def sku_codes(connection: Connection, shop_id: int) -> dict[int, str]:
    """Return the SKU of each mapping of a shop, by the mapping's id."""
    return dict(_CODES.all(connection, shop_id=shop_id))


# A SKU that is an item of the run already and succeeded is taken once more: another of its
# mappings differs, or it changed again. One that failed is left to the next run (STK-4).
_TAKE_AGAIN = """
on conflict (run_id, key) do update
   set state = 'due', due_at = now(), attempts = 0, reason = '', finished_at = null,
       priority = excluded.priority
 where run_items.state = 'succeeded'
"""

# Locked in the order of every statement that marks pushes (adapters/postgres/stock/counts.py). What
# waits for a push already, or was pushed since the list was read, is left alone.
_WANT = Statement[int](f"""
with differing as (
  select p.mapping_id
    from stock_pushes p
    join unnest(cast(:ids as bigint[]), cast(:versions as bigint[])) as d(mapping_id, version)
      on d.mapping_id = p.mapping_id
   where p.pushed_version = d.version and p.wanted_version = d.version
   order by p.mapping_id
   for update of p
), marked as (
  update stock_pushes p set wanted_version = p.wanted_version + 1
    from differing d where p.mapping_id = d.mapping_id
  returning p.sku_id
), added as (
  insert into run_items (run_id, shop_id, action, key, subject_id, priority)
  select :run_id, :shop_id, 'sync_stock', s.code, s.id, :priority
    from (select distinct sku_id from marked) m join skus s on s.id = m.sku_id
  {_TAKE_AGAIN}
)
select count(*) from marked
""")


def want_push(
    connection: Connection,
    *,
    run_id: int,
    shop_id: int,
    priority: int,
    differing: Sequence[Known],
) -> int:
    """Make these items want a push and their SKUs items of the run; returns how many it did.

    Left out is what has moved since `differing` was read, and what waits for a push anyway.
    """
    if not differing:
        return 0
    return _WANT.one(
        connection,
        run_id=run_id,
        shop_id=shop_id,
        priority=priority,
        ids=[one.mapping_id for one in differing],
        versions=[one.pushed_version for one in differing],
    )


# A compare under way keeps the shop's ordinary run from starting (one run of a pair at a time), so
# it takes over what that one would do: SKUs that changed meanwhile, ahead of its own. Only as long
# as it has work of its own, so that it comes to an end. A compare marks a mapping one version
# ahead; more than one means that its SKU changed since, and its item moves up.
_YIELD = Statement[None](f"""
with under_way as (
  select r.id, r.shop_id
    from runs r
    join robots b on b.shop_id = r.shop_id and b.action = r.action
   where r.action = 'sync_stock' and r.mode = 'compare' and r.closed_at is null
     and r.state in ('planning', 'open') and not b.parked
     and (b.enabled or exists (select 1 from runs o
                                where o.shop_id = r.shop_id and o.action = r.action
                                  and o.state = 'pending' and o.mode <> 'compare'))
     and (r.state = 'planning' or exists (
           select 1 from run_items i
            where i.run_id = r.id and i.priority = :own
              and i.finished_at is null))
   for update of r skip locked
), behind as (
  select u.id as run_id, u.shop_id, p.sku_id,
         bool_or(p.wanted_version > p.pushed_version + 1) as changed
    from under_way u
    join stock_pushes p on p.shop_id = u.shop_id and p.pushed_version < p.wanted_version
    join mappings m on m.id = p.mapping_id
    join skus s on s.id = p.sku_id
   where {TELLABLE}
   group by u.id, u.shop_id, p.sku_id
)
insert into run_items (run_id, shop_id, action, key, subject_id, priority)
select b.run_id, b.shop_id, 'sync_stock', s.code, s.id, :ordinary
  from behind b join skus s on s.id = b.sku_id
 where b.changed
    or not exists (select 1 from run_items i
                    where i.run_id = b.run_id and i.key = s.code and i.state <> 'succeeded')
on conflict (run_id, key) do update
   set state = 'due', due_at = case when run_items.state = 'due' then run_items.due_at
                                    else now() end,
       attempts = case when run_items.state = 'due' then run_items.attempts else 0 end,
       reason = '', finished_at = null, priority = excluded.priority
 where run_items.state = 'succeeded'
    or run_items.state = 'due' and run_items.priority > excluded.priority
""")


def yield_to_changed(connection: Connection, *, own: int, ordinary: int) -> int:
    """Let compares under way take over what changed meanwhile; returns how many SKUs.

    Args:
        own: the priority of a compare's own items.
        ordinary: the priority of changed SKUs, a smaller number.
    """
    return _YIELD.run(connection, own=own, ordinary=ordinary)
