"""The actions the engine runs, each with what is special about it as a value.

The engine names no action: wiring.py registers them, one line each.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

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
        address: where notes about its items go.
        label, category: what people call it, in the API log.
        priority: of its items; a smaller number is served earlier.
        api: the family of calls without which nothing is planned.
        heals_on_skip: an item a worker skipped needs nothing any more: its dead letter is closed.
        heals_when_listed: so does one that a plan only lists.
        owes: what a claim that was lost with its worker leaves to be done.
        followed_by: the action that starts when a run of this one has ended.
        scarce: modes whose plans take long and may not take every thread.
    """

    action: str
    handler: ActionHandler
    address: Address
    label: str
    category: str
    priority: int
    api: ApiFamily = ApiFamily.ORDERS
    heals_on_skip: bool = False
    heals_when_listed: bool = False
    owes: Callable[[Connection, Sequence[LostClaim]], None] | None = None
    followed_by: str | None = None
    scarce: frozenset[RunMode] = frozenset()


Registry = Mapping[str, Registration]
"""Every registered action by its name."""


def registry_of(registrations: Iterable[Registration]) -> Registry:
    """Return the registry of these actions. Raises ValueError when one is registered twice."""
    found: dict[str, Registration] = {}
    for one in registrations:
        if found.setdefault(one.action, one) is not one:
            raise ValueError(f"{one.action} is registered twice")
    return MappingProxyType(found)
