"""Complete orders (取引完了フォルダ移動), ShopServe only.

plan: orders with a returned part -> judged with the cart's own answer, read in batches
execute: move to the folder, unless it is there
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adapters.postgres.engine.api_log import LogLine
from adapters.postgres.engine.items import ClaimedItem
from adapters.postgres.engine.planned_items import NewItem
from adapters.postgres.engine.runs import ClaimedRun
from adapters.postgres.orders import order_parts
from adapters.postgres.orders.order_parts import Part
from adapters.postgres.orders.payment_classes import payment_table
from domain.engine.retry import may_have_been_sent
from domain.engine.runs import ItemState
from domain.errors import AlreadyDone, Undecodable
from domain.orders.cart_order import CartOrder
from domain.orders.completion import (
    Complete,
    InFolder,
    NotYet,
    PartFacts,
    Verdict,
    judge,
    judge_parts,
)
from domain.orders.payment_methods import PaymentTable
from workers.calls.work import ShopWork
from workers.engine.context import Outcome, Step, TakenAgain


class CompleteOrders(TakenAgain):
    """Implements ActionHandler for ShopServe."""

    def plan(self, work: ShopWork, run: ClaimedRun) -> Iterator[Step]:
        """See ActionHandler.plan. What is too early is listed, and looked at again (CMP-4)."""
        with work.database.begin() as connection:
            keys = run.replayed
            if keys is None:
                keys = order_parts.uncompleted(connection, work.shop.id)
            parts = order_parts.of_orders(connection, work.shop.id, keys)
            payments = payment_table(connection, work.shop.id)
        look = _Look(work, payments, [])
        items: list[NewItem] = []
        ready = []
        for key in keys:
            early = judge_parts(_facts(parts.get(key, [])))
            if early is None:
                ready.append(key)
            else:
                items.append(NewItem(key, skipped=True, reason=early.reason))
        for key, raw in work.read_batches(ready):
            items.append(look.item(key, raw, parts[key]))
        yield Step(lambda _: items, log=look.log)

    def execute(self, work: ShopWork, item: ClaimedItem) -> Outcome:
        """See ActionHandler.execute. Twice is harmless: after a lost answer the cart is read."""
        there = bool((item.payload or {}).get("there"))
        if not there and may_have_been_sent(item.attempts):
            verdict = self._judge_again(work, item.key)
            if isinstance(verdict, NotYet):
                return Outcome(ItemState.SKIPPED, verdict.reason)
            there = isinstance(verdict, InFolder)
        if not there:
            try:
                work.shopserve.complete_order(item.key)
            except AlreadyDone:
                verdict = self._judge_again(work, item.key)
                if not isinstance(verdict, InFolder):
                    raise
        return Outcome(
            record=lambda connection: order_parts.mark_completed(connection, work.shop.id, item.key)
        )

    def _judge_again(self, work: ShopWork, key: str) -> Verdict:
        cart = work.shopserve
        raw = cart.read_order(key)
        with work.database.begin() as connection:
            parts = order_parts.of_orders(connection, work.shop.id, [key]).get(key, [])
            payments = payment_table(connection, work.shop.id)
        return judge(_facts(parts), None if raw is None else cart.decode(raw), payments)


def _facts(parts: Sequence[Part]) -> list[PartFacts]:
    return [PartFacts(part.number, part.status, part.api_status) for part in parts]


@dataclass(frozen=True, slots=True)
class _Look:
    """What a plan makes of the cart's answers, and what it has to say."""

    work: ShopWork
    payments: PaymentTable
    log: list[LogLine]

    def item(self, key: str, raw: dict[str, object] | None, parts: Sequence[Part]) -> NewItem:
        """Return an order's item: to be moved, or listed with its reason."""
        try:
            order: CartOrder | None = None if raw is None else self.work.cart.decode(raw)
        except Undecodable as error:
            return NewItem(key, skipped=True, reason=f"its answer cannot be read: {error}")
        verdict = judge(_facts(parts), order, self.payments)
        if isinstance(verdict, NotYet):
            if verdict.needs_person:
                number = order.number if order else key
                self.log.append(LogLine(f"order {number}: {verdict.reason}", "warning", True))
            return NewItem(key, skipped=True, reason=verdict.reason)
        if isinstance(verdict, Complete) and verdict.note:
            self.log.append(LogLine(f"{key}: {verdict.note}"))
        return NewItem(key, payload={"there": isinstance(verdict, InFolder)})
