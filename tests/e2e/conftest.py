"""One installation for the whole session; each test has a merchant of its own in it."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.embedded import PrivateServers
from adapters.postgres.migrations import upgrade
from simulator.process import start
from tests.e2e.installation import Installation, Merchant

LONGEST_LOG = 20_000
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def hub(request: pytest.FixtureRequest) -> Iterator[Installation]:
    """Private servers, two workers and beat as real processes, and both carts.

    When a test failed, the end of every log is printed before the home is thrown away.
    """
    home = Path(tempfile.mkdtemp(prefix="renkei-e2e-"))
    with PrivateServers(home, durable=False) as addresses, start() as carts:
        upgrade(addresses.database_url)
        with carts.client() as client:
            made = Installation(home, client)
            try:
                made.start()
                _cancel_closures(made)
                yield made
            finally:
                made.stop()
    if request.session.testsfailed:
        print(made.logs()[-LONGEST_LOG:])
    shutil.rmtree(home, ignore_errors=True)


def _cancel_closures(hub: Installation) -> None:
    """The calendar's maintenance must not decide whether tests pass."""
    for row in hub.command("maintenance", "list", "--json").json:
        assert hub.command("maintenance", "remove", str(row["id"])).code == 0


@pytest.fixture
def merchant(hub: Installation) -> Iterator[Merchant]:
    """A merchant nobody else uses; the carts are healthy before and after."""
    made = Merchant(hub, f"m{next(_numbers)}")
    assert hub.command("merchant", "add", made.key, "--name", made.key).code == 0
    yield made
    hub.simulator.clear_faults()
    for cart in ("shopserve", "thebase"):
        hub.simulator.open(cart)
