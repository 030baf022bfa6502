"""One shop per test, at a simulator that the whole session shares."""

from collections.abc import Iterator

import httpx
import pytest

from adapters.http.deadline import build_client
from simulator import process
from simulator.client import SimulatorClient
from tests.contract.benches import BaseBench, Bench, ShopServeBench


@pytest.fixture(scope="session")
def simulator() -> Iterator[SimulatorClient]:
    with process.start() as running, running.client() as client:
        yield client


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with build_client(verify=False) as client:
        yield client


@pytest.fixture
def shopserve(simulator: SimulatorClient, http: httpx.Client) -> ShopServeBench:
    return ShopServeBench(simulator, http)


@pytest.fixture
def thebase(simulator: SimulatorClient, http: httpx.Client) -> BaseBench:
    return BaseBench(simulator, http)


@pytest.fixture(params=[ShopServeBench, BaseBench], ids=["shopserve", "thebase"])
def shop(request: pytest.FixtureRequest, simulator: SimulatorClient, http: httpx.Client) -> Bench:
    bench: Bench = request.param(simulator, http)
    return bench
