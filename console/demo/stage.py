"""What every phase of a demo works with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from adapters.postgres.database import autocommit
from console.demo.figures import Figure
from console.demo.screen import DemoScreen
from console.demo.shops import DemoShop
from console.supervisor.station import Station
from domain.actions import Action, actions_of
from simulator.client import SimulatorClient
from workers.settings import Settings

Told = TypeVar("Told")


@dataclass
class Stage:
    """One demo under way.

    Attributes:
        faults: whether to strike in the middle of phases that ask for it.
        seconds: by part.
        struck: what the faults did, for the record.
        imported: the orders each shop had that were to be imported, as the simulator saw them
            before anything was done to them.
    """

    settings: Settings
    engine: Engine
    station: Station
    simulator: SimulatorClient
    shops: list[DemoShop]
    screen: DemoScreen
    faults: bool
    seconds: dict[str, float]
    figures: list[Figure] = field(default_factory=list)
    struck: list[dict[str, object]] = field(default_factory=list)
    imported: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every figure is what the simulator's log says."""
        return bool(self.figures) and all(figure.ok for figure in self.figures)

    def read(self, view: Callable[[Connection], Told]) -> Told:
        """Return what a view says now."""
        with autocommit(self.engine).connect() as connection:
            return view(connection)

    def effects(self, kind: str) -> int:
        """Return how many effects of a kind are in the simulator's log."""
        return len(self.simulator.effects([kind]))

    def shops_with(self, action: Action) -> list[DemoShop]:
        """Return the shops whose cart has an action."""
        return [shop for shop in self.shops if action in actions_of(shop.cart)]

    def facts_now(self, shop: str) -> list[dict[str, Any]]:
        """Return what the simulator says now of the orders that were imported from a shop."""
        keys = {facts["key"] for facts in self.imported[shop]}
        return [facts for facts in self.simulator.orders(shop) if facts["key"] in keys]
