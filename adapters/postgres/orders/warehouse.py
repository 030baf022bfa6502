"""Shipping instructions while the warehouse moves them (workers/services/warehouse.py)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from adapters.postgres.orders.instructions import stored_holds
from adapters.postgres.orders.statuses import SECURING
from adapters.postgres.statement import Statement, made_of
from domain.warehouse.moves import Parcel, Standing
from domain.warehouse.targets import Instruction

Written = tuple[Instruction, Standing, Parcel | None]
"""A locked instruction, where it stands afterwards, and the parcel if one left."""


def _instruction(**row: Any) -> Instruction:
    names = ("status", "payment", "holds", "allocated", "cart_cancel")
    standing = made_of(Standing, {name: row.pop(name) for name in names})
    return Instruction(**row, standing=standing)


# Locked in one order, so that two changes of the same instructions wait for each other.
_LOCK = Statement(
    """
select i.id, i.number, i.shop_id, s.key as shop, s.removed_at is not null as shop_removed,
       i.cart_order_key, i.part, i.status, i.holds, i.allocated, i.payment,
       case when i.api_status = 'tracking_returned' then 'none' else i.cart_cancel end
         as cart_cancel
  from instructions i join shops s on s.id = i.shop_id
 where i.merchant_id = :merchant_id and i.number = any(:numbers)
 order by i.id
   for no key update of i
""",
    _instruction,
)

_LINES = Statement[tuple[int, int, int]]("""
select instruction_id, sku_id, cast(sum(quantity) as int) as quantity from instruction_lines
 where instruction_id = any(:ids) group by 1, 2
""")

# Pieces set aside for live instructions, sets taken apart.
_ALLOCATED = Statement[tuple[int, int]](f"""
select coalesce(k.component_sku_id, l.sku_id) as sku_id,
       cast(sum(l.quantity * coalesce(k.quantity, 1)) as bigint) as pieces
  from instructions i
  join instruction_lines l on l.instruction_id = i.id
  left join set_components k on k.set_sku_id = l.sku_id
 where i.allocated and i.status in {SECURING}
   and coalesce(k.component_sku_id, l.sku_id) = any(:ids)
   and (l.sku_id = any(:ids)
        or l.sku_id in (select set_sku_id from set_components where component_sku_id = any(:ids)))
 group by 1
""")

_WRITE = Statement[None]("""
update instructions i
   set status = n.status, payment = n.payment, holds = cast(n.holds as jsonb),
       allocated = n.allocated, cart_cancel = n.cart_cancel,
       shipped_method = coalesce(n.method, i.shipped_method),
       tracking_number = coalesce(n.tracking, i.tracking_number),
       shipped_on = coalesce(n.shipped_on, i.shipped_on), changed_at = now()
  from unnest(cast(:ids as bigint[]), cast(:statuses as text[]), cast(:payments as text[]),
              cast(:holds as text[]), cast(:allocated as bool[]), cast(:methods as text[]),
              cast(:trackings as text[]), cast(:days as date[]), cast(:cancels as text[]))
       as n(id, status, payment, holds, allocated, method, tracking, shipped_on,
            cart_cancel)
 where i.id = n.id
""")


def lock_numbered(
    connection: Connection, merchant_id: int, numbers: Sequence[str]
) -> dict[str, list[Instruction]]:
    """Lock a merchant's instructions of some numbers and return them by number."""
    found: dict[str, list[Instruction]] = {}
    for one in _LOCK.all(connection, merchant_id=merchant_id, numbers=sorted(set(numbers))):
        found.setdefault(one.number, []).append(one)
    return found


def quantities(connection: Connection, ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """Return ordered quantities by SKU id, per instruction id; sets are not taken apart."""
    lines: dict[int, dict[int, int]] = {one: {} for one in ids}
    for instruction_id, sku_id, quantity in _LINES.all(connection, ids=list(ids)):
        lines[instruction_id][sku_id] = quantity
    return lines


def allocated(connection: Connection, sku_ids: Sequence[int]) -> dict[int, int]:
    """Return pieces set aside for live instructions, by SKU id; sets are taken apart."""
    return dict(_ALLOCATED.all(connection, ids=list(sku_ids)))


def write(connection: Connection, changed: Sequence[Written]) -> None:
    """Store where instructions stand now, and the parcels of those that left."""
    if not changed:
        return
    after = [standing for _, standing, _ in changed]
    parcels = [parcel for _, _, parcel in changed]
    _WRITE.run(
        connection,
        ids=[instruction.id for instruction, _, _ in changed],
        statuses=[standing.status for standing in after],
        payments=[standing.payment for standing in after],
        holds=[stored_holds(standing.holds) for standing in after],
        allocated=[standing.allocated for standing in after],
        methods=[parcel and parcel.method for parcel in parcels],
        trackings=[parcel and parcel.tracking for parcel in parcels],
        cancels=[standing.cart_cancel for standing in after],
        days=[parcel and parcel.shipped_on for parcel in parcels],
    )
