"""One shop per test, in memory or at a simulator that the whole session shares."""

from collections.abc import Iterator

import httpx
import pytest

from adapters.http.deadline import build_client
from simulator import process
from simulator.client import SimulatorClient
from tests.contract.benches import (
    BaseBench,
    Bench,
    MemoryBaseBench,
    MemoryShopServeBench,
    ShopServeBench,
    SimulatedBaseBench,
    SimulatedShopServeBench,
)


@pytest.fixture(scope="session")
def simulator() -> Iterator[SimulatorClient]:
    with process.start() as running, running.client() as client:
        yield client


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with build_client(verify=False) as client:
        yield client


@pytest.fixture(params=["memory", "simulator"])
def shopserve(request: pytest.FixtureRequest) -> ShopServeBench:
    if request.param == "memory":
        return MemoryShopServeBench()
    return simulated_shopserve(request)


@pytest.fixture(params=["memory", "simulator"])
def thebase(request: pytest.FixtureRequest) -> BaseBench:
    return MemoryBaseBench() if request.param == "memory" else simulated_base(request)


@pytest.fixture(params=["memory-shopserve", "shopserve", "memory-thebase", "thebase"])
def shop(request: pytest.FixtureRequest) -> Bench:
    if request.param == "memory-shopserve":
        return MemoryShopServeBench()
    if request.param == "memory-thebase":
        return MemoryBaseBench()
    if request.param == "shopserve":
        return simulated_shopserve(request)
    return simulated_base(request)


def simulated_shopserve(request: pytest.FixtureRequest) -> SimulatedShopServeBench:
    return SimulatedShopServeBench(
        request.getfixturevalue("simulator"), request.getfixturevalue("http")
    )


def simulated_base(request: pytest.FixtureRequest) -> SimulatedBaseBench:
    return SimulatedBaseBench(request.getfixturevalue("simulator"), request.getfixturevalue("http"))
