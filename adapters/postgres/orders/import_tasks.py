"""Import tasks (タスク一覧): every order a shop named, with its raw answer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from adapters.postgres.statement import Statement, storable, words
from domain.actions import Action
from domain.orders.eligibility import TaskState
from domain.orders.windows import ListCursor


@dataclass(frozen=True, slots=True)
class ImportTask:
    """One order of one shop on its way to becoming instructions.

    Attributes:
        split: part by line key, as its lines were split before (IMP-10); None = they never were.
        lost_time: it may have been taken over in a time the database has lost (PLC-2).
        raw: the whole answer, None where it was not read yet.
    """

    id: int
    key: str
    state: TaskState
    needs_read: bool
    retry_after: datetime | None
    reason: str
    lost_time: bool = False
    raw: dict[str, object] | None = field(repr=False, default=None)
    split: dict[str, int] | None = None


_COLUMNS = "id, cart_order_key as key, state, needs_read, retry_after, reason, lost_time"
UNFINISHED = words((TaskState.LISTED, TaskState.WAITING, TaskState.FAILED))

_KNOWN = Statement[ImportTask](f"""
select {_COLUMNS} from import_tasks where shop_id = :shop_id and cart_order_key = any(:keys)
union
select {_COLUMNS} from import_tasks
 where :unfinished and shop_id = :shop_id and state in {UNFINISHED}
 order by id
""")
# Parts that exist are never split again (IMP-10), so their lines tell the split, too.
_LOAD = Statement[ImportTask](f"""
select {_COLUMNS}, raw, coalesce(split, (
         select jsonb_object_agg(l.cart_line_key, i.part)
           from instructions i join instruction_lines l on l.instruction_id = i.id
          where i.shop_id = t.shop_id and i.cart_order_key = t.cart_order_key)) as split
  from import_tasks t where id = :id
""")


def known(
    connection: Connection, shop_id: int, keys: Collection[str], *, unfinished: bool = False
) -> dict[str, ImportTask]:
    """Return the tasks of these orders by key, oldest first, without their raw answers.

    Args: unfinished: and every task that is neither converted nor skipped.
    """
    tasks = _KNOWN.all(connection, shop_id=shop_id, keys=list(keys), unfinished=unfinished)
    return {task.key: task for task in tasks}


def load(connection: Connection, task_id: int) -> ImportTask | None:
    """Return one task with its raw answer."""
    return _LOAD.first(connection, id=task_id)


@dataclass(frozen=True, slots=True)
class Seen:
    """One order of a list that becomes, or stays, a task.

    Attributes:
        raw: the whole order where the list holds it.
        state: `listed`, or `waiting` for one to be looked at again.
    """

    key: str
    ordered_at: datetime | None
    state: TaskState
    raw: Mapping[str, object] | None = field(repr=False, default=None)
    reason: str = ""
    retry_after: datetime | None = None


_REGISTER = Statement[tuple[str, int]]("""
insert into import_tasks
       (shop_id, cart_order_key, state, raw, needs_read, ordered_at, reason, retry_after, read_at)
select :shop_id, n.key, n.state, cast(n.raw as jsonb), n.raw is null, n.ordered_at, n.reason,
       n.retry_after, case when n.raw is not null then now() end
  from unnest(cast(:keys as text[]), cast(:states as text[]), cast(:raws as text[]),
              cast(:ordered as timestamptz[]), cast(:reasons as text[]),
              cast(:retries as timestamptz[]))
       as n(key, state, raw, ordered_at, reason, retry_after)
on conflict (shop_id, cart_order_key) do update
   set state = excluded.state, raw = coalesce(excluded.raw, import_tasks.raw),
       needs_read = excluded.needs_read,
       -- Listed again, it keeps what was said of it: the same is not said twice.
       reason = coalesce(nullif(excluded.reason, ''), import_tasks.reason),
       retry_after = excluded.retry_after,
       read_at = coalesce(excluded.read_at, import_tasks.read_at)
 where import_tasks.state <> 'converted'
returning cart_order_key, id
""")


def register(connection: Connection, shop_id: int, seen: Sequence[Seen]) -> dict[str, int]:
    """Make or refresh the tasks of listed orders; returns ids by key. Converted ones stay."""
    if not seen:
        return {}
    return dict(
        _REGISTER.all(
            connection,
            shop_id=shop_id,
            keys=[one.key for one in seen],
            states=[one.state for one in seen],
            raws=[None if one.raw is None else storable(one.raw) for one in seen],
            ordered=[one.ordered_at for one in seen],
            reasons=[one.reason for one in seen],
            retries=[one.retry_after for one in seen],
        )
    )


_WANT_READ = Statement[None]("update import_tasks set needs_read = true where id = any(:ids)")
_STORE_RAW = Statement[None]("""
update import_tasks set raw = cast(:raw as jsonb), needs_read = false, read_at = now()
 where id = :id
""")
_SET_STATE = Statement[None]("""
update import_tasks set state = :state, reason = :reason, retry_after = :retry_after
 where id = :id and state <> 'converted'
""")
_CONVERTED = Statement[None]("""
update import_tasks
   set state = 'converted', reason = '', retry_after = null, cart_total_yen = :total,
       split = coalesce(split, cast(:split as jsonb)), lost_time = false,
       converted_at = case when state = 'converted' then converted_at else now() end
 where id = :id
""")


def want_read(connection: Connection, ids: Collection[int]) -> None:
    """Have these orders read again before they are converted (IMP-12: from a fresh read)."""
    _WANT_READ.run(connection, ids=list(ids))


def store_raw(connection: Connection, task_id: int, raw: Mapping[str, object]) -> None:
    """Keep the whole answer, before anything is made of it (IMP-6)."""
    _STORE_RAW.run(connection, id=task_id, raw=storable(raw))


def set_state(
    connection: Connection,
    task_id: int,
    state: TaskState,
    *,
    reason: str = "",
    retry_after: datetime | None = None,
) -> None:
    """Move a task on, but not to `converted`; a converted one stays so."""
    _SET_STATE.run(
        connection, id=task_id, state=state, reason=reason[:2000], retry_after=retry_after
    )


def note_converted(
    connection: Connection, task_id: int, total_yen: int, split: Mapping[str, int]
) -> None:
    """Note that an order has become instructions.

    Args:
        total_yen: its total as it was read.
        split: part by line key; a split that is kept already stays (IMP-10).
    """
    _CONVERTED.run(connection, id=task_id, total=total_yen, split=storable(dict(split)))


_LOOK_NOW = Statement[None]("""
update import_tasks set retry_after = null where shop_id = :shop_id and state = 'waiting'
""")


def look_now(connection: Connection, shop_id: int) -> None:
    """Have the next run look at every order that waits for the shop (IMP-5)."""
    _LOOK_NOW.run(connection, shop_id=shop_id)


_READ_CURSOR = Statement[ListCursor]("""
select position, newest_ordered_at, moved_at from cursors
 where shop_id = :shop_id and action = :action
""")
_MOVE_CURSOR = Statement[None]("""
insert into cursors (shop_id, action, position, newest_ordered_at)
values (:shop_id, :action, :position, :newest)
on conflict (shop_id, action) do update
   set position = case when :back then excluded.position
                       else greatest(cursors.position, excluded.position) end,
       newest_ordered_at = excluded.newest_ordered_at, moved_at = now()
""")


def read_cursor(connection: Connection, shop_id: int, action: Action) -> ListCursor | None:
    """Return how far the shop's list was read, None before the first complete run."""
    return _READ_CURSOR.first(connection, shop_id=shop_id, action=action)


def move_cursor(
    connection: Connection, shop_id: int, action: Action, to: ListCursor, *, back: bool
) -> None:
    """Move the cursor (IMP-4). Args: back: also backwards, since it was not believed (CLK-2)."""
    _MOVE_CURSOR.run(
        connection,
        shop_id=shop_id,
        action=action,
        position=to.position,
        newest=to.newest_ordered_at,
        back=back,
    )


_NOTE_TOTAL = Statement[None]("""
update import_tasks set cart_total_yen = :total
 where shop_id = :shop_id and cart_order_key = :key and cart_total_yen is distinct from :total
""")
_TOTALS = Statement[tuple[str, int]]("""
select cart_order_key, cart_total_yen from import_tasks
 where shop_id = :shop_id and cart_order_key = any(:keys) and cart_total_yen is not null
""")


def note_total(connection: Connection, shop_id: int, key: str, total_yen: int) -> None:
    """Remember the total of an order that was just read whole."""
    _NOTE_TOTAL.run(connection, shop_id=shop_id, key=key, total=total_yen)


def totals(connection: Connection, shop_id: int, keys: Collection[str]) -> dict[str, int]:
    """Return the remembered totals by key."""
    return dict(_TOTALS.all(connection, shop_id=shop_id, keys=list(keys)))
