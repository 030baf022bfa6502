"""What the engine and an action say to each other.

plan:    which orders or SKUs does this run concern?    -> steps, each recorded in one transaction
execute: what became of this one?                       -> an outcome, recorded with its item
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from adapters.postgres.engine.api_log import LogLine
from adapters.postgres.engine.items import ClaimedItem
from adapters.postgres.engine.planned_items import NewItem
from adapters.postgres.engine.runs import ClaimedRun
from domain.engine.runs import ItemState, Window
from domain.errors import ApiFamily

Record = Callable[[Connection], None]
Find = Callable[[Connection], Sequence[NewItem] | int]
Clock = Callable[[], datetime]


def nothing(_: Connection) -> None:
    """Record nothing beside the item itself."""


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a plan.

    Attributes:
        find: called in the transaction that records the step; returns the items, or how many it
            wrote itself.
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

    Attributes: record: called in the transaction that ends the item, after its lease was checked.
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


class Gate(Protocol):
    """What a claim's calls told: how many there were, and whether more may be made."""

    calls: int

    @property
    def probing(self) -> bool:
        """Whether the last call was due to find out if the other side is open again."""

    def check(self, api: ApiFamily) -> object:
        """Raise unless calls of this family may be made now."""

    def answered(self) -> None:
        """Note that the other side answered."""

    def failed(self, error: Exception) -> None:
        """Note what ended the work."""


class Work(Protocol):
    """One claim: everything its action may use. The engine looks at this much of it."""

    @property
    def late(self) -> Record:
        """What is recorded when the claim was lost after calls were made, however they ended."""

    @property
    def gate(self) -> Gate:
        """Asked before every call."""

    def prepare(self) -> None:
        """Do what has to be done before anything is planned. Raises whatever a call may raise."""


class ActionHandler(Protocol):
    """One action. `work` is what the process opened for the claim; actions know its whole type."""

    def plan(self, work: Any, run: ClaimedRun) -> Iterator[Step]:  # noqa: ANN401 -- see the class
        """Yield the steps of a plan; reading happens before a step is yielded."""

    def execute(self, work: Any, item: ClaimedItem) -> Outcome:  # noqa: ANN401 -- see the class
        """Handle one item. May run twice: says why that is harmless where it is not obvious."""

    def failed(self, work: Any, item: ClaimedItem, given_up: GivenUp) -> Record:  # noqa: ANN401 -- see the class
        """Return what else to record when an item is given up."""


class TakenAgain:
    """Of handlers whose items qualify for the next run by themselves when they were given up."""

    def failed(self, work: Work, item: ClaimedItem, given_up: GivenUp) -> Record:
        """See ActionHandler.failed: nothing has to be recorded."""
        del work, item, given_up
        return nothing


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a failure means beyond its item or plan.

    Attributes:
        before: runs in the transaction that ends the item or plan, before the next is chosen.
        carries: the run ends; what it has left goes to the next one.
    """

    before: Record = nothing
    carries: bool = False


class Claim(Protocol):
    """A claimed item or run."""

    @property
    def run_id(self) -> int:
        """Of the run."""

    @property
    def shop_id(self) -> int:
        """Of its shop."""

    @property
    def action(self) -> str:
        """What is done."""


class Reactions(Protocol):
    """What failures of calls mean for the shop or cart; the engine knows neither."""

    def of_retry(self, claim: Claim, error: Exception, at: datetime) -> Reaction:
        """Return what a failed attempt means that is tried again then."""

    def of_postponement(self, claim: Claim, error: Exception, *, probing: bool) -> Reaction:
        """Return what a postponement means. Args: probing: see Gate.probing."""

    def of_failure(self, claim: Claim, error: Exception) -> Reaction:
        """Return what giving up means."""

    def again_at(self, error: Exception, at: datetime | None) -> datetime | None:
        """Return when to try again after a postponement; None = at once, in the old place."""
