"""The task list (タスク一覧): orders as they came."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from adapters.postgres.orders.import_tasks import UNFINISHED
from adapters.postgres.statement import Statement

_TASK = """
select t.id, s.key as shop, t.cart_order_key as key, t.state, t.reason, t.ordered_at,
       t.listed_at, t.read_at, t.converted_at, t.retry_after,
       s.removed_at is not null as shop_removed,
       array(select i.number from instructions i
              where i.shop_id = t.shop_id and i.cart_order_key = t.cart_order_key
              order by i.part) as instructions
"""
_FROM = "from import_tasks t join shops s on s.id = t.shop_id where s.merchant_id = :merchant_id"
_LIST = Statement[dict[str, object]](f"""{_TASK} {_FROM}
   and (cast(:shop as text) is null or s.key = :shop)
   and (cast(:state as text) is null or t.state = :state)
 order by t.id
""")
_ONE = Statement[dict[str, object]](f"{_TASK}, t.raw {_FROM} and t.id = :id")
_TO_CONVERT = Statement[tuple[str, int, str]](f"""
select s.key, t.id, t.cart_order_key {_FROM}
   and s.removed_at is null
   and (cast(:shop as text) is null or s.key = :shop)
   and (cast(:ids as bigint[]) is null and t.state in {UNFINISHED} or t.id = any(:ids))
 order by s.key, t.id
""")


def list_tasks(
    connection: Connection, merchant_id: int, *, shop: str | None = None, state: str | None = None
) -> list[dict[str, object]]:
    """Return the tasks, oldest first, without the raw answers."""
    return _LIST.all(connection, merchant_id=merchant_id, shop=shop, state=state)


def show_task(connection: Connection, merchant_id: int, task_id: int) -> dict[str, object] | None:
    """Return one task with the cart's own answer (`raw`)."""
    return _ONE.first(connection, merchant_id=merchant_id, id=task_id)


def to_convert(
    connection: Connection,
    merchant_id: int,
    *,
    shop: str | None = None,
    ids: Sequence[int] | None = None,
) -> dict[str, dict[int, str]]:
    """Return order keys by task id and shop key: the named tasks, else all that are unfinished."""
    found: dict[str, dict[int, str]] = {}
    for shop_key, task_id, key in _TO_CONVERT.all(
        connection, merchant_id=merchant_id, shop=shop, ids=list(ids) if ids else None
    ):
        found.setdefault(shop_key, {})[task_id] = key
    return found


@dataclass(frozen=True, slots=True)
class RawTask:
    """One order with the cart's own answer."""

    id: int
    key: str
    raw: dict[str, object] = field(repr=False)


_LATEST = Statement[RawTask]("""
select id, cart_order_key as key, raw from import_tasks
 where shop_id = :shop_id and raw is not null order by id desc limit :most
""")


def latest_raw(connection: Connection, shop_id: int, *, limit: int) -> list[RawTask]:
    """Return the newest tasks of a shop whose whole answer is kept, newest first."""
    return _LATEST.all(connection, shop_id=shop_id, most=limit)
