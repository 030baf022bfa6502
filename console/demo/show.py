"""Open the stage, run the phases, close the stage."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from adapters.embedded.locks import is_held
from adapters.embedded.ports import free_port
from adapters.postgres.database import open_engine
from console.demo.phases import PHASES
from console.demo.plan import Plan
from console.demo.screen import DemoScreen
from console.demo.shops import open_ours, open_simulated
from console.demo.stage import Stage
from console.failures import CommandFailed
from console.supervisor.programs import all_programs, working_programs
from console.supervisor.state import LOCK_FILE
from console.supervisor.station import Station
from simulator import process as simulator
from workers.places import places
from workers.settings import Settings

HOME = "demo"
# What would lead a demo to servers or merchants that are not its own.
NOT_OURS = ("RENKEI_DATABASE_URL", "RENKEI_REDIS_URL", "RENKEI_SECRET_KEYS", "RENKEI_MERCHANT")
FAULTS_LATENCY_S = 0.01


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
) -> Iterator[Stage]:
    """Start servers, workers and the simulator, and fill them; stop all of it at the end."""
    _fresh(settings.home)
    environ = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    seconds: dict[str, float] = {}
    with ExitStack() as cleanup:
        screen.begin("start the servers")
        station = Station(settings, tell=screen.say, environ=environ)
        cleanup.callback(station.close, hurry)
        station.claim()
        station.open()
        station.run(
            all_programs(settings, free_port()) if plan.keep else working_programs(settings)
        )
        carts = cleanup.enter_context(simulator.start())
        client = cleanup.enter_context(carts.client())
        seconds["start the servers"] = screen.end()
        screen.begin("open the shops")
        simulated = open_simulated(client, plan, screen.show)
        if plan.faults:
            client.settings(latency_s=FAULTS_LATENCY_S)
        engine = open_engine(places(settings).database_url, connections=2, name="renkei demo")
        cleanup.callback(engine.dispose)
        with engine.begin() as connection:
            shops = open_ours(connection, simulated, settings)
        seconds["open the shops"] = screen.end()
        yield Stage(settings, engine, station, client, shops, screen, plan.faults, seconds)


def play(stage: Stage) -> None:
    """Run every phase and collect its figures."""
    for name, phase in PHASES.items():
        stage.screen.begin(name)
        stage.figures += phase(stage)
        stage.seconds[name] = stage.screen.end()


def _fresh(home: Path) -> None:
    """Empty the demo's home. Raises CommandFailed while another demo uses it."""
    if is_held(home / LOCK_FILE):
        raise CommandFailed(f"another demo runs in {home}")
    shutil.rmtree(home, ignore_errors=True)
