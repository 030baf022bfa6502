"""Push stock (在庫連携): what changed since each shop was last told.

plan: one item per SKU with a mapping that is behind     -> one statement in the database
      (a full compare reads the shop first: workers/actions/compare_stock.py)
execute: read counts and versions of one moment -> offer -> tell the shop -> record with the version
"""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection

from adapters.postgres.engine.api_log import LogLine
from adapters.postgres.engine.items import ClaimedItem
from adapters.postgres.engine.runs import ClaimedRun
from adapters.postgres.orders import status_changes
from adapters.postgres.stock import pushes
from adapters.postgres.stock.pushes import Pushed, WantedPush
from domain.actions import ACTIONS
from domain.carts.ports import ItemKey
from domain.engine.runs import ItemState, RunMode
from domain.errors import BrokenRule, Rejected
from domain.stock.offers import Offer, answer_matches
from workers.actions import compare_stock
from workers.calls.work import ShopWork
from workers.engine.context import GivenUp, Outcome, Record, Step, nothing
from workers.engine.host import Host

MOST_NAMED = 20


class SyncStock:
    """Implements ActionHandler for both carts."""

    def plan(self, work: ShopWork, run: ClaimedRun) -> Iterator[Step]:
        """See ActionHandler.plan."""
        if run.mode is RunMode.COMPARE:
            yield from compare_stock.plan(work, run)
            return
        codes = run.replayed
        log: list[LogLine] = []

        def find(connection: Connection) -> int:
            log[:] = _uncounted(pushes.say_uncounted(connection, work.shop.id))
            return pushes.plan(
                connection,
                run_id=run.id,
                shop_id=work.shop.id,
                priority=ACTIONS[work.action].priority,
                codes=codes,
            )

        yield Step(find, log=log)

    def execute(self, work: ShopWork, item: ClaimedItem) -> Outcome:
        """See ActionHandler.execute. Twice is harmless: an absolute number is sent."""
        if item.subject_id is None:
            raise BrokenRule(f"{item.key}: no SKU")
        with work.autocommit.connect() as connection:
            wanted = pushes.wanted(connection, work.shop.id, item.subject_id)
        # A newer owner may have sent a newer number before ours arrived: have it sent again.
        work.late = lambda connection: pushes.doubt(
            connection, [push.mapping_id for push in wanted]
        )
        told = [_tell(work, push, wish) for push, wish in _offers(work, wanted)]
        done = [pushed for pushed, _ in told]
        log = [LogLine(f"{item.key}: {warning}", "warning") for _, warning in told if warning]
        failures = [pushed.failure for pushed in done if pushed.failure]
        return Outcome(
            ItemState.FAILED if failures else ItemState.SUCCEEDED,
            "; ".join(failures),
            record=pushes.record(done) if done else nothing,
            log=log,
        )

    def failed(self, work: ShopWork, item: ClaimedItem, given_up: GivenUp) -> Record:
        """See ActionHandler.failed: the mappings stay behind, so the next run takes it (STK-4)."""
        sku_id = item.subject_id
        if sku_id is None:
            return nothing
        return lambda connection: pushes.note_failure(
            connection, work.shop.id, sku_id, given_up.reason
        )


def _offers(work: ShopWork, wanted: Iterable[WantedPush]) -> Iterator[tuple[WantedPush, Offer]]:
    """Yield what there is to tell; what nobody counted is told to no shop (STK-8)."""
    for push in wanted:
        wish = push.offer(work.shop.cart)
        if wish is not None:
            yield push, wish


def _uncounted(codes: Sequence[str]) -> list[LogLine]:
    """Return what an operator reads once about SKUs that nobody counted."""
    if not codes:
        return []
    named = "、".join(codes[:MOST_NAMED]) + (" ほか" if len(codes) > MOST_NAMED else "")
    text = (
        f"未カウントの品番が{len(codes)}件あり、在庫数を店舗へ送信していません: {named}。"
        " 在庫数を登録するか、renkei stock take で店舗の在庫数を取り込んでください。"
    )
    return [LogLine(text, "warning", needs_person=True)]


def _tell(work: ShopWork, push: WantedPush, wish: Offer) -> tuple[Pushed, str | None]:
    """Tell the shop one number; a refusal concerns this item of the shop only."""
    failure = ""
    try:
        answered = work.cart.set_stock(ItemKey(push.item, push.variation), wish.level)
        if not answer_matches(wish.level, answered):
            failure = f"item {_shown(push)}: sent {wish.level.quantity}, shop holds {answered}"
    except Rejected as error:
        failure = f"item {_shown(push)}: {error}"
    told = Pushed(
        push.mapping_id,
        push.version,
        None if wish.level.unlimited else wish.level.quantity,
        unlimited=wish.level.unlimited,
        failure=failure,
    )
    return told, wish.warning


def _shown(push: WantedPush) -> str:
    return f"{push.item}/{push.variation}" if push.variation else push.item


def recalculate_secured(host: Host) -> int:
    """Count secured pieces anew where that was asked for (STS-5); returns how many SKUs."""
    with host.database.begin() as connection:
        return status_changes.recalculate(connection)
