"""Import orders (出荷指示取得): a shop's list -> import tasks -> shipping instructions.

plan: read the windows of the list, register every order, move the cursor in the same transaction
execute: one order -> read it whole if needed -> judge -> convert by the shop's rules -> store
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from adapters.postgres.engine.api_log import LogLine
from adapters.postgres.engine.items import ClaimedItem
from adapters.postgres.engine.planned_items import NewItem
from adapters.postgres.engine.runs import ClaimedRun
from adapters.postgres.orders import import_tasks
from adapters.postgres.orders.import_tasks import ImportTask, Seen
from adapters.thebase.client import TheBaseCart
from domain.engine.cadence import TOKYO
from domain.engine.runs import ItemState, RunMode, Window
from domain.errors import BrokenRule, Undecodable
from domain.orders.cart_order import ListedOrder
from domain.orders.eligibility import (
    Skip,
    Take,
    TaskState,
    Verdict,
    judge_summary,
    judge_whole,
    may_look,
    next_look,
)
from domain.orders.windows import believed, difference_window, range_slices, slices
from workers.actions.order_conversion import ConvertedOrder, convert, record
from workers.actions.order_lists import OrderList
from workers.calls.work import ShopWork
from workers.engine.context import GivenUp, Outcome, Record, Step, nothing

ALREADY = "imported already"
CURSOR_PULLED_BACK = (
    "前回の取込位置がカートの現在時刻より後でした。時計のずれが疑われるため、取込位置を戻して読み直しました。"
    "renkei doctor で時計を確認してください。"
)
GONE = "the shop does not know this order any more"


class ImportOrders:
    """Implements ActionHandler for both carts."""

    def plan(self, work: ShopWork, run: ClaimedRun) -> Iterator[Step]:
        """See ActionHandler.plan."""
        keys = run.replayed
        if keys is not None:
            fresh = not run.request.get("stored")
            yield Step(lambda connection: _again(connection, work, keys, fresh=fresh))
        elif run.mode is RunMode.RANGE and run.window is not None:
            yield from self._range(work, run, run.window)
        else:
            yield self._difference(work, run)

    def _range(self, work: ShopWork, run: ClaimedRun, window: Window) -> Iterator[Step]:
        """One step per request of at most 7 days; resumes behind what was recorded (IMP-3)."""
        if run.read_until is not None:  # what was cut short has left orders, too (CLS-1)
            yield Step(partial(_register, work, run, OrderList(), left_over=True))
        for part in range_slices(work.shop.cart, window.since, window.until, work.clocks.later):
            if run.read_until is not None and part.until <= run.read_until:
                continue
            found = OrderList()
            found.read(work.cart, part)
            find = partial(_register, work, run, found)
            yield Step(find, read_until=part.until, log=found.log())

    def _difference(self, work: ShopWork, run: ClaimedRun) -> Step:
        """One step for the whole window: a list that was not read to its end moves nothing."""
        with work.database.begin() as connection:
            stored = import_tasks.read_cursor(connection, work.shop.id, work.action)
        clocks = work.clocks
        cursor = None if stored is None else believed(stored, clocks)
        overlap = timedelta(seconds=work.shop.overlap_s)
        window = difference_window(work.shop.cart, cursor=cursor, clocks=clocks, overlap=overlap)
        found = OrderList()
        for part in slices(window, work.shop.cart, clocks.later):
            found.read(work.cart, part)
        log = found.log()
        back = cursor != stored
        if back:
            log.append(LogLine(CURSOR_PULLED_BACK, "error", needs_person=True))
        # The list's own answers told what the cart's clock shows.
        clocks = replace(clocks, cart_ahead=work.clocks.cart_ahead)
        moved = found.cursor(work.shop.cart, window, cursor=cursor, clocks=clocks)

        def find(connection: Connection) -> Sequence[NewItem]:
            items = _register(work, run, found, connection, left_over=True)
            import_tasks.move_cursor(connection, work.shop.id, work.action, moved, back=back)
            return items

        return Step(find, window=window, log=log)

    def execute(self, work: ShopWork, item: ClaimedItem) -> Outcome:
        """See ActionHandler.execute. Twice is harmless: instructions are unique per order."""
        task = self._task(work, item)
        if task is None:
            return Outcome(ItemState.SKIPPED, "its task was removed")
        if task.state is TaskState.CONVERTED:
            return Outcome(ItemState.SKIPPED, ALREADY)
        raw = self._whole(work, task, stored=bool(item.request.get("stored")))
        if raw is None:
            # Said once it may be a slip of the cart, and the order would be lost: asked again.
            return _skipped(work, task, Skip(GONE, remember=task.reason != GONE))
        order = work.cart.decode(raw)
        with work.database.begin() as connection:
            made = convert(connection, work.shop, task, order)
        if isinstance(made, Skip):
            return _skipped(work, task, made)
        return _stored(work, made)

    def failed(self, work: ShopWork, item: ClaimedItem, given_up: GivenUp) -> Record:
        """See ActionHandler.failed."""
        subject = item.subject_id
        if subject is None:
            return nothing
        return lambda connection: import_tasks.set_state(
            connection,
            subject,
            TaskState.FAILED,
            reason=given_up.reason,
            retry_after=next_look(TaskState.FAILED, permanent=given_up.permanent, at=work.now()),
        )

    def _task(self, work: ShopWork, item: ClaimedItem) -> ImportTask | None:
        if item.subject_id is None:
            raise BrokenRule(f"{item.key}: no import task")
        with work.database.begin() as connection:
            return import_tasks.load(connection, item.subject_id)

    def _whole(self, work: ShopWork, task: ImportTask, *, stored: bool) -> dict[str, object] | None:
        """Return the whole order, read again where the stored answer is missing or old.

        Args: stored: an old answer is what was asked for (IMP-6).
        """
        if task.raw is not None and (stored or not task.needs_read):
            return task.raw
        raw = work.cart.read_order(task.key)
        if raw is not None:
            with work.database.begin() as connection:
                import_tasks.store_raw(connection, task.id, raw)
        return raw


def _stored(work: ShopWork, converted: ConvertedOrder) -> Outcome:
    log: list[LogLine] = []
    today = work.now().astimezone(TOKYO).date()

    def store(connection: Connection) -> None:
        # A commit that was lost is tried again, its lines are not written twice.
        log[:] = record(connection, work.shop, converted, today)

    return Outcome(record=store, log=log)


def _skipped(work: ShopWork, task: ImportTask, verdict: Skip) -> Outcome:
    state = TaskState.WAITING if verdict.remember else TaskState.SKIPPED
    news = verdict.needs_person and task.reason != verdict.reason
    return Outcome(
        ItemState.SKIPPED,
        verdict.reason,
        log=[LogLine(f"{task.key}: {verdict.reason}", "warning", True)] if news else [],
        record=lambda connection: import_tasks.set_state(
            connection,
            task.id,
            state,
            reason=verdict.reason,
            retry_after=next_look(state, permanent=False, at=work.now()),
        ),
    )


def _register(
    work: ShopWork,
    run: ClaimedRun,
    found: OrderList,
    connection: Connection,
    *,
    left_over: bool = False,
) -> list[NewItem]:
    """Make tasks and items of a list; every order seen is an item, taken or not (IMP-8).

    Args: left_over: take unfinished orders of earlier runs, too, each from a fresh read (IMP-5,
        IMP-12).
    """
    known = import_tasks.known(connection, work.shop.id, found.rows, unfinished=left_over)
    items: list[NewItem] = []
    seen: list[Seen] = []
    for key, row in found.rows.items():
        task = known.get(key)
        if task is not None and task.state is TaskState.CONVERTED:
            items.append(NewItem(key, skipped=True, reason=ALREADY))
        elif task is not None and not _may_look(work, run, task):
            items.append(NewItem(key, skipped=True, reason=_waits(task)))
        elif task is None or not task.lost_time:  # of those the row decides nothing
            _sort(work, row, items, seen)
    ids = import_tasks.register(connection, work.shop.id, seen)
    taken = [one.key for one in seen if one.state is TaskState.LISTED]
    items += [NewItem(key, subject_id=ids[key]) for key in taken if key in ids]
    others = [task for task in known.values() if task.lost_time or task.key not in found.rows]
    left = [task for task in others if _may_look(work, run, task)]
    if left:
        import_tasks.want_read(connection, [task.id for task in left])
    return items + [NewItem(task.key, subject_id=task.id) for task in left]


def _sort(work: ShopWork, row: ListedOrder, items: list[NewItem], seen: list[Seen]) -> None:
    verdict = _judge(work, row)
    raw = row.raw if row.whole else None
    if isinstance(verdict, Take):
        seen.append(Seen(row.key, row.ordered_at, TaskState.LISTED, raw))
        return
    items.append(NewItem(row.key, skipped=True, reason=verdict.reason))
    if verdict.remember:
        again = next_look(TaskState.WAITING, permanent=False, at=work.now())
        seen.append(Seen(row.key, row.ordered_at, TaskState.WAITING, raw, verdict.reason, again))


def _judge(work: ShopWork, row: ListedOrder) -> Verdict:
    """Judge a row; one that cannot be read is taken, so that its item fails with the reason."""
    try:
        if row.whole:
            return judge_whole(work.cart.decode(row.raw))
        if isinstance(work.cart, TheBaseCart):
            return judge_summary(work.cart.summary(row.raw))
    except Undecodable:
        return Take()
    return Take()


def _again(
    connection: Connection, work: ShopWork, keys: Sequence[str], *, fresh: bool
) -> list[NewItem]:
    tasks = import_tasks.known(connection, work.shop.id, keys).values()
    if fresh:
        import_tasks.want_read(connection, [task.id for task in tasks])
    return [NewItem(task.key, subject_id=task.id) for task in tasks]


def _may_look(work: ShopWork, run: ClaimedRun, task: ImportTask) -> bool:
    return may_look(task.retry_after, run.mode, work.now())


def _waits(task: ImportTask) -> str:
    at = task.retry_after.isoformat(timespec="minutes") if task.retry_after else ""
    return f"{task.reason} (looked at again after {at})"
