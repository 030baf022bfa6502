"""Full compare (全件比較, STK-6): read what the shop shows, push only what differs.

plan: what waits for a push, as any run -> page of the shop's list -> offers of now -> what differs
beat -> start_nightly, yield_to_changed (changed SKUs overtake a compare that is under way)

Costs: BASE one call per 100 items. ShopServe's item list shows no stock per combination, so each
item is read by itself: one call per item besides one per 100, at the shop's pace (1,000 items at
one call a second: 17 minutes). Pushing goes on meanwhile; see docs/decisions/0009-full-compare.md.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.engine.api_log import LogLine
from adapters.postgres.engine.planned_items import NewItem
from adapters.postgres.engine.runs import ClaimedRun
from adapters.postgres.stock import compares, pushes
from adapters.postgres.stock.compares import Known
from domain.actions import ACTIONS, Action
from domain.carts.listings import Listing, UnreadableRow
from domain.carts.ports import CallGate, ExternalItem, ItemKey
from domain.engine.budget import Limit
from domain.errors import ApiFamily, BudgetSpent
from domain.stock.compares import COMPARE_PRIORITY, is_night
from domain.stock.mappings import composed
from domain.stock.offers import differs
from workers.calls.work import ShopWork
from workers.engine.context import Step
from workers.engine.host import Host

# A list that is read for minutes waits this long for the shop's pace; starting over costs more.
LONGEST_WAIT_S = 60.0
_PAUSE_S = 0.2
_ORDINARY_PRIORITY = ACTIONS[Action.SYNC_STOCK].priority


def start_nightly(host: Host) -> int:
    """Start tonight's compare of every shop whose turn has come; returns how many."""
    now = host.clock()
    if not is_night(now):
        return 0
    with host.database.begin() as connection:
        started = compares.start_nightly(connection, now)
    host.dispatcher.send_runs(started)
    return len(started)


def yield_to_changed(host: Host) -> int:
    """Let compares under way take over, and put first, what changed meanwhile."""
    with host.database.begin() as connection:
        return compares.yield_to_changed(
            connection, own=COMPARE_PRIORITY, ordinary=_ORDINARY_PRIORITY
        )


def plan(work: ShopWork, run: ClaimedRun) -> Iterator[Step]:
    """Yield one step per page of the shop's list, and one for what the list left out.

    Read again after a crash it is harmless: what a step marked waits for its push by then.
    """
    yield Step(lambda connection: _waiting(connection, work, run))
    reading = _Reading(work, run)
    cart = work.cart_behind(PatientGate(work.gate))
    for page in cart.list_stock():
        yield reading.page(page)
    yield reading.rest()


@dataclass(frozen=True, slots=True)
class PatientGate:
    """Implements domain.carts.ports.CallGate: waits for the shop's pace instead of giving up.

    Other work of the shop takes turns with a long list; without patience the first such turn
    would throw away everything read so far.

    Attributes: gate: the claim's own, which counts and checks the lease each time.
    """

    gate: CallGate

    def admit(self, api: ApiFamily, deadline_s: float) -> None:
        """See CallGate.admit."""
        give_up_at = time.monotonic() + LONGEST_WAIT_S
        while True:
            try:
                return self.gate.admit(api, deadline_s)
            except BudgetSpent as spent:
                waits = spent.limit == Limit.PACE and not spent.by_cart
                if not waits or time.monotonic() > give_up_at:
                    raise
            time.sleep(_PAUSE_S)

    def done(self) -> None:
        """See CallGate.done."""
        self.gate.done()


class _Reading:
    """One reading of a shop's list, and what the shop had been told when it began."""

    def __init__(self, work: ShopWork, run: ClaimedRun) -> None:
        self._work = work
        self._run = run
        with work.database.begin() as connection:
            known = compares.known_items(connection, work.shop.id)
        self._unseen: dict[ItemKey, Known] = {composed(key): one for key, one in known.items()}
        self._compared = 0
        self._differing = 0

    def page(self, page: Listing[ExternalItem]) -> Step:
        """Return the step that compares one page with the offers of the moment it is recorded.

        What the shop does not tell of an item differs from nothing: its mappings are left alone.
        """
        shown = {}
        for row in page.unreadable:
            self._leave_out(row)
        for item in page:
            known = self._unseen.pop(composed(item.key), None)
            if known is not None:
                shown[known.mapping_id] = (known, item)
        self._compared += len(shown)

        def find(connection: Connection) -> Sequence[NewItem]:
            self._push(connection, _differing(connection, self._work, shown))
            return []

        return Step(find, log=[_unreadable(row) for row in page.unreadable])

    def _leave_out(self, row: UnreadableRow) -> None:
        for key in [key for key in self._unseen if key.item == row.key]:
            del self._unseen[key]

    def rest(self) -> Step:
        """Return the step for mapped items the list did not name.

        They are pushed like what differs: the shop's refusal is the reason the run shows, and an
        item that a moving list hid is simply told its number.
        """
        left = list(self._unseen.values())
        log: list[LogLine] = []

        def find(connection: Connection) -> Sequence[NewItem]:
            self._push(connection, left)
            log.append(
                LogLine(
                    f"全件比較: {self._compared}件を比較、{self._differing}件を送信対象にしました。"
                )
            )
            if left:
                text = f"全件比較: 対応表の{len(left)}件が店舗の商品一覧にありません。"
                log.append(LogLine(text, "warning"))
            return []

        return Step(find, log=log)

    def _push(self, connection: Connection, differing: Sequence[Known]) -> None:
        self._differing += compares.want_push(
            connection,
            run_id=self._run.id,
            shop_id=self._work.shop.id,
            priority=COMPARE_PRIORITY,
            differing=differing,
        )


def _unreadable(row: UnreadableRow) -> LogLine:
    item = f"商品 {row.key}" if row.key else f"商品一覧の{row.position}件目"
    text = f"全件比較: {item}の在庫を読み取れないため比較していません: {row.reason}"
    return LogLine(f"{text} 店舗の商品設定を確認してください。", "warning", needs_person=True)


def _waiting(connection: Connection, work: ShopWork, run: ClaimedRun) -> Sequence[NewItem]:
    """Take what waits for a push anyway, at its ordinary place: no other run can (STK-1)."""
    pushes.plan(connection, run_id=run.id, shop_id=work.shop.id, priority=_ORDINARY_PRIORITY)
    return []


def _differing(
    connection: Connection, work: ShopWork, shown: Mapping[int, tuple[Known, ExternalItem]]
) -> list[Known]:
    """Return what the shop shows differently from what it would be told now."""
    differing = []
    for push in compares.up_to_date(connection, shown.keys()):
        known, item = shown[push.mapping_id]
        wish = push.offer(work.shop.cart)
        if wish is not None and differs(wish.level, item):
            differing.append(known)
    return differing
