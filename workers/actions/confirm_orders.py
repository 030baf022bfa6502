"""Confirm orders (確認ステータス更新), ShopServe only.

plan: orders the cart was not told about -> read in batches -> one item per order (CNF-3)
execute: set 確認済 unless it is -> the instructions become printed
"""

from collections.abc import Iterator

from adapters.postgres.engine.items import ClaimedItem
from adapters.postgres.engine.planned_items import NewItem
from adapters.postgres.engine.runs import ClaimedRun
from adapters.postgres.orders import order_parts
from domain.engine.retry import may_have_been_sent
from domain.engine.runs import ItemState
from domain.errors import Rejected, Undecodable
from domain.orders.confirmations import Confirmed, NotConfirmable, Verdict, judge
from workers.calls.work import ShopWork
from workers.engine.context import Outcome, Step, TakenAgain

NOTHING_LEFT = "nothing to confirm any more: printed, cancelled or returned here"


class ConfirmOrders(TakenAgain):
    """Implements ActionHandler for ShopServe."""

    def plan(self, work: ShopWork, run: ClaimedRun) -> Iterator[Step]:
        """See ActionHandler.plan."""
        replayed = run.replayed
        with work.database.begin() as connection:
            waiting = order_parts.awaiting_print(connection, work.shop.id)
        wanted = set(waiting if replayed is None else replayed)
        keys = [key for key in waiting if key in wanted]
        items = [_item(work, key, raw) for key, raw in work.read_batches(keys)]
        left = sorted(wanted.difference(keys))
        items += [NewItem(key, skipped=True, reason=NOTHING_LEFT) for key in left]
        yield Step(lambda _: items)

    def execute(self, work: ShopWork, item: ClaimedItem) -> Outcome:
        """See ActionHandler.execute. Twice is harmless: after a lost answer the cart is read."""
        confirmed = bool((item.payload or {}).get("confirmed"))
        if not confirmed and may_have_been_sent(item.attempts):
            verdict = _judged(work, item.key)
            if isinstance(verdict, NotConfirmable):
                return Outcome(ItemState.SKIPPED, verdict.reason)
            confirmed = isinstance(verdict, Confirmed)
        if not confirmed:
            try:
                work.shopserve.confirm_order(item.key)
            except Rejected:  # cancelled, perhaps, since the plan read it
                verdict = _judged(work, item.key)
                if isinstance(verdict, NotConfirmable):
                    return Outcome(ItemState.SKIPPED, verdict.reason)
                if not isinstance(verdict, Confirmed):
                    raise
        return Outcome(
            record=lambda connection: order_parts.mark_printed(connection, work.shop.id, item.key)
        )


def _judged(work: ShopWork, key: str) -> Verdict:
    raw = work.cart.read_order(key)
    return judge(None if raw is None else work.cart.decode(raw))


def _item(work: ShopWork, key: str, raw: dict[str, object] | None) -> NewItem:
    try:
        verdict = judge(None if raw is None else work.cart.decode(raw))
    except Undecodable:
        return NewItem(key)  # its status does not matter for a call that may be repeated
    if isinstance(verdict, NotConfirmable):
        return NewItem(key, skipped=True, reason=verdict.reason)
    return NewItem(key, payload={"confirmed": isinstance(verdict, Confirmed)})
