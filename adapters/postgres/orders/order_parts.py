"""The instructions of cart orders, as the actions after import see them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from adapters.postgres.orders.statuses import SECURING, UNRETURNED
from adapters.postgres.statement import Statement, words
from domain.orders.cancellations import CancelInCart
from domain.orders.confirmations import LEFT_OUT, WAITING
from domain.orders.instructions import ApiStatus, Hold, Payment, Status
from domain.orders.payments import BASE_DEFERRED


@dataclass(frozen=True, slots=True)
class PartLine:
    """One line.

    Attributes:
        key: 明細独自1, BASE's line id; blank if missing (IMP-13).
        cart_line_key: its key in the cart as it was imported.
    """

    id: int
    key: str
    cart_line_key: str
    name: str
    sku_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Part:
    """One instruction of a cart order.

    Attributes:
        key: of its cart order.
        method: how it was shipped, else how the shop says it is to be shipped.
        payment_method, payment_name: code and name as they were imported.
        deferred: 注文独自1 says so (IMP-13).
        cart_cancel: what is known of a cancellation in the cart while it is under way (STS-10).
        reported: what sync_status last said about it.
    """

    id: int
    key: str
    part: int
    number: str
    destination: int
    status: Status
    holds: tuple[Hold, ...]
    allocated: bool
    payment: Payment
    api_status: ApiStatus
    ordered_at: datetime
    delivery_method: str
    method: str
    total_yen: int
    payment_method: str
    payment_name: str
    deferred: bool
    tracking_number: str | None
    shipped_on: date | None
    return_wanted: bool
    return_blocked: bool
    cart_cancel: CancelInCart
    reported: str
    lines: tuple[PartLine, ...]


_OF_ORDERS = """
select i.id, i.cart_order_key as key, i.part, i.number, i.destination, i.status, i.holds,
       i.allocated, i.payment, i.api_status, i.ordered_at, i.delivery_method,
       coalesce(nullif(i.shipped_method, ''), i.delivery_method) as method, i.total_yen,
       i.payment_method, i.payment_name,
       coalesce(i.custom ->> '1' = :deferred, false) as deferred, i.tracking_number, i.shipped_on,
       i.return_wanted_at is not null as return_wanted,
       i.return_blocked_at is not null as return_blocked, i.cart_cancel, i.reported, coalesce(
         (select jsonb_agg(jsonb_build_object(
                   'id', l.id, 'key', coalesce(l.custom ->> '1', ''),
                   'cart_line_key', l.cart_line_key, 'name', l.name, 'sku_id', l.sku_id,
                   'quantity', l.quantity)
                 order by l.position)
            from instruction_lines l where l.instruction_id = i.id), '[]'::jsonb) as lines
  from instructions i
 where i.shop_id = :shop_id and i.cart_order_key = any(:keys)
 order by i.cart_order_key, i.part
"""
_READ = Statement[Part](_OF_ORDERS)
_LOCK = Statement[Part](f"{_OF_ORDERS} for update of i")


def of_orders(
    connection: Connection, shop_id: int, keys: Collection[str], *, lock: bool = False
) -> dict[str, list[Part]]:
    """Return all parts of orders by cart order key, in order of their numbers.

    Args: lock: keep others from changing them until the transaction ends.
    """
    statement = _LOCK if lock else _READ
    found: dict[str, list[Part]] = {}
    for part in statement.all(connection, shop_id=shop_id, keys=list(keys), deferred=BASE_DEFERRED):
        found.setdefault(part.key, []).append(part)
    return found


# Written out: the status is that of the index.
_WAITING = f"api_status = '{WAITING}' and status not in {words(sorted(LEFT_OUT))}"
_UNPRINTED = Statement[str](f"""
select distinct cart_order_key from instructions where shop_id = :shop_id and {_WAITING} order by 1
""")
_PRINT = Statement[None](f"""
update instructions set api_status = 'printed', changed_at = now()
 where shop_id = :shop_id and cart_order_key = :key and {_WAITING}
""")


def awaiting_print(connection: Connection, shop_id: int) -> list[str]:
    """Return keys of orders the cart was not told we took (CNF-1)."""
    return _UNPRINTED.all(connection, shop_id=shop_id)


def mark_printed(connection: Connection, shop_id: int, key: str) -> None:
    """Note that the cart knows we took the order (CNF-1)."""
    _PRINT.run(connection, shop_id=shop_id, key=key)


_UNCOMPLETED = Statement[str]("""
select distinct cart_order_key from instructions
 where shop_id = :shop_id and api_status = 'tracking_returned' and completed_at is null
   and status <> 'cancelled'
 order by 1
""")
_COMPLETE = Statement[None]("""
update instructions set completed_at = now(), changed_at = now()
 where shop_id = :shop_id and cart_order_key = :key and completed_at is null
   and status <> 'cancelled'
""")


def uncompleted(connection: Connection, shop_id: int) -> list[str]:
    """Return keys of orders with a returned part that are not completed yet (CMP-1)."""
    return _UNCOMPLETED.all(connection, shop_id=shop_id)


def mark_completed(connection: Connection, shop_id: int, key: str) -> None:
    """Note that the order is in the folder of completed ones."""
    _COMPLETE.run(connection, shop_id=shop_id, key=key)


_UNRETURNED = Statement[str](f"""
select distinct cart_order_key from instructions i
 where shop_id = :shop_id and {UNRETURNED}
   and (cast(:named as date) is null and return_blocked_at is null or shipped_on = :named)
 order by 1
""")
_WANT_RETURN = Statement[None]("""
update instructions
   set return_wanted_at = coalesce(return_wanted_at, now()), return_blocked_at = null
 where id = any(:ids)
""")
_BLOCK_RETURN = Statement[None]("""
update instructions set return_wanted_at = null, return_blocked_at = now() where id = :id
""")
_RETURN_LINE = Statement[None]("""
update instruction_lines set returned_at = coalesce(returned_at, now()) where id = :id
""")
_RETURN_LINES = Statement[None]("""
update instruction_lines set returned_at = coalesce(returned_at, now())
 where instruction_id = :id
""")
_RETURN = Statement[None]("""
update instructions
   set api_status = 'tracking_returned', return_wanted_at = null,
       tracking_returned_at = coalesce(tracking_returned_at, now()), changed_at = now()
 where id = :id
""")


def unreturned(connection: Connection, shop_id: int, named: date | None = None) -> list[str]:
    """Return keys of orders with a shipped part the cart was not told of (RET-1).

    Args: named: a person named the ship date: only that one, and also what was given up before.
    """
    return _UNRETURNED.all(connection, shop_id=shop_id, named=named)


_RETURNED_PARTLY = Statement[bool]("""
select exists (select from instructions
                where shop_id = :shop_id and cart_order_key = :key
                  and api_status = 'tracking_returned')
""")


def returned_partly(connection: Connection, shop_id: int, key: str) -> bool:
    """Tell whether the cart was told of a part of an order before."""
    return _RETURNED_PARTLY.one(connection, shop_id=shop_id, key=key)


def want_return(connection: Connection, ids: Sequence[int]) -> None:
    """Note that instructions are candidates; they stay so until they are returned (RET-1)."""
    _WANT_RETURN.run(connection, ids=list(ids))


def block_return(connection: Connection, instruction_id: int) -> None:
    """Note that an instruction can never be returned (RET-4)."""
    _BLOCK_RETURN.run(connection, id=instruction_id)


def mark_line_returned(connection: Connection, line_id: int) -> None:
    """Note that the cart knows this line left (RET-4)."""
    _RETURN_LINE.run(connection, id=line_id)


def mark_returned(connection: Connection, instruction_id: int) -> None:
    """Note that the cart knows the whole instruction left, with every line (RET-4)."""
    _RETURN_LINES.run(connection, id=instruction_id)
    _RETURN.run(connection, id=instruction_id)


@dataclass(frozen=True, slots=True)
class OpenPartKey:
    """An order somebody waits for news about."""

    key: str
    ordered_at: datetime


# What was shipped is looked at as long as runs return it by themselves (RET-1).
_OPEN = Statement[OpenPartKey](f"""
select key, min(ordered_at) as ordered_at from (
  select cart_order_key as key, ordered_at from instructions
   where shop_id = :shop_id and status in {SECURING} and cart_cancel <> 'overruled'
  union all
  select cart_order_key, ordered_at from instructions i
   where shop_id = :shop_id and {UNRETURNED} and cart_cancel <> 'overruled'
     and return_blocked_at is null and shipped_on > cast(now() as date) - 32
) watched
 where cast(:keys as text[]) is null or key = any(:keys)
 group by 1 order by 2, 1
""")
_PER_DAY = Statement[float]("""
select cast(count(*) / greatest(
         1.0, extract(epoch from now() - coalesce(min(ordered_at), now())) / 86400.0) as float8)
  from import_tasks where shop_id = :shop_id and ordered_at > now() - interval '30 days'
""")


def open_orders(
    connection: Connection, shop_id: int, keys: Sequence[str] | None = None
) -> list[OpenPartKey]:
    """Return the orders sync_status looks at: open, under way, and shipped but not returned."""
    return _OPEN.all(connection, shop_id=shop_id, keys=None if keys is None else list(keys))


def orders_per_day(connection: Connection, shop_id: int) -> float:
    """Return how many orders the shop took a day lately."""
    return _PER_DAY.one(connection, shop_id=shop_id)
