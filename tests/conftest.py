"""What every test may ask for: private servers, a database of its own, an empty Redis.

Several pytest workers share nothing: each has servers, simulators and homes of its own.

Set RENKEI_TEST_DATABASE_URL (a role that may create databases) and RENKEI_TEST_REDIS_URL (a server
whose databases may be emptied) to run against other servers.
"""

import itertools
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, settings
from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from xdist.scheduler.loadscope import LoadScopeScheduling

from adapters.embedded import PrivateServers, ServerAddresses
from adapters.postgres.database import open_engine
from tests.rooms import ROOMS, rooms_of

OTHER_DATABASE_SERVER = os.environ.get("RENKEI_TEST_DATABASE_URL")
OTHER_REDIS_SERVER = os.environ.get("RENKEI_TEST_REDIS_URL")
TESTS = Path(__file__).parent
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - only a folder made by mkdtemp inside it is used
ROOM_IN_MEMORY_BYTES = 2 * 1024**3
DROP_TRIES = 20
_END_SESSIONS = text(
    "select pg_terminate_backend(pid) from pg_stat_activity"
    " where datname = :name and usename = current_user and pid <> pg_backend_pid()"
)
# Of several workers on one machine; one alone is worker 0 of 1.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
# Tests of e2e/ that need no installation but make one, or a demo, each.
OF_THEIR_OWN = ("test_demo.py", "test_up.py", "test_up_once.py")
# What takes longest begins first, so that the workers end together.
LONGEST_FIRST = ("chaos", "e2e", "component", "contract", "unit")
_numbers = itertools.count(1)

# How fast a machine is decides about no test.
settings.register_profile("renkei", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("renkei")

# A shell that starts the tests in the background has Ctrl-C ignored, and what the tests start
# would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Make every room a marker."""
    for room in ROOMS:
        config.addinivalue_line("markers", f"{room}: tests of that room (tests/rooms.py)")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests with their rooms."""
    places = {item: item.path.relative_to(TESTS).as_posix() for item in items}
    for item, place in places.items():
        for room in rooms_of(place):
            item.add_marker(room)
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: LONGEST_FIRST.index(places[item].split("/")[0]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Hand the tests out so that what is costly to make is made once."""
    config.option.loadscopereorder = False  # LONGEST_FIRST is the order
    scheduling = LoadScopeScheduling(config, log)
    scheduling._split_scope = _kept_together
    return scheduling


def _kept_together(nodeid: str) -> str:
    """Name what goes to one worker: a file, or all the files that share the installation."""
    file = Path(nodeid.split("::", 1)[0])
    return "hub" if file.match("e2e/*") and file.name not in OF_THEIR_OWN else str(file)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer has configured must not decide whether a test passes."""
    for name in [name for name in os.environ if name.startswith("RENKEI_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def private_servers() -> Iterator[ServerAddresses]:
    """One PostgreSQL and one Redis for the whole session; their data is thrown away."""
    # Not pytest's own folder: it keeps the last three runs, tens of megabytes each.
    home = Path(tempfile.mkdtemp(prefix="renkei-test-", dir=_memory_folder()))
    try:
        with PrivateServers(home, durable=False) as addresses:
            yield addresses
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def database_server(request: pytest.FixtureRequest) -> URL:
    """The server on which tests make their databases."""
    if OTHER_DATABASE_SERVER:
        return make_url(OTHER_DATABASE_SERVER)
    addresses: ServerAddresses = request.getfixturevalue("private_servers")
    return make_url(addresses.database_url)


@pytest.fixture(scope="session")
def database_maker(database_server: URL) -> Iterator[Connection]:
    """A connection for statements that no transaction may contain."""
    maker = create_engine(database_server, isolation_level="AUTOCOMMIT")
    try:
        with maker.connect() as connection:
            yield connection
    finally:
        maker.dispose()


@pytest.fixture(scope="session")
def migrated_template(database_maker: Connection) -> Iterator[str]:
    """A database migrated once, to be copied for each test."""
    # Imported here so that tests of other parts run while migrations are being written.
    from adapters.postgres.migrations import upgrade

    name = f"renkei_template_{os.getpid()}"
    with _database(database_maker, name) as url:
        upgrade(url)
        yield name


@pytest.fixture
def database_url(database_maker: Connection, migrated_template: str) -> Iterator[str]:
    """A fresh migrated database; gone after the test."""
    name = f"renkei_test_{os.getpid()}_{next(_numbers)}"
    with _database(database_maker, name, template=migrated_template) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine for the test's own database."""
    made = open_engine(database_url)
    try:
        yield made
    finally:
        made.dispose()


@pytest.fixture(scope="session")
def redis_server(request: pytest.FixtureRequest) -> str:
    """The server on which tests get their Redis databases, without a database number."""
    if OTHER_REDIS_SERVER:
        return OTHER_REDIS_SERVER.rsplit("/", 1)[0]
    addresses: ServerAddresses = request.getfixturevalue("private_servers")
    return addresses.redis_url.rsplit("/", 1)[0]


@pytest.fixture
def redis_url(redis_server: str) -> Iterator[str]:
    """An empty Redis database that no other test uses meanwhile."""
    # The private server has 64, and is this worker's; an ordinary one 16, for all workers.
    numbers = range(WORKER + 1, 16, WORKERS) if OTHER_REDIS_SERVER else range(1, 64)
    url = f"{redis_server}/{numbers[next(_numbers) % len(numbers)]}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()


def _memory_folder() -> Path | None:
    """Return a folder in memory with room, where a database costs a tenth of what it does on disk.

    None means the usual place for temporary files.
    """
    roomy = (
        os.access(MEMORY_FOLDER, os.W_OK)
        and shutil.disk_usage(MEMORY_FOLDER).free > ROOM_IN_MEMORY_BYTES
    )
    return MEMORY_FOLDER if roomy else None


@contextmanager
def _database(maker: Connection, name: str, *, template: str = "template1") -> Iterator[str]:
    """Make a database and drop it afterwards, whoever is still connected."""
    # Copied by files the database would cost two checkpoints; by log it costs a few milliseconds.
    maker.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY wal_log'))
    try:
        yield maker.engine.url.set(database=name).render_as_string(hide_password=False)
    finally:
        _drop(maker, name)


def _drop(connection: Connection, name: str) -> None:
    """Drop a database after ending our own sessions in it.

    Not WITH (FORCE), which is refused while autovacuum looks at it; the plain form ends that.
    """
    for patience in range(DROP_TRIES):
        connection.execute(_END_SESSIONS, {"name": name})
        try:
            connection.execute(text(f'DROP DATABASE "{name}"'))
        except DBAPIError:
            if patience == DROP_TRIES - 1:
                raise
            time.sleep(0.2)
        else:
            return
