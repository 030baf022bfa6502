"""What each shop was last told of its stock, and what it has to be told now."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.engine.items import Beside
from adapters.postgres.engine.planned_items import FLOOD, renew_statistics
from adapters.postgres.engine.recovery import LostClaim
from adapters.postgres.statement import Statement
from adapters.postgres.stock.counts import COUNTED
from domain.carts.cart import LONGEST_PUSH_S, Cart
from domain.stock.offers import Offer, free_stock, offer_of, set_free_stock

TELLABLE = f"""
({COUNTED} or m.unlimited and exists (select from shops o where o.id = m.shop_id
                                         and o.cart = '{Cart.SHOPSERVE}'))
"""
"""Whether there is something true to tell of mapping `m` with SKU `s`: domain's `offer_of`."""

_PLAN = Statement[None](f"""
insert into run_items (run_id, shop_id, action, key, subject_id, priority)
select distinct cast(:run_id as bigint), p.shop_id, 'sync_stock', s.code, s.id,
       cast(:priority as int)
  from stock_pushes p
  join mappings m on m.id = p.mapping_id
  join skus s on s.id = p.sku_id
 where p.shop_id = :shop_id and p.pushed_version < p.wanted_version
   and (cast(:codes as text[]) is null or s.code = any(:codes))
   and {TELLABLE}
on conflict (run_id, key) do nothing
""")

# Locked in the order of every statement that marks pushes (adapters/postgres/stock/counts.py).
_SAY_UNCOUNTED = Statement[str](f"""
with unsaid as (
  select p.mapping_id, s.code
    from stock_pushes p
    join mappings m on m.id = p.mapping_id
    join skus s on s.id = p.sku_id
   where p.shop_id = :shop_id and p.pushed_version < p.wanted_version
     and p.uncounted_said_at is null and not {TELLABLE}
   order by p.mapping_id
   for update of p
), said as (
  update stock_pushes p set uncounted_said_at = now()
    from unsaid u where p.mapping_id = u.mapping_id
)
select distinct code from unsaid order by code
""")


def plan(
    connection: Connection,
    *,
    run_id: int,
    shop_id: int,
    priority: int,
    codes: Sequence[str] | None = None,
) -> int:
    """Make one item of a run per SKU that the shop has to be told about (STK-1, STK-4).

    The work stays in the database: a shop with 50,000 changed SKUs is one statement.

    Args: codes: only these SKUs (a replay).
    Returns: how many it made.
    """
    planned = _PLAN.run(
        connection,
        run_id=run_id,
        shop_id=shop_id,
        priority=priority,
        codes=None if codes is None else list(codes),
    )
    if planned >= FLOOD:
        renew_statistics(connection)
    return planned


def say_uncounted(connection: Connection, shop_id: int) -> list[str]:
    """Return codes of SKUs the shop waits to be told of and nobody counted, each once (STK-8)."""
    return _SAY_UNCOUNTED.all(connection, shop_id=shop_id)


@dataclass(frozen=True, slots=True)
class WantedPush:
    """One mapping that has to be told, with the counts of one moment.

    Attributes:
        version: the wanted version these counts belong to.
        on_hand: None = nobody counted it.
        components: of a set product: (on hand, secured, needed) each; else empty.
    """

    mapping_id: int
    item: str
    variation: str
    on_hand: int | None
    secured: int
    components: tuple[tuple[int | None, int, int], ...]
    low_stock: int | None
    unlimited: bool
    version: int

    def offer(self, cart: Cart) -> Offer | None:
        """Return what the shop is to be told: of a SKU, or of a set product (STK-2, STK-7).

        None: nobody counted it, so there is nothing true to tell (STK-8).
        """
        if self.components:
            free = set_free_stock(
                (free_stock(on_hand, secured), needed)
                for on_hand, secured, needed in self.components
            )
        else:
            free = free_stock(self.on_hand, self.secured)
        return offer_of(cart, free, self.low_stock, self.unlimited)


OFFERED = """
select p.mapping_id, e.item, e.variation, s.on_hand, s.secured, m.low_stock, m.unlimited,
       p.wanted_version as version,
       coalesce((select json_agg(json_build_array(c.on_hand, c.secured, k.quantity))
                   from set_components k join skus c on c.id = k.component_sku_id
                  where k.set_sku_id = s.id), '[]') as components
  from stock_pushes p
  join mappings m on m.id = p.mapping_id
  join external_items e on e.id = m.external_item_id
  join skus s on s.id = p.sku_id
"""
"""The columns of WantedPush; the caller says of which mappings."""

_WANTED = Statement[WantedPush](f"""{OFFERED}
 where p.shop_id = :shop_id and p.sku_id = :sku_id and p.pushed_version < p.wanted_version
 order by p.mapping_id
""")


def wanted(connection: Connection, shop_id: int, sku_id: int) -> list[WantedPush]:
    """Return what the shop has to be told about one SKU now; counts and versions fit together."""
    return _WANTED.all(connection, shop_id=shop_id, sku_id=sku_id)


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of one push. `failure` is empty when the shop has the number.

    Attributes: quantity: None where the shop was told no number, but to sell without counting.
    """

    mapping_id: int
    version: int
    quantity: int | None
    unlimited: bool = False
    failure: str = ""


_RECORD = """
update stock_pushes p
   set pushed_version = case when r.failure = '' then r.version else p.pushed_version end,
       pushed_quantity = case when r.failure = '' then r.quantity else p.pushed_quantity end,
       pushed_unlimited = case when r.failure = '' then r.unlimited else p.pushed_unlimited end,
       pushed_at = case when r.failure = '' then now() else p.pushed_at end,
       failure = r.failure,
       uncounted_said_at = case when r.failure = '' then null else p.uncounted_said_at end
  from unnest(cast(:ids as bigint[]), cast(:versions as bigint[]), cast(:quantities as int[]),
              cast(:unlimited as bool[]), cast(:failures as text[]))
       as r(mapping_id, version, quantity, unlimited, failure)
 where p.mapping_id = r.mapping_id and p.pushed_version < r.version and exists (select from done)
"""


def record(pushed: Sequence[Pushed]) -> Beside:
    """Write what the shop was told; an older version never overwrites a newer one (STK-5)."""
    return Beside(
        _RECORD,
        {
            "ids": [push.mapping_id for push in pushed],
            "versions": [push.version for push in pushed],
            "quantities": [push.quantity for push in pushed],
            "unlimited": [push.unlimited for push in pushed],
            "failures": [push.failure for push in pushed],
        },
    )


_DOUBT = Statement[None]("""
update stock_pushes set wanted_version = wanted_version + 1
 where mapping_id = any(:ids)
""")


def doubt(connection: Connection, mapping_ids: Sequence[int]) -> None:
    """Ask for another push where a late worker may have overwritten a newer number (STK-5)."""
    _DOUBT.run(connection, ids=sorted(mapping_ids))


# A killed worker's call has arrived by then, or never will.
DOUBT_S = LONGEST_PUSH_S + 10

_SETTLE_DOUBTS = Statement[None]("""
update stock_pushes set wanted_version = wanted_version + 1, doubted_at = null
 where doubted_at < now() - make_interval(secs => :doubt_s)
""")


_DOUBT_LOST = Statement[None]("""
update stock_pushes set doubted_at = now()
 where (shop_id, sku_id) in (
         select * from unnest(cast(:shops as bigint[]), cast(:skus as bigint[])))
""")


def push_again_what_was_lost(connection: Connection, lost: Sequence[LostClaim]) -> None:
    """Doubt the pushes of killed workers, and ask for another once theirs cannot arrive any more.

    A push that was under way may reach the shop after a newer number (STK-5).
    """
    if lost:
        _DOUBT_LOST.run(
            connection,
            shops=[claim.shop_id for claim in lost],
            skus=[claim.subject_id for claim in lost],
        )
    _SETTLE_DOUBTS.run(connection, doubt_s=DOUBT_S)


_NOTE_FAILURE = Statement[None]("""
update stock_pushes set failure = :failure
 where shop_id = :shop_id and sku_id = :sku_id and pushed_version < wanted_version
""")


def note_failure(connection: Connection, shop_id: int, sku_id: int, failure: str) -> None:
    """Write why a shop could not be told about a SKU; it stays behind (STK-4)."""
    _NOTE_FAILURE.run(connection, shop_id=shop_id, sku_id=sku_id, failure=failure[:2000])
