"""The actions the engine runs, each with what is special about it as a value.

The engine names no action: wiring.py registers them, one line each.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.engine.recovery import LostClaim
from domain.engine.runs import RunMode
from domain.errors import ApiFamily
from workers.engine.context import ActionHandler
from workers.engine.dispatcher import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One action as the engine sees it.

    Attributes:
        task, queue: wire name of the Celery task of one item, and where its messages go.
        label, category: what people call it, in the API log.
        priority: of its items; a smaller number is served earlier.
        api: the family of calls without which nothing is planned.
        heals_on_skip: an item that is skipped needs nothing any more, so its dead letter is closed.
        owes: what a claim that was lost with its worker leaves to be done.
        followed_by: the action that starts when a run of this one has ended.
        scarce: modes whose plans take long and may not take every thread.
    """

    action: str
    handler: ActionHandler
    task: str
    queue: str
    label: str
    category: str
    priority: int
    api: ApiFamily = ApiFamily.ORDERS
    heals_on_skip: bool = False
    owes: Callable[[Connection, Sequence[LostClaim]], None] | None = None
    followed_by: str | None = None
    scarce: frozenset[RunMode] = frozenset()


class Registry:
    """Every registered action by its name."""

    def __init__(self, registrations: Iterable[Registration]) -> None:
        """Args: registrations: each action once."""
        self._by_action = {one.action: one for one in registrations}

    def __getitem__(self, action: str) -> Registration:
        """Return one action. Raises KeyError for one nobody registered: a bug."""
        return self._by_action[action]

    def __iter__(self) -> Iterator[Registration]:
        """Yield every action."""
        return iter(self._by_action.values())

    def address_of(self, action: str) -> Address:
        """Return where notes about items of an action go."""
        found = self._by_action[action]
        return found.task, found.queue
