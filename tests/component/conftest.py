"""What component tests may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.process import SimulatorProcess, start
from tests.component.command_line import SECRET_KEY, CommandLine
from tests.component.engine_bench import Bench
from tests.component.json_api import Api, serve


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


@pytest.fixture
def bench(renkei: CommandLine, carts: SimulatorProcess) -> Iterator[Bench]:
    """The engine in one thread, at carts that forgot everything."""
    with carts.client() as client:
        client.reset()
        made = Bench(renkei, client)
        try:
            yield made
        finally:
            made.close()


@pytest.fixture
def api(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Api]:
    """The real console, on an empty, migrated database."""
    with serve(database_url, redis_url, tmp_path / "home") as running:
        yield running
