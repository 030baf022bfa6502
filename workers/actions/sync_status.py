"""Sync status (ステータス同期): payments and cancellations of open orders, from the cart to us.

plan: open orders -> ShopServe in batches, BASE by list pages (STS-8) -> items for what differs
execute: decide again on locked rows, in the transaction that records the changes
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.engine import dead_letters
from adapters.postgres.engine.api_log import LogLine
from adapters.postgres.engine.items import ClaimedItem
from adapters.postgres.engine.planned_items import NewItem
from adapters.postgres.engine.runs import ClaimedRun
from adapters.postgres.orders import import_tasks, order_parts, status_changes
from adapters.postgres.orders.order_parts import Part
from adapters.postgres.orders.payment_classes import payment_table
from adapters.shopserve.wire.payments import listed
from adapters.thebase.client import TheBaseCart
from domain.carts.cart import Cart
from domain.engine.runs import ItemState, RunMode
from domain.errors import Undecodable
from domain.orders.cancellations import CancelSeen, CancelTakenBack
from domain.orders.cart_order import CartOrder, OrderSummary
from domain.orders.instructions import ApiStatus
from domain.orders.payment_methods import PaymentTable
from domain.orders.readings import OpenOrder, base_read_plan
from domain.orders.statuses import (
    AwaitPayment,
    Cancel,
    Change,
    FillDeliveryMethod,
    InstructionFacts,
    MarkPaid,
    NeedsAttention,
    ReportPartlyCancelled,
    decide_sync,
    needs_whole,
)
from workers.calls.work import ShopWork
from workers.engine.context import Outcome, Step, TakenAgain

Answer = CartOrder | OrderSummary | None
_REAL = (MarkPaid, AwaitPayment, FillDeliveryMethod, Cancel)


class SyncStatus(TakenAgain):
    """Implements ActionHandler for both carts."""

    def plan(self, work: ShopWork, run: ClaimedRun) -> Iterator[Step]:
        """See ActionHandler.plan. An order the cart tells nothing new about is no item."""
        with work.database.begin() as connection:
            wanted = run.replayed
            opened = order_parts.open_orders(connection, work.shop.id, wanted)
            keys = [order.key for order in opened]
            parts = order_parts.of_orders(connection, work.shop.id, keys)
            totals = import_tasks.totals(connection, work.shop.id, keys)
            per_day = order_parts.orders_per_day(connection, work.shop.id)
            payments = payment_table(connection, work.shop.id)
        if work.shop.cart is Cart.BASE:
            found = _read_base(
                work, [OpenOrder(order.key, order.ordered_at) for order in opened], per_day
            )
        else:
            found = {key: _Row(raw) for key, raw in work.read_batches(keys)}
        repeat = run.mode is not RunMode.SCHEDULED
        looked_at = {
            key: _item(_Known(work, payments, parts[key], totals.get(key)), key, row, repeat=repeat)
            for key, row in found.items()
            if key in parts
        }

        def find(connection: Connection) -> Sequence[NewItem]:
            unchanged = [key for key, item in looked_at.items() if item is None]
            dead_letters.close(connection, work.shop.id, work.action, unchanged)
            return [item for item in looked_at.values() if item is not None]

        yield Step(find)

    def execute(self, work: ShopWork, item: ClaimedItem) -> Outcome:
        """See ActionHandler.execute. Twice is harmless: changes only go forward (STS-7)."""
        answer = _answer(work, item)
        with work.database.begin() as connection:
            parts = order_parts.of_orders(connection, work.shop.id, [item.key]).get(item.key, [])
            total = import_tasks.totals(connection, work.shop.id, [item.key]).get(item.key)
            payments = payment_table(connection, work.shop.id)
        known = _Known(work, payments, parts, total)
        if isinstance(answer, OrderSummary) and known.wants_whole(answer):
            raw = work.cart.read_order(item.key)
            answer = None if raw is None else work.cart.decode(raw)
        changes = [change for part in parts for change in known.changes(part, answer)]
        log: list[LogLine] = []
        if any(isinstance(change, _REAL) for change in changes):
            state, reason = ItemState.SUCCEEDED, ""
        else:
            state = ItemState.SKIPPED
            reason = "; ".join(_message(change) for change in changes) or "nothing to change"
        repeat = item.mode is not RunMode.SCHEDULED
        applied = _Applied(work, item.key, answer, log, repeat=repeat)
        return Outcome(state, reason, record=applied.record, log=log)


@dataclass(frozen=True, slots=True)
class _Row:
    """What a plan read of one order: whole, a list row, or (None) that it has to be read."""

    raw: dict[str, object] | None
    summary: bool = False
    unread: bool = False


def _read_base(work: ShopWork, opened: Sequence[OpenOrder], per_day: float) -> Mapping[str, _Row]:
    """Read BASE's open orders with the fewest calls (STS-8); what no page names is read later."""
    reading = base_read_plan(opened, orders_per_day=per_day)
    rows: dict[str, _Row] = {}
    for window in reading.windows:
        for page in work.cart.list_orders(window):
            rows.update({row.key: _Row(row.raw, summary=True) for row in page})
    return {order.key: rows.get(order.key, _Row(None, unread=True)) for order in opened}


@dataclass(frozen=True, slots=True)
class _Known:
    """What we know of one order: its instructions, and the total the cart last told."""

    work: ShopWork
    payments: PaymentTable
    parts: Sequence[Part]
    total_yen: int | None

    def wants_whole(self, row: OrderSummary) -> bool:
        """Tell whether a list row is not enough to decide."""
        return any(
            needs_whole(self.facts(part), row, cart_total_yen=self.total_yen) for part in self.parts
        )

    def changes(self, part: Part, answer: Answer) -> tuple[Change, ...]:
        """Return what the cart's answer changes about one instruction."""
        return decide_sync(self.facts(part), answer, self.payments)

    def facts(self, part: Part) -> InstructionFacts:
        """Return what deciding about one instruction needs."""
        told = (part.payment_method, part.payment_name)
        return InstructionFacts(
            cart=self.work.shop.cart,
            number=part.number,
            status=part.status,
            payment=part.payment,
            holds=part.holds,
            allocated=part.allocated,
            delivery_method=part.delivery_method,
            destination=part.destination,
            line_keys=tuple(line.cart_line_key for line in part.lines),
            method_known=self.payments.meaning(told, listed(*told)) is not None,
            shop=self.work.shop.key,
            returned=part.api_status is ApiStatus.TRACKING_RETURNED,
            cart_cancel=part.cart_cancel,
        )


def _item(known: _Known, key: str, row: _Row, *, repeat: bool) -> NewItem | None:
    """Return an item if the answer changes something or has to be read; None if all is known."""
    if row.unread:
        return NewItem(key)
    payload = {"summary" if row.summary else "order": row.raw} if row.raw else {"unknown": True}
    try:
        answer = _decoded(known.work, row.raw, summary=row.summary)
    except Undecodable:
        return NewItem(key, payload=payload)
    if isinstance(answer, OrderSummary) and known.wants_whole(answer):
        return NewItem(key, payload=payload)
    new = [
        change
        for part in known.parts
        for change in known.changes(part, answer)
        if isinstance(change, _REAL) or repeat or _message(change) != part.reported
    ]
    return NewItem(key, payload=payload) if new else None


def _answer(work: ShopWork, item: ClaimedItem) -> Answer:
    """Return what the cart says, from the plan's reading or a fresh one."""
    if (item.payload or {}).get("unknown"):
        return None
    for name in ("order", "summary"):
        raw = (item.payload or {}).get(name)
        if isinstance(raw, dict):
            return _decoded(work, raw, summary=name == "summary")
    raw = work.cart.read_order(item.key)
    return None if raw is None else work.cart.decode(raw)


def _decoded(work: ShopWork, raw: dict[str, object] | None, *, summary: bool) -> Answer:
    if raw is None:
        return None
    if summary and isinstance(work.cart, TheBaseCart):
        return work.cart.summary(raw)
    return work.cart.decode(raw)


def _message(change: Change) -> str:
    return "" if isinstance(change, _REAL) else change.message


@dataclass(frozen=True, slots=True)
class _Applied:
    """Carries out what is decided on the locked rows of one order."""

    work: ShopWork
    key: str
    answer: Answer
    log: list[LogLine]
    repeat: bool

    def record(self, connection: Connection) -> None:
        """Decide again on rows nobody else can change now, and record it (STS-7)."""
        self.log.clear()  # a commit that was lost is tried again
        shop_id = self.work.shop.id
        if isinstance(self.answer, CartOrder):
            import_tasks.note_total(connection, shop_id, self.key, self.answer.charges.total_yen)
        locked = order_parts.of_orders(connection, shop_id, [self.key], lock=True)
        known = _Known(self.work, payment_table(connection, shop_id), (), None)
        cancelled: list[tuple[Part, Cancel]] = []
        for part in locked.get(self.key, []):
            for change in known.changes(part, self.answer):
                if isinstance(change, Cancel):
                    cancelled.append((part, change))
                else:
                    self._apply(connection, part, change)
        self._cancel(connection, cancelled)

    def _apply(self, connection: Connection, part: Part, change: Change) -> None:
        if isinstance(change, MarkPaid):
            status_changes.set_paid(connection, part, change.status, change.holds)
        elif isinstance(change, AwaitPayment):
            status_changes.set_holds(connection, part, change.status, change.holds)
        elif isinstance(change, FillDeliveryMethod):
            status_changes.set_method(connection, part, change.method, change.status, change.holds)
        elif isinstance(change, CancelSeen | CancelTakenBack):
            self._late(connection, part, change)
        elif isinstance(change, Cancel):  # carried out together, see _cancel
            return
        elif self.repeat or change.message != part.reported:
            needs_person = isinstance(change, NeedsAttention | ReportPartlyCancelled)
            self.log.append(LogLine(change.message, "warning", needs_person=needs_person))
            status_changes.note_reported(connection, part.id, change.message)

    def _late(
        self, connection: Connection, part: Part, change: CancelSeen | CancelTakenBack
    ) -> None:
        """Have a person decide, or not any more; said once (STS-10)."""
        if isinstance(change, CancelTakenBack):
            status_changes.take_cancel_back(connection, part.id)
            self.log.append(LogLine(change.message))
        elif status_changes.see_cancelled(connection, part.id):
            self.log.append(LogLine(change.message, "error", needs_person=True))

    def _cancel(self, connection: Connection, cancelled: Sequence[tuple[Part, Cancel]]) -> None:
        """Cancel parts together, so that their SKUs are locked in one order (counts.py)."""
        if not cancelled:
            return
        later = any(change.recalculate_later for _, change in cancelled)
        parts = [part for part, _ in cancelled]
        status_changes.cancel(connection, self.work.shop.id, parts, give_back_now=not later)
        self.log.extend(
            LogLine(f"{part.number}: キャンセルのため引当を解除しました。", "warning", True)
            for part, change in cancelled
            if change.release_allocation
        )
