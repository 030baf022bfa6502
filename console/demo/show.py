"""Open the stage, run the phases, close the stage."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from adapters.embedded.locks import is_held
from adapters.embedded.ports import free_port
from adapters.postgres.database import open_engine
from console.demo.figures import Figure, all_good
from console.demo.phases import all_phases
from console.demo.screen import DemoScreen
from console.demo.shops import open_ours, open_simulated
from console.demo.sizes import Sizes
from console.demo.stage import Phase, Stage
from console.failures import CommandFailed
from console.supervisor.programs import (
    Program,
    beat_program,
    console_program,
    flower_program,
    worker_programs,
)
from console.supervisor.state import LOCK_FILE
from console.supervisor.station import Station
from simulator import process as simulator
from workers.places import places
from workers.settings import Settings

HOME = "demo"
# What would lead a demo to servers or merchants that are not its own.
NOT_OURS = ("RENKEI_DATABASE_URL", "RENKEI_REDIS_URL", "RENKEI_SECRET_KEYS", "RENKEI_MERCHANT")
FAULTS_LATENCY_S = 0.01


@dataclass(frozen=True, slots=True)
class Plan:
    """What a person asked for.

    Attributes:
        faults: strike in the middle.
        keep: stay up afterwards, with the windows people look through.
    """

    sizes: Sizes
    faults: bool
    keep: bool


@dataclass
class Shown:
    """What a demo came to."""

    figures: list[Figure] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    struck: list[dict[str, object]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every figure is what the simulator's log says."""
        return all_good(self.figures)


def own_settings(settings: Settings) -> Settings:
    """Return settings for private servers in a home of the demo's own."""
    return replace(
        settings,
        home=settings.home / HOME,
        database_url=None,
        redis_url=None,
        secret_keys=(),
        merchant="default",
    )


@contextmanager
def staged(
    settings: Settings, plan: Plan, screen: DemoScreen, hurry: threading.Event
) -> Iterator[tuple[Stage, Shown]]:
    """Start servers, workers and the simulator, and fill them; stop all of it at the end."""
    _fresh(settings.home)
    environ = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    shown = Shown()
    with ExitStack() as cleanup:
        screen.begin("start the servers")
        station = Station(settings, tell=screen.say, environ=environ)
        cleanup.callback(station.close, hurry)
        station.claim()
        station.open()
        station.run(_programs(settings, windows=plan.keep))
        carts = cleanup.enter_context(simulator.start())
        client = cleanup.enter_context(carts.client())
        shown.seconds["start the servers"] = screen.end()
        screen.begin("open the shops")
        simulated = open_simulated(client, plan.sizes, screen.show)
        if plan.faults:
            client.settings(latency_s=FAULTS_LATENCY_S)
        engine = open_engine(places(settings).database_url, connections=2, name="renkei demo")
        cleanup.callback(engine.dispose)
        with engine.begin() as connection:
            shops = open_ours(connection, simulated, settings)
        shown.seconds["open the shops"] = screen.end()
        stage = Stage(settings, engine, station, client, shops, screen, faults=plan.faults)
        yield stage, shown


def play(stage: Stage, shown: Shown, screen: DemoScreen) -> None:
    """Run every phase and collect its figures."""
    phases: list[Phase] = all_phases()
    for phase in phases:
        screen.begin(phase.name)
        phase.run(stage)
        shown.seconds[phase.name] = screen.end()
    shown.figures = [figure for phase in phases for figure in phase.figures(stage)]
    shown.struck = stage.struck


def _programs(settings: Settings, *, windows: bool) -> list[Program]:
    programs = [*worker_programs(settings), beat_program(settings)]
    if windows:
        programs.append(flower_program(settings, free_port()))
        console = console_program(free_port())
        programs += [console] if console else []
    return programs


def _fresh(home: Path) -> None:
    """Empty the demo's home. Raises CommandFailed while another demo uses it."""
    if is_held(home / LOCK_FILE):
        raise CommandFailed(f"another demo runs in {home}")
    shutil.rmtree(home, ignore_errors=True)
