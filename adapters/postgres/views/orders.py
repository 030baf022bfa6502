"""Shipping instructions (出荷指示) as people and programs see them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from adapters.postgres.orders.statuses import UNRETURNED
from adapters.postgres.statement import Statement
from domain.warehouse.targets import Named, Target, the_one

_PERSON = ("name", "postal_code", "address", "tel")

# In the order of interfaces.md, with what is ours at the end; what is null here is filled in below.
_INSTRUCTIONS = """
select i.id, i.number, s.key as shop, i.cart_order_key, i.part, i.status, null as hold_reasons,
       i.allocated, i.payment, i.api_status, i.ordered_at, i.payment_method, i.delivery_method,
       i.total_yen, i.shipping_fee_yen, i.discount_yen, i.tax_yen, i.custom, i.buyer, i.recipient,
       null as lines, i.tracking_number, i.shipped_on, i.completed_at, i.wished_date, i.wished_time,
       i.remarks, i.methods, i.gift, i.fee_yen, i.points_yen, i.adjustment_yen, i.shipped_method,
       i.tracking_returned_at, i.imported_at, i.holds, i.cart_cancel,
       s.removed_at is not null as shop_removed
  from instructions i join shops s on s.id = i.shop_id
 where i.merchant_id = :merchant_id
"""
_LIST = Statement[dict[str, Any]](f"""{_INSTRUCTIONS}
   and (cast(:shop as text) is null or s.key = :shop)
   and (cast(:status as text) is null or i.status = :status)
   and (not :unreturned or {UNRETURNED})
 order by i.ordered_at, i.id
""")
_BY_NUMBER = Statement[Named]("""
select i.id, i.number, i.shop_id, s.key as shop, s.removed_at is not null as shop_removed,
       i.cart_order_key, i.part
  from instructions i join shops s on s.id = i.shop_id
 where i.merchant_id = :merchant_id and i.number = :number
 order by i.id
""")
_BY_ID = Statement[dict[str, Any]](f"{_INSTRUCTIONS} and i.id = any(:ids)")
_PAGE = Statement[dict[str, Any]](f"""{_INSTRUCTIONS}
   and i.id > :after
   and (cast(:shop as text) is null or s.key = :shop)
   and (cast(:status as text) is null or i.status = :status)
   and (cast(:number as text) is null or i.number = :number)
   and (cast(:key as text) is null or i.cart_order_key = :key)
   and (cast(:since as timestamptz) is null or i.ordered_at >= :since)
   and (cast(:changed_since as timestamptz) is null or i.changed_at >= :changed_since)
   and (not :unreturned or {UNRETURNED})
 order by i.id limit :most
""")
_LINES = Statement[dict[str, Any]]("""
select l.instruction_id, k.code as sku, l.name, l.quantity, l.unit_price_yen, l.options_yen,
       l.total_yen, l.tax_rate, l.custom, l.options
  from instruction_lines l join skus k on k.id = l.sku_id
 where l.instruction_id = any(:ids)
 order by l.instruction_id, l.position
""")


def list_orders(
    connection: Connection,
    merchant_id: int,
    *,
    shop: str | None = None,
    status: str | None = None,
    unreturned: bool = False,
) -> list[dict[str, object]]:
    """Return instructions with their lines, oldest order first.

    Args: unreturned: only what was shipped and the cart does not know of (RET-1).
    """
    rows = _LIST.all(
        connection, merchant_id=merchant_id, shop=shop, status=status, unreturned=unreturned
    )
    return _with_lines(connection, rows)


def find_order(connection: Connection, merchant_id: int, target: Target) -> dict[str, object]:
    """Return the instruction that is meant. Raises: UnknownInstruction, AmbiguousNumber."""
    found = _BY_NUMBER.all(connection, merchant_id=merchant_id, number=target.number)
    return orders_by_id(connection, merchant_id, [the_one(target, found).id])[0]


def orders_by_id(
    connection: Connection, merchant_id: int, ids: Sequence[int]
) -> list[dict[str, object]]:
    """Return instructions in the order of their ids."""
    rows = _BY_ID.all(connection, merchant_id=merchant_id, ids=list(ids))
    found = {row["id"]: row for row in rows}
    return _with_lines(connection, [found[one] for one in ids if one in found])


@dataclass(frozen=True, slots=True)
class Filter:
    """Which instructions a program asks for; None = all.

    Attributes:
        since: ordered then or later.
        changed_since: changed here then or later.
        unreturned: shipped, and the cart does not know of it (RET-1).
    """

    shop: str | None = None
    status: str | None = None
    number: str | None = None
    key: str | None = None
    since: datetime | None = None
    changed_since: datetime | None = None
    unreturned: bool = False


def page_orders(
    connection: Connection, merchant_id: int, wanted: Filter, *, after: int, most: int
) -> tuple[list[dict[str, object]], int | None]:
    """Return instructions in the order they were imported, and where the next page begins.

    Args: after: what the page before returned; 0 = the first page.
    """
    found = _PAGE.all(
        connection, merchant_id=merchant_id, after=after, most=most + 1, **asdict(wanted)
    )
    following = found[most - 1]["id"] if len(found) > most else None
    return _with_lines(connection, found[:most]), following


def _with_lines(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, object]]:
    """Return the documents that rows become."""
    lines: dict[int, list[dict[str, object]]] = {row["id"]: [] for row in rows}
    for line in _LINES.all(connection, ids=list(lines)):
        lines[line.pop("instruction_id")].append(line)
    for row in rows:
        row["hold_reasons"] = list(dict.fromkeys(hold["reason"] for hold in row["holds"]))
        row["buyer"] = _known(row["buyer"], (*_PERSON, "email"))
        row["recipient"] = _known(row["recipient"], _PERSON)
        row["lines"] = lines[row.pop("id")]
        # ShopServe names one method, and a rule may name one where the cart named none.
        row["methods"] = row["methods"] or (
            [row["delivery_method"]] if row["delivery_method"] else []
        )
    return list(rows)


def _known(person: dict[str, str], names: Iterable[str]) -> dict[str, object]:
    """Return a contact in the order people write one; jsonb keeps none."""
    return {name: person.get(name, "") for name in names}
