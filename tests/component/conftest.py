"""What component tests may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.client import SimulatorClient
from simulator.process import SimulatorProcess, start
from tests.component.command_line import SECRET_KEY, CommandLine
from tests.component.engine_bench import Bench
from tests.component.json_api import Api, Console, run_console


@pytest.fixture
def renkei(database_url: str, redis_url: str, tmp_path: Path) -> CommandLine:
    """The command line on an empty, migrated database."""
    environment = {
        "RENKEI_DATABASE_URL": database_url,
        "RENKEI_REDIS_URL": redis_url,
        "RENKEI_SECRET_KEYS": SECRET_KEY,
        "RENKEI_HOME": str(tmp_path / "home"),
    }
    return CommandLine(environment, tmp_path)


@pytest.fixture(scope="session")
def carts() -> Iterator[SimulatorProcess]:
    """Both carts, simulated; one process for the whole session."""
    with start() as process:
        yield process


@pytest.fixture(scope="session")
def switchboard(carts: SimulatorProcess) -> Iterator[SimulatorClient]:
    """What turns and reads both carts."""
    with carts.client() as client:
        yield client


@pytest.fixture
def bench(renkei: CommandLine, switchboard: SimulatorClient) -> Iterator[Bench]:
    """The engine in one thread, at carts that forgot everything."""
    switchboard.reset()
    made = Bench(renkei, switchboard)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """The real console on a real port."""
    with run_console(tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.fixture
def api(console: Console, database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Api]:
    """The real console, on an empty, migrated database."""
    with console.serve(database_url, redis_url, tmp_path / "home") as running:
        yield running
