"""Returning an instruction to BASE: one call per line, or one per deferred order (RET-3)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from adapters.postgres.engine import effects
from adapters.postgres.orders import order_parts
from adapters.postgres.orders.order_parts import Part, PartLine
from domain.actions import ACTIONS, Action
from domain.carts.cart import Cart
from domain.carts.ports import CartParcel
from domain.errors import Rejected
from domain.orders.cart_order import CartOrder
from domain.shipments.candidates import EffectKind, ReturnOutcome, outcome
from domain.shipments.dispatches import (
    BasePlan,
    ShipDeferred,
    deferred_happened,
    dispatch_happened,
)
from workers.actions.return_shipments.checks import Ready, Returned
from workers.calls.effects import EffectLedger, Reading
from workers.calls.work import ShopWork
from workers.engine.context import Record, nothing

_DEADLINE_S = ACTIONS[Action.RETURN_SHIPMENTS].deadline_s(Cart.BASE)


def return_to_base(
    work: ShopWork, order: CartOrder, read_at: datetime, ready: Ready[BasePlan]
) -> Returned:
    """Tell BASE what is missing, line by line; a refused line does not stop the others (RET-4)."""
    part, plan = ready.part, ready.plan
    lines = {line.key: line for line in part.lines}
    _note_done(work, [lines[key] for key in plan.done])
    if part.deferred and deferred_happened(order):
        _note_seen(work, EffectKind.DEFERRED, [order.key])
    failures: list[str] = list(plan.unclear)
    for step, parcel in ready.sends(plan.steps):
        send = _Sending(work, order, read_at, parcel)
        try:
            if isinstance(step, ShipDeferred):
                send.deferred(step.line)
            else:
                send.line(lines[step.line])
        except Rejected as error:
            failures.append(f"line {step.line}: {error}")
    return _ended(work, part, failures, list(plan.problems), list(plan.notes))


def _ended(
    work: ShopWork, part: Part, failures: list[str], problems: list[str], notes: list[str]
) -> Returned:
    ended = outcome(failed_steps=len(failures), problems=len(problems))
    with work.database.begin() as connection:
        if ended is ReturnOutcome.RETURNED:
            order_parts.mark_returned(connection, part.id)
        elif ended is ReturnOutcome.IMPOSSIBLE:
            order_parts.block_return(connection, part.id)
    return Returned("; ".join([*failures, *problems]), notes)


@dataclass(frozen=True, slots=True)
class _Sending:
    """Sends one effect of one order through the ledger."""

    work: ShopWork
    order: CartOrder
    read_at: datetime
    parcel: CartParcel

    def line(self, line: PartLine) -> None:
        """Set one line dispatched."""
        self._once(
            EffectKind.DISPATCH,
            line.key,
            lambda: self.work.base.dispatch_line(line.key, self.parcel),
            lambda order: dispatch_happened(order, line.key),
            lambda connection: order_parts.mark_line_returned(connection, line.id),
        )

    def deferred(self, line_key: str) -> None:
        """Make the one call of a deferred order, on one of its lines."""
        self._once(
            EffectKind.DEFERRED,
            self.order.key,
            lambda: self.work.base.ship_deferred(line_key, self.parcel),
            deferred_happened,
            nothing,
        )

    def _once(
        self,
        kind: EffectKind,
        key: str,
        send: Callable[[], None],
        shows: Callable[[CartOrder], bool],
        record: Record,
    ) -> None:
        EffectLedger(self.work, _DEADLINE_S).once(
            kind,
            key,
            send,
            Reading(self.read_at, self.order, shows),
            record,
        )


def _note_done(work: ShopWork, lines: list[PartLine]) -> None:
    """A line found already dispatched in the cart counts as done (RET-3)."""
    if lines:
        with work.database.begin() as connection:
            for line in lines:
                order_parts.mark_line_returned(connection, line.id)
        _note_seen(work, EffectKind.DISPATCH, [line.key for line in lines])


def _note_seen(work: ShopWork, kind: EffectKind, keys: list[str]) -> None:
    """Settle effects whose answer was lost and which the order, read just now, shows."""
    with work.database.begin() as connection:
        effects.note_seen(connection, work.shop.id, kind, keys)
