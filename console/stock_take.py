"""`renkei stock take`: import, read what the shop shows, import again, count (STK-8)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from adapters.postgres.views.shops import ShopRef
from adapters.postgres.views.stock import list_mappings
from console.failures import CommandFailed
from console.session import Session
from console.waiting import Waiter
from console.words import shop_of
from domain.actions import Action
from domain.engine.runs import RunMode
from domain.errors import SyncError
from domain.stock.takes import Candidate, Left, Place, Shown, ShownStock
from workers.places import secret_box
from workers.services import stock_takes
from workers.services.runs import announce_runs, ask_for_run

# So many items are read between two imports: few enough that most counts stand still meanwhile.
AT_A_TIME = 100
MOST_TRIES = 3
UP_TO_DATE = (Action.IMPORT_ORDERS, Action.SYNC_STATUS)


@dataclass
class StockTake:
    """One take, and what came of it so far.

    Attributes:
        dry: read and reckon only; no run is asked for and nothing is written.
        taken: a row for each SKU that is counted now, or would be.
        failure: why it ended before its time.
    """

    session: Session
    shop: ShopRef
    dry: bool
    timeout_s: float
    taken: list[dict[str, object]] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failure: Exception | None = None

    def go(self) -> None:
        """Take everything that can be taken; what was written stays when it ends early."""
        with self.session.work() as (connection, merchant_id):
            wanted, self.left = stock_takes.plan(connection, self.shop.id)
            if not (
                wanted or self.left or list_mappings(connection, merchant_id, shop=self.shop.key)
            ):
                how = f"renkei mapping fetch --shop {self.shop.key}"
                self.warnings.append(f"no item of the shop is mapped to a SKU: {how}")
        tries: Counter[int] = Counter()
        try:
            if wanted:
                self._bring_up_to_date(wanted)
            while wanted:
                some, wanted = wanted[:AT_A_TIME], wanted[AT_A_TIME:]
                for one in self._take(some):
                    tries[one.place.sku_id] += 1
                    if tries[one.place.sku_id] < MOST_TRIES:
                        wanted.append(one)
                    else:
                        self.left.append(stock_takes.moved(one))
        except (SyncError, CommandFailed) as error:
            self.failure = error

    def _take(self, some: Sequence[Candidate]) -> list[Candidate]:
        """Read and count some SKUs; returns those that moved meanwhile."""
        with self.session.work() as (connection, _):
            fresh, left = stock_takes.as_of_now(connection, self.shop.id, some)
        self.left += left
        reading = stock_takes.read_shown(
            self.session.settings, self.session.engine, self.shop.id, fresh
        )
        away = self._bring_up_to_date(fresh)
        shown, left = stock_takes.judged(
            fresh, ShownStock(reading.items, {**reading.unread, **away})
        )
        self.left += left
        if self.dry:
            self.taken += [_row(one, one.candidate.place.secured) for one in shown]
            return []
        with self.session.change() as (connection, actor):
            written = stock_takes.write(connection, actor, self.shop.id, shown)
        self.taken += [_row(one, first.secured) for one, first in written.taken]
        self.left += written.counted
        return written.moved

    def _bring_up_to_date(self, some: Iterable[Candidate]) -> dict[int, str]:
        """Let the runs that know of orders end, in every shop that is read.

        Returns: why, by id, of other shops whose runs did not succeed.
        Raises: CommandFailed: those of the shop itself did not.
        """
        places = [place for one in some for place in (one.place, *one.elsewhere)]
        shops = {place.shop_id: place for place in places}
        away: dict[int, str] = {}
        for action in () if self.dry else UP_TO_DATE:
            asked = {shop_id: self._ask(place, action) for shop_id, place in shops.items()}
            announce_runs(self.session.settings, list(asked.values()))
            for shop_id, run_id in asked.items():
                why = self._end_of(run_id, f"{shops[shop_id].shop} {action}")
                if why and shop_id == self.shop.id:
                    raise CommandFailed(f"{why}; nothing more is taken")
                if why:
                    away[shop_id] = why
        return away

    def _ask(self, place: Place, action: Action) -> int:
        box = secret_box(self.session.settings)
        with self.session.change_shop(place.shop) as (connection, actor, shop):
            run_id = ask_for_run(connection, actor, box, shop, action, mode=RunMode.MANUAL)
        self.runs.append(run_id)
        return run_id

    def _end_of(self, run_id: int, words: str) -> str:
        """Wait for a run; returns why it is of no use, blank if it is."""
        over = Waiter(self.session.engine, self.timeout_s).wait(run_id)
        look = f"see `renkei runs show {run_id}`"
        if over is None:
            return f"run {run_id} of {words} is not over after {self.timeout_s:g} s; {look}"
        if not over.list_read:
            return f"run {run_id} of {words}: {over.shown}; {look}"
        if over.shown != "succeeded":
            told = f"run {run_id} of {words} left orders out, whose pieces are in no count"
            self.warnings.append(f"{told}; {look}")
        return ""


def take_stock(session: Session, key: str, *, dry: bool, timeout_s: float) -> StockTake:
    """Take a shop's numbers over; returns what came of it, also when it ended early."""
    with session.work() as (connection, merchant_id):
        shop = shop_of(connection, merchant_id, key)
    take = StockTake(session, shop, dry, timeout_s)
    take.go()
    return take


def document(take: StockTake) -> dict[str, object]:
    """Return a take as one JSON object."""
    return {
        "shop": take.shop.key,
        "dry_run": take.dry,
        "taken": take.taken,
        "left": [
            {
                "sku": left.place.code,
                "item": left.place.key.item,
                "variation": left.place.key.variation,
                "cause": left.because.value,
                "reason": left.words,
            }
            for left in take.left
        ],
        "runs": take.runs,
        "warnings": take.warnings,
    }


def _row(shown: Shown, secured: int) -> dict[str, object]:
    place = shown.candidate.place
    return {
        "sku": place.code,
        "item": place.key.item,
        "variation": place.key.variation,
        "on_hand": shown.pieces + secured,
        "shown": shown.pieces,
        "secured": secured,
    }
