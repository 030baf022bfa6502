"""What an action does: the two questions every action answers, and what it answers with.

plan:    which orders or SKUs does this run concern?    -> steps, each recorded in one transaction
execute: what became of this one?                       -> an outcome, recorded with its item
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Protocol

from sqlalchemy import Connection

from adapters.postgres.engine.items import ClaimedItem
from adapters.postgres.engine.journal import LogLine
from adapters.postgres.engine.planned_items import NewItem
from adapters.postgres.engine.runs import ClaimedRun
from adapters.postgres.shops.shops import Shop
from domain.actions import Action
from domain.carts.ports import Window
from domain.engine.runs import ItemState, RunMode
from workers.calls.carts import ShopCart, open_cart
from workers.calls.gate import ShopGate
from workers.engine.leases import Lease
from workers.engine.process import Process

Record = Callable[[Connection], None]
Find = Callable[[Connection], Sequence[NewItem]]

# A person asked for these and waits for them.
WAITED_FOR = frozenset({RunMode.MANUAL, RunMode.RANGE, RunMode.REPLAY})


def nothing(_: Connection) -> None:
    """Record nothing beside the item itself."""


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a plan.

    Attributes:
        find: called in the transaction that records the step; returns the items, and may write.
        window: the order times that were read, for people.
        read_until: a range run resumes from here after a crash (IMP-3).
    """

    find: Find
    window: Window | None = None
    read_until: datetime | None = None
    log: Sequence[LogLine] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an item ended.

    Attributes:
        record: called in the transaction that ends the item, after its lease was checked.
    """

    state: ItemState = ItemState.SUCCEEDED
    reason: str = ""
    record: Record = nothing
    log: Sequence[LogLine] = ()


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Why an item is given up. `permanent`: trying the same again cannot help."""

    reason: str
    permanent: bool


class Work:
    """One claim of one shop: everything an action may use.

    Attributes:
        late: what is recorded when the claim was lost after calls were made, however they ended.
    """

    def __init__(
        self, process: Process, shop: Shop, action: Action, lease: Lease, *, mode: RunMode
    ) -> None:
        """Args: lease: of the run or item that is worked on."""
        self.process = process
        self.shop = shop
        self.action = action
        self.lease = lease
        self.late: Record = nothing
        self.gate = ShopGate(
            shop,
            action,
            lease,
            process.gate_tools,
            by_hand=mode in WAITED_FOR,
        )

    @cached_property
    def cart(self) -> ShopCart:
        """The shop's cart; every call asks the gate first."""
        return open_cart(self.process.token_tools, self.shop, self.gate)

    def now(self) -> datetime:
        """Return the time, aware."""
        return self.process.clock()


class TakenAgain:
    """Of handlers whose items qualify for the next run by themselves when they were given up."""

    def failed(self, work: Work, item: ClaimedItem, given_up: GivenUp) -> Record:
        """See ActionHandler.failed: nothing has to be recorded."""
        del work, item, given_up
        return nothing


class ActionHandler(Protocol):
    """One action on one or both carts."""

    def plan(self, work: Work, run: ClaimedRun) -> Iterator[Step]:
        """Yield the steps of a plan; reading happens before a step is yielded."""

    def execute(self, work: Work, item: ClaimedItem) -> Outcome:
        """Handle one item. May run twice: says why that is harmless where it is not obvious."""

    def failed(self, work: Work, item: ClaimedItem, given_up: GivenUp) -> Record:
        """Return what else to record when an item is given up."""
