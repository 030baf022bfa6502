"""The task list (タスク一覧): orders as they came."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

_TASK = """
select t.id, s.key as shop, t.cart_order_key as key, t.state, t.reason, t.ordered_at,
       t.listed_at, t.read_at, t.converted_at, t.retry_after,
       array(select i.number from instructions i
              where i.shop_id = t.shop_id and i.cart_order_key = t.cart_order_key
              order by i.part) as instructions
"""
_FROM = " from import_tasks t join shops s on s.id = t.shop_id where s.merchant_id = :merchant_id"
_LIST = text(
    _TASK
    + _FROM
    + """
   and (cast(:shop as text) is null or s.key = :shop)
   and (cast(:state as text) is null or t.state = :state)
 order by t.id
"""
)
_ONE = text(_TASK + ", t.raw" + _FROM + " and t.id = :id")
_TO_CONVERT = text(
    "select t.id, s.key as shop, t.cart_order_key as key, t.state"
    + _FROM
    + """
   and s.removed_at is null
   and (cast(:shop as text) is null or s.key = :shop)
   and (cast(:ids as bigint[]) is null and t.state in ('listed', 'waiting', 'failed')
        or t.id = any(:ids))
 order by s.key, t.id
"""
)


def list_tasks(
    connection: Connection, merchant_id: int, *, shop: str | None = None, state: str | None = None
) -> list[dict[str, object]]:
    """Return the tasks, oldest first, without the raw answers."""
    rows = connection.execute(_LIST, {"merchant_id": merchant_id, "shop": shop, "state": state})
    return [dict(row) for row in rows.mappings()]


def show_task(connection: Connection, merchant_id: int, task_id: int) -> dict[str, object] | None:
    """Return one task with the cart's own answer (`raw`)."""
    row = connection.execute(_ONE, {"merchant_id": merchant_id, "id": task_id})
    found = row.mappings().one_or_none()
    return None if found is None else dict(found)


def to_convert(
    connection: Connection,
    merchant_id: int,
    *,
    shop: str | None = None,
    ids: Sequence[int] | None = None,
) -> dict[str, dict[int, str]]:
    """Return order keys by task id and shop key: the named tasks, else all that are unfinished."""
    rows = connection.execute(
        _TO_CONVERT,
        {"merchant_id": merchant_id, "shop": shop, "ids": list(ids) if ids else None},
    )
    found: dict[str, dict[int, str]] = {}
    for row in rows:
        found.setdefault(row.shop, {})[row.id] = row.key
    return found


@dataclass(frozen=True, slots=True)
class RawTask:
    """One order with the cart's own answer."""

    id: int
    key: str
    raw: dict[str, object] = field(repr=False)


def latest_raw(connection: Connection, shop_id: int, *, limit: int) -> list[RawTask]:
    """Return the newest tasks of a shop whose whole answer is kept, newest first."""
    rows = connection.execute(
        text(
            "select id, cart_order_key, raw from import_tasks"
            " where shop_id = :shop_id and raw is not null order by id desc limit :most"
        ),
        {"shop_id": shop_id, "most": limit},
    )
    return [RawTask(row.id, row.cart_order_key, row.raw) for row in rows]
