"""What every phase of a demo works with."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Engine

from console.demo.figures import Figure
from console.demo.shops import DemoShop
from console.supervisor.station import Station
from domain.actions import Action, actions_of
from simulator.client import SimulatorClient
from workers.settings import Settings


class Screen(Protocol):
    """Where progress is shown."""

    def show(self, done: int, total: int) -> None:
        """Show how far the present phase is."""


@dataclass
class Stage:
    """One demo under way.

    Attributes:
        faults: whether to strike in the middle of phases that ask for it.
        struck: what the faults did, for the record.
        imported: the orders each shop had that were to be imported, as the simulator saw them
            before anything was done to them.
    """

    settings: Settings
    engine: Engine
    station: Station
    simulator: SimulatorClient
    shops: list[DemoShop]
    screen: Screen
    faults: bool = False
    struck: list[dict[str, object]] = field(default_factory=list)
    imported: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def shops_with(self, action: Action) -> list[DemoShop]:
        """Return the shops whose cart has an action."""
        return [shop for shop in self.shops if action in actions_of(shop.cart)]

    def facts_now(self, shop: str) -> list[dict[str, Any]]:
        """Return what the simulator says now of the orders that were imported from a shop."""
        keys = {facts["key"] for facts in self.imported[shop]}
        return [facts for facts in self.simulator.orders(shop) if facts["key"] in keys]


class Phase(Protocol):
    """One part of a demo. Add a module to `phases/` and a line to its list."""

    name: str

    def run(self, stage: Stage) -> None:
        """Do it. Raises CommandFailed when it cannot be done at all."""

    def figures(self, stage: Stage) -> list[Figure]:
        """Return its rows of the table; called once, after the last phase."""
