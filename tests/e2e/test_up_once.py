"""`renkei up --once`: every due robot once, then nothing is left running."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.embedded import PrivateServers
from adapters.postgres.database import open_engine
from adapters.postgres.migrations import upgrade
from console.demo.shops import open_ours
from simulator.client import SimulatorClient
from simulator.process import start
from tests.e2e.machine import document, of_home, renkei
from workers.settings import Settings

MAKE_DUE = text("""
update robots set enabled = true, next_due_at = :now
 where action in ('import_orders', 'sync_stock')
""")


@pytest.fixture
def carts() -> Iterator[SimulatorClient]:
    with start() as process, process.client() as client:
        client.seed(shops=1, orders=3, items=4)
        yield client


@pytest.fixture
def home(tmp_path: Path, carts: SimulatorClient) -> Path:
    """A home whose two shops want to import and to push, and whose servers do not run."""
    home = tmp_path / "home"
    with PrivateServers(home) as addresses:
        upgrade(addresses.database_url)
        engine = open_engine(addresses.database_url, connections=2, name="test")
        settings = Settings.from_environ({"RENKEI_HOME": str(home)})
        with engine.begin() as connection:
            open_ours(connection, carts.shops(), settings)
            connection.execute(MAKE_DUE, {"now": datetime.now(UTC)})
        engine.dispose()
    return home


def test_every_due_robot_runs_once_and_nothing_is_left(home: Path, carts: SimulatorClient) -> None:
    done = renkei(home, "up", "--once", "--json")

    assert done.returncode == 0, done.stderr
    assert document(done) == {"runs": 4, "not_succeeded": []}
    assert carts.calls(endpoint="stock.write") > 0
    assert of_home(home) == []


def test_a_robot_that_fails_is_named_and_ends_it_with_1(home: Path, carts: SimulatorClient) -> None:
    refused = '{"error_code": "E403", "message": "refused"}'
    rule = {"cart": "shopserve", "endpoint": "orders.search", "status": 403}
    carts.add_fault("respond", body=refused, **rule)

    done = renkei(home, "up", "--once")

    assert done.returncode == 1
    assert "shopserve-1 import_orders: failed" in done.stderr


def test_cls_9_a_robot_whose_shop_is_not_served_is_named_too(
    home: Path, carts: SimulatorClient
) -> None:
    carts.add_fault("respond", status=403, cart="shopserve", endpoint="orders.search")

    done = renkei(home, "up", "--once")

    assert done.returncode == 1
    assert "shopserve-1 import_orders: not served" in done.stderr
