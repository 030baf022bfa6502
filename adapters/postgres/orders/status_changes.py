"""Carrying out what sync_status decided about an instruction."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection

from adapters.postgres.engine import dead_letters
from adapters.postgres.orders.instructions import stored_holds
from adapters.postgres.orders.order_parts import Part
from adapters.postgres.orders.statuses import SECURING
from adapters.postgres.statement import Statement
from adapters.postgres.stock import reservations
from adapters.postgres.stock.counts import change
from domain.actions import Action
from domain.orders.instructions import Hold, Status

_SET_PAID = Statement[None]("""
update instructions
   set payment = 'paid', status = :status, holds = cast(:holds as jsonb), changed_at = now()
 where id = :id
""")
_SET_HOLDS = Statement[None]("""
update instructions
   set status = :status, holds = cast(:holds as jsonb), changed_at = now()
 where id = :id
""")
_SET_METHOD = Statement[None]("""
update instructions
   set delivery_method = :method, status = :status, holds = cast(:holds as jsonb),
       changed_at = now()
 where id = :id
""")


def set_paid(connection: Connection, part: Part, status: Status, holds: Iterable[Hold]) -> None:
    """Set the payment flag, which never goes back (STS-3)."""
    _SET_PAID.run(connection, id=part.id, status=status, holds=stored_holds(holds))


def set_holds(connection: Connection, part: Part, status: Status, holds: Iterable[Hold]) -> None:
    """Store why an instruction is on hold now (PAY-1)."""
    _SET_HOLDS.run(connection, id=part.id, status=status, holds=stored_holds(holds))


def set_method(
    connection: Connection, part: Part, method: str, status: Status, holds: Iterable[Hold]
) -> None:
    """Fill in the delivery method the cart has now (IMP-16)."""
    _SET_METHOD.run(connection, id=part.id, method=method, status=status, holds=stored_holds(holds))


_SEE_CANCELLED = Statement[int]("""
update instructions set cart_cancel = 'waiting', changed_at = now()
 where id = :id and cart_cancel = 'none' and status in ('working', 'inspected', 'shipped')
returning id
""")
_TAKE_BACK = Statement[None]("""
update instructions set cart_cancel = 'none', changed_at = now() where id = :id
""")


def see_cancelled(connection: Connection, part_id: int) -> bool:
    """Have a person decide about an instruction (STS-10); False when that was asked before."""
    return _SEE_CANCELLED.first(connection, id=part_id) is not None


def take_cancel_back(connection: Connection, part_id: int) -> None:
    """Note that the cart shows the order alive again."""
    _TAKE_BACK.run(connection, id=part_id)


_CANCEL = Statement[None]("""
update instructions
   set status = 'cancelled', allocated = false, holds = '[]'::jsonb, changed_at = now()
 where id = any(:ids)
""")
# A part that came back before the cart heard of it is over, too; one that it did hear of may still
# be completed there.
_WITHOUT_LIVE_PART = Statement[str]("""
select cart_order_key from instructions
 where shop_id = :shop_id and cart_order_key = any(:keys)
 group by 1
having bool_and(status = 'cancelled'
                or status = 'returned' and api_status <> 'tracking_returned')
""")
# What nobody tries any more with an order that has no live part left.
_ENDS_WITH_ORDER = (Action.CONFIRM_ORDERS, Action.RETURN_SHIPMENTS, Action.COMPLETE_ORDERS)


def close_what_failed(connection: Connection, shop_id: int, keys: Collection[str]) -> None:
    """Close the dead letters of those of these orders that have no live part left (CLS-4)."""
    ended = _WITHOUT_LIVE_PART.all(connection, shop_id=shop_id, keys=list(keys))
    dead_letters.withdraw(
        connection, shop_id, why="no part is left to ship", actions=_ENDS_WITH_ORDER, keys=ended
    )


def cancel(
    connection: Connection, shop_id: int, parts: Sequence[Part], *, give_back_now: bool
) -> None:
    """Cancel open instructions, give their secured pieces back, close what failed about them.

    Args: give_back_now: in this transaction (STS-4); otherwise a recalculation is queued (STS-5).
    """
    _CANCEL.run(connection, ids=[part.id for part in parts])
    close_what_failed(connection, shop_id, {part.key for part in parts})
    pieces: Counter[int] = Counter()
    for part in parts:
        for line in part.lines:
            pieces[line.sku_id] += line.quantity
    if give_back_now:
        reservations.release(connection, pieces)
    else:
        ask_recalculation(connection, reservations.pieces(connection, pieces))


_ASK = Statement[None]("""
insert into recalculations (sku_id) select unnest(cast(:ids as bigint[])) order by 1
on conflict (sku_id) do nothing
""")
_TAKE = Statement[int]("""
delete from recalculations
 where sku_id in (select sku_id from recalculations order by sku_id limit 500
                  for update skip locked)
returning sku_id
""")
_LOCK = Statement[tuple[int, int]](
    "select id, secured from skus where id = any(:ids) order by id for no key update"
)
# Live unshipped instructions claim their lines' pieces, sets by their components.
_CLAIMED = Statement[tuple[int, int]](f"""
select coalesce(k.component_sku_id, l.sku_id),
       cast(sum(l.quantity * coalesce(k.quantity, 1)) as bigint)
  from instruction_lines l
  join instructions i on i.id = l.instruction_id and i.status in {SECURING}
  left join set_components k on k.set_sku_id = l.sku_id
 where coalesce(k.component_sku_id, l.sku_id) = any(:ids)
 group by 1
""")


def ask_recalculation(connection: Connection, sku_ids: Iterable[int]) -> None:
    """Queue a new count of secured pieces."""
    _ASK.run(connection, ids=sorted(sku_ids))


def recalculate(connection: Connection) -> int:
    """Count queued SKUs' secured pieces anew from the live instructions; returns how many."""
    ids = _TAKE.all(connection)
    if ids:
        recount(connection, ids)
    return len(ids)


def recount(connection: Connection, ids: list[int]) -> None:
    """Make the secured pieces of these SKUs what live unshipped instructions claim."""
    before = dict(_LOCK.all(connection, ids=ids))
    claimed = dict(_CLAIMED.all(connection, ids=ids))
    differences = {sku: claimed.get(sku, 0) - secured for sku, secured in before.items()}
    change(connection, secured={sku: diff for sku, diff in differences.items() if diff})


_NOTE_REPORTED = Statement[None]("update instructions set reported = :reported where id = :id")


def note_reported(connection: Connection, part_id: int, reported: str) -> None:
    """Remember what was reported about an instruction."""
    _NOTE_REPORTED.run(connection, id=part_id, reported=reported[:2000])
