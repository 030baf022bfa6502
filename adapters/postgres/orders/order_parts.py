"""The instructions of cart orders, as the actions after import see them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from adapters.postgres.orders import holds
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
        method: how it was shipped, else how the shop says it is to be shipped.
        deferred: 注文独自1 says so (IMP-13).
        reported: what sync_status last said about it.
    """

    id: int
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
    deferred: bool
    tracking_number: str | None
    shipped_on: date | None
    return_wanted: bool
    reported: str
    lines: tuple[PartLine, ...]


_SELECT = """
select i.*, coalesce(
         (select jsonb_agg(jsonb_build_object(
                   'id', l.id, 'key', coalesce(l.custom ->> '1', ''),
                   'cart_line_key', l.cart_line_key, 'name', l.name, 'sku_id', l.sku_id,
                   'quantity', l.quantity)
                 order by l.position)
            from instruction_lines l where l.instruction_id = i.id), '[]'::jsonb) as lines
  from instructions i
"""


def of_orders(
    connection: Connection, shop_id: int, keys: Collection[str], *, lock: bool = False
) -> dict[str, list[Part]]:
    """Return all parts of orders by cart order key, in order of their numbers.

    Args: lock: keep others from changing them until the transaction ends.
    """
    rows = connection.execute(
        text(
            _SELECT
            + " where i.shop_id = :shop_id and i.cart_order_key = any(:keys)"
            + " order by i.cart_order_key, i.part"
            + (" for update of i" if lock else "")
        ),
        {"shop_id": shop_id, "keys": list(keys)},
    )
    found: dict[str, list[Part]] = {}
    for row in rows:
        found.setdefault(row.cart_order_key, []).append(_part(row))
    return found


def _part(row: Row[Any]) -> Part:
    return Part(
        id=row.id,
        part=row.part,
        number=row.number,
        destination=row.destination,
        status=Status(row.status),
        holds=holds.read(row.holds),
        allocated=row.allocated,
        payment=Payment(row.payment),
        api_status=ApiStatus(row.api_status),
        ordered_at=row.ordered_at,
        delivery_method=row.delivery_method,
        method=row.shipped_method or row.delivery_method,
        total_yen=row.total_yen,
        deferred=row.custom.get("1") == BASE_DEFERRED,
        tracking_number=row.tracking_number,
        shipped_on=row.shipped_on,
        return_wanted=row.return_wanted_at is not None,
        reported=row.reported,
        lines=tuple(
            PartLine(
                line["id"],
                line["key"],
                line["cart_line_key"],
                line["name"],
                line["sku_id"],
                line["quantity"],
            )
            for line in row.lines
        ),
    )


_LEFT_OUT = [status.value for status in LEFT_OUT]
# The status is written out: it is that of the index.
_WAITING = f"api_status = '{WAITING.value}' and status <> all(:left_out)"
_UNPRINTED = text(f"""
select distinct cart_order_key as key from instructions
 where shop_id = :shop_id and {_WAITING}
 order by 1
""")
_PRINT = text(f"""
update instructions set api_status = :printed, changed_at = now()
 where shop_id = :shop_id and cart_order_key = :key and {_WAITING}
""")


def awaiting_print(connection: Connection, shop_id: int) -> list[str]:
    """Return keys of orders the cart was not told we took (CNF-1)."""
    rows = connection.execute(_UNPRINTED, {"shop_id": shop_id, "left_out": _LEFT_OUT})
    return [row.key for row in rows]


def mark_printed(connection: Connection, shop_id: int, key: str) -> None:
    """Note that the cart knows we took the order (CNF-1)."""
    connection.execute(
        _PRINT,
        {
            "shop_id": shop_id,
            "key": key,
            "left_out": _LEFT_OUT,
            "printed": ApiStatus.PRINTED.value,
        },
    )


_UNCOMPLETED = text("""
select distinct cart_order_key as key from instructions
 where shop_id = :shop_id and api_status = 'tracking_returned' and completed_at is null
 order by 1
""")


def uncompleted(connection: Connection, shop_id: int) -> list[str]:
    """Return keys of orders with a returned part that are not completed yet (CMP-1)."""
    return [row.key for row in connection.execute(_UNCOMPLETED, {"shop_id": shop_id})]


def mark_completed(connection: Connection, shop_id: int, key: str) -> None:
    """Note that the order is in the folder of completed ones."""
    connection.execute(
        text(
            "update instructions set completed_at = now(), changed_at = now()"
            " where shop_id = :shop_id and cart_order_key = :key and completed_at is null"
            " and status <> 'cancelled'"
        ),
        {"shop_id": shop_id, "key": key},
    )


_SHIPPED = text("""
select distinct cart_order_key as key from instructions
 where shop_id = :shop_id and status = 'shipped' and api_status <> 'tracking_returned'
   and (return_blocked_at is null or :blocked_too)
   and (return_wanted_at is not null and :left_over_too
        or shipped_on between :first and :last)
 order by 1
""")


def shipped(
    connection: Connection, shop_id: int, first: date, last: date, *, named: bool
) -> list[str]:
    """Return keys of orders with a shipped part the cart may have to be told of (RET-1).

    Args: named: a person named the date: only that one, and also what was given up before.
    """
    rows = connection.execute(
        _SHIPPED,
        {
            "shop_id": shop_id,
            "first": first,
            "last": last,
            "blocked_too": named,
            "left_over_too": not named,
        },
    )
    return [row.key for row in rows]


def want_return(connection: Connection, ids: Sequence[int]) -> None:
    """Note that instructions are candidates; they stay so until they are returned (RET-1)."""
    connection.execute(
        text(
            "update instructions set return_wanted_at = coalesce(return_wanted_at, now()),"
            " return_blocked_at = null where id = any(:ids)"
        ),
        {"ids": list(ids)},
    )


def block_return(connection: Connection, instruction_id: int) -> None:
    """Note that an instruction can never be returned (RET-4)."""
    connection.execute(
        text(
            "update instructions set return_wanted_at = null, return_blocked_at = now()"
            " where id = :id"
        ),
        {"id": instruction_id},
    )


def mark_line_returned(connection: Connection, line_id: int) -> None:
    """Note that the cart knows this line left (RET-4)."""
    connection.execute(
        text(
            "update instruction_lines set returned_at = coalesce(returned_at, now()) where id = :id"
        ),
        {"id": line_id},
    )


def mark_returned(connection: Connection, instruction_id: int) -> None:
    """Note that the cart knows the whole instruction left (RET-4)."""
    connection.execute(
        text(
            "update instructions set api_status = 'tracking_returned', return_wanted_at = null,"
            " tracking_returned_at = coalesce(tracking_returned_at, now()), changed_at = now()"
            " where id = :id"
        ),
        {"id": instruction_id},
    )


@dataclass(frozen=True, slots=True)
class OpenPartKey:
    """An order with an open instruction (保留〜出荷待ち)."""

    key: str
    ordered_at: datetime


_OPEN = text("""
select cart_order_key as key, min(ordered_at) as ordered_at from instructions
 where shop_id = :shop_id and status in ('hold', 'awaiting_arrival', 'awaiting_shipment')
   and (cast(:keys as text[]) is null or cart_order_key = any(:keys))
 group by 1 order by 2, 1
""")


def open_orders(
    connection: Connection, shop_id: int, keys: Sequence[str] | None = None
) -> list[OpenPartKey]:
    """Return the orders sync_status looks at, oldest first."""
    rows = connection.execute(
        _OPEN, {"shop_id": shop_id, "keys": None if keys is None else list(keys)}
    )
    return [OpenPartKey(row.key, row.ordered_at) for row in rows]


_PER_DAY = text("""
select count(*) / greatest(
         1.0, extract(epoch from now() - coalesce(min(ordered_at), now())) / 86400.0) as per_day
  from import_tasks where shop_id = :shop_id and ordered_at > now() - interval '30 days'
""")


def orders_per_day(connection: Connection, shop_id: int) -> float:
    """Return how many orders the shop took a day lately."""
    return float(connection.execute(_PER_DAY, {"shop_id": shop_id}).scalar_one())
