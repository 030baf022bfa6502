"""What `stock take` reads and writes: uncounted SKUs of a shop, and their first counts (STK-8)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from adapters.postgres.stock.counts import COUNTED, mark_pushes
from domain.carts.ports import ItemKey
from domain.stock.takes import Place, Shown


def _place(  # noqa: PLR0913 -- one column each
    *,
    sku_id: int,
    code: str,
    version: int,
    secured: int,
    is_set: bool,
    shop_id: int,
    shop: str,
    item: str,
    variation: str,
    unlimited: bool,
) -> Place:
    key = ItemKey(item, variation)
    return Place(sku_id, code, version, secured, is_set, shop_id, shop, key, unlimited)


_UNCOUNTED = Statement(
    f"""
select s.id as sku_id, s.code, s.version, s.secured, sh.id as shop_id, sh.key as shop,
       e.item, e.variation,
       m.unlimited,
       exists (select from set_components k where k.set_sku_id = s.id) as is_set
  from skus s
  join mappings m on m.sku_id = s.id
  join external_items e on e.id = m.external_item_id
  join shops sh on sh.id = m.shop_id and sh.removed_at is null
 where not {COUNTED}
   and s.id in (select sku_id from mappings where shop_id = :shop_id)
   and (cast(:ids as bigint[]) is null or s.id = any(:ids))
 order by s.code, sh.key, e.item, e.variation
""",
    _place,
)


def uncounted(
    connection: Connection, shop_id: int, sku_ids: Collection[int] | None = None
) -> list[Place]:
    """Return every mapping, in any shop, of the SKUs that a shop maps and nobody counted."""
    ids = None if sku_ids is None else list(sku_ids)
    return _UNCOUNTED.all(connection, shop_id=shop_id, ids=ids)


@dataclass(frozen=True, slots=True)
class FirstCount:
    """One SKU that was counted by taking a shop's number, pieces."""

    sku_id: int
    on_hand: int
    secured: int


# `version` moves with every change of either count: one that stands still since before the shop was
# read says that the number and the secured pieces belong to one moment. Pieces that a recalculation
# is going to free (STS-5) do not.
_TAKE = Statement[FirstCount]("""
with wished as (
  select s.id, w.shown
    from skus s
    join unnest(cast(:ids as bigint[]), cast(:versions as bigint[]), cast(:shown as int[]))
         as w(id, version, shown) on w.id = s.id
   where s.on_hand is null and s.version = w.version
     and not exists (select from recalculations r where r.sku_id = s.id)
   order by s.id
   for no key update of s
)
update skus s
   set on_hand = w.shown + s.secured, version = s.version + 1, changed_at = now()
  from wished w where s.id = w.id
returning s.id as sku_id, s.on_hand, s.secured
""")


def take(connection: Connection, shown: Sequence[Shown]) -> list[FirstCount]:
    """Count SKUs as a shop shows them; returns those whose counts stood still since it was read.

    What somebody counted meanwhile is never overwritten.
    """
    taken = _TAKE.all(
        connection,
        ids=[one.candidate.place.sku_id for one in shown],
        versions=[one.candidate.place.version for one in shown],
        shown=[one.pieces for one in shown],
    )
    mark_pushes(connection, [one.sku_id for one in taken])
    return taken
