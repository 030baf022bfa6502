"""PLC-1: a PostgreSQL that is silent, read-only, ends sessions or stands behind a pooler."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import Engine, make_url

from adapters.postgres import connections
from adapters.postgres.connections import address_problems, driver_of
from adapters.postgres.database import DatabaseUnavailable, autocommit, open_engine, within
from adapters.postgres.outages import costs_session, passes
from adapters.postgres.statement import Statement
from tests.component.command_line import CommandLine
from tests.component.pgbouncer import pgbouncer
from tests.component.relay import Relay

_ONE = Statement[int]("select 1")
_PID = Statement[int]("select pg_backend_pid()")
_END = Statement[bool]("select pg_terminate_backend(:pid)")
_SHOW = Statement[str]("select current_setting(:name)")
_ADD = Statement[None]("insert into merchants (key, name) values (:key, :key)")


@contextmanager
def opened(url: str, *, connections: int = 5, bounded: bool = True) -> Iterator[Engine]:
    engine = open_engine(url, connections=connections, bounded=bounded)
    try:
        yield engine
    finally:
        engine.dispose()


def ask(engine: Engine) -> int:
    with engine.begin() as connection:
        return _ONE.one(connection)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines a test can wait for."""
    monkeypatch.setattr(connections, "DEADLINE_S", 0.5)


def test_plc_1_deadlines_and_probes_notice_a_silent_server_within_15_s() -> None:
    network = connections.NETWORK
    probes_s = network["keepalives_idle"] + (
        network["keepalives_interval"] * network["keepalives_count"]
    )

    assert connections.STATEMENT_TIMEOUT_S < connections.DEADLINE_S < 15
    assert probes_s < 15
    assert network["tcp_user_timeout"] < 15_000


@pytest.mark.usefixtures("short")
def test_plc_1_a_silent_connection_is_given_up_and_the_next_one_works(database_url: str) -> None:
    with Relay(database_url) as relay, opened(relay.url) as engine:
        assert ask(engine) == 1
        relay.silence(newcomers=False)

        with pytest.raises(DatabaseUnavailable):
            ask(engine)
        assert ask(engine) == 1


@pytest.mark.usefixtures("short")
def test_plc_1_a_commit_without_an_answer_is_given_up_too(database_url: str) -> None:
    def write_and_lose_the_answer(relay: Relay, engine: Engine) -> None:
        with engine.begin() as connection:
            _ADD.run(connection, key="a")
            relay.silence(newcomers=False)

    with Relay(database_url) as relay, opened(relay.url) as engine:
        with pytest.raises(DatabaseUnavailable):
            write_and_lose_the_answer(relay, engine)
        assert ask(engine) == 1


def test_plc_1_connecting_to_a_silent_server_is_given_up(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "NETWORK", {**connections.NETWORK, "connect_timeout": 1})
    with Relay(database_url) as relay, opened(relay.url) as engine:
        relay.silence()
        with pytest.raises(DatabaseUnavailable):
            ask(engine)
        relay.speak()
        assert ask(engine) == 1


def test_plc_1_a_small_statement_may_have_a_shorter_deadline(database_url: str) -> None:
    with Relay(database_url) as relay, opened(relay.url) as engine:
        with autocommit(engine).connect() as connection, within(connection, 0.3):
            assert _ONE.one(connection) == 1
            relay.silence(newcomers=False)
            with pytest.raises(DatabaseUnavailable):
                _ONE.one(connection)
        assert ask(engine) == 1


@pytest.mark.usefixtures("short")
def test_plc_1_exports_and_migrations_take_their_time(database_url: str) -> None:
    with opened(database_url, bounded=False) as engine, engine.begin() as connection:
        Statement[None]("select pg_sleep(1)").run(connection)
        assert _SHOW.one(connection, name="statement_timeout") == "0"
        assert driver_of(connection).info.get_parameters()["tcp_user_timeout"] == "10000"


@pytest.mark.usefixtures("short")
def test_plc_1_an_export_waits_where_a_list_gives_up(
    renkei: CommandLine, engine: Engine, tmp_path: Path
) -> None:
    in_the_way = "lock table instructions in access exclusive mode"
    with engine.begin() as connection:
        connection.exec_driver_sql(in_the_way)
        assert "PostgreSQL" in renkei("orders", "list").err
    with ThreadPoolExecutor() as pool:
        with engine.begin() as connection:
            connection.exec_driver_sql(in_the_way)
            export = pool.submit(renkei, "orders", "export", str(tmp_path / "all.csv"))
            with pytest.raises(TimeoutError):
                export.result(timeout=2)
        assert export.result().code == 0


def make_read_only(engine: Engine, *, on: bool) -> None:
    """Have new sessions of the database refuse to write, as those of a standby do."""
    state = "on" if on else "off"
    with autocommit(engine).connect() as connection:
        connection.exec_driver_sql(
            f'alter database "{engine.url.database}" set default_transaction_read_only = {state}'
        )


def test_plc_1_a_pool_does_not_stay_with_a_primary_that_became_a_standby(
    database_url: str,
) -> None:
    demoted = Statement[None]("set session characteristics as transaction read only")
    with opened(database_url) as other:
        with ExitStack() as held:
            old = [held.enter_context(other.begin()) for _ in range(3)]
            pids = {_PID.one(one) for one in old}
            for one in old:
                demoted.run(one)

        with pytest.raises(DatabaseUnavailable, match="ReadOnly"), other.begin() as connection:
            _ADD.run(connection, key="a")

        with ExitStack() as held:
            new = [held.enter_context(other.begin()) for _ in range(3)]
            assert not pids & {_PID.one(one) for one in new}


def test_plc_1_a_database_that_is_read_only_for_a_while_is_unavailable_meanwhile(
    engine: Engine, database_url: str
) -> None:
    make_read_only(engine, on=True)
    with opened(database_url) as other:
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable, match="ReadOnly"), other.begin() as connection:
                _ADD.run(connection, key="a")
            assert ask(other) == 1
        make_read_only(engine, on=False)
        # A session that was made meanwhile finds out when it writes.
        with pytest.raises(DatabaseUnavailable), other.begin() as connection:
            _ADD.run(connection, key="a")
        with other.begin() as connection:
            _ADD.run(connection, key="a")


def _of_state(state: str) -> psycopg.Error:
    return errors.lookup(state)("said")


@pytest.mark.parametrize(
    "state",
    ["08006", "08P01", "25006", "25P03", "26000", "42P05", "57P01", "57P03", "58030", "XX000"],
)
def test_plc_1_lost_sessions_are_no_bugs_and_cost_the_pool(state: str) -> None:
    assert passes(_of_state(state))
    assert costs_session(_of_state(state))


@pytest.mark.parametrize("state", ["57014", "40P01", "40001", "55P03", "53300"])
def test_plc_1_others_in_the_way_are_no_bugs_and_leave_the_session(state: str) -> None:
    assert passes(_of_state(state))
    assert not costs_session(_of_state(state))


@pytest.mark.parametrize("state", ["23505", "42601", "42P01", "22P02", "0A000"])
def test_plc_1_bugs_stay_bugs(state: str) -> None:
    assert not passes(_of_state(state))


def test_plc_1_a_plan_that_a_migration_made_stale_is_no_bug(engine: Engine) -> None:
    everything = Statement[dict[str, object]]("select * from changing")
    with engine.begin() as connection:
        Statement[None]("create table changing (a int)").run(connection)
    with opened(engine.url.render_as_string(hide_password=False), connections=1) as other:
        for _ in range(5):
            with other.begin() as connection:
                everything.all(connection)
        with engine.begin() as connection:
            Statement[None]("alter table changing add b int").run(connection)
        with pytest.raises(DatabaseUnavailable), other.begin() as connection:
            everything.all(connection)
        with other.begin() as connection:
            assert everything.all(connection) == []


def test_plc_1_a_prepared_statement_that_is_gone_is_no_bug(database_url: str) -> None:
    with opened(database_url, connections=1) as engine:
        for _ in range(5):
            assert ask(engine) == 1
        with autocommit(engine).connect() as connection:
            # Not by the plain statement, which the driver would see.
            connection.exec_driver_sql("do $$ begin execute 'deallocate all'; end $$")
        with pytest.raises(DatabaseUnavailable, match="InvalidSqlStatementName"):
            ask(engine)
        assert ask(engine) == 1


def test_plc_1_waiting_for_a_connection_in_vain_is_no_bug(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.postgres.database.POOL_TIMEOUT_S", 0.1)
    with opened(database_url, connections=1) as engine:
        held = [engine.connect() for _ in range(3)]
        with pytest.raises(DatabaseUnavailable):
            ask(engine)
        for one in held:
            one.close()


def test_plc_1_options_of_the_address_are_kept_beside_ours(database_url: str) -> None:
    url = make_url(database_url).update_query_dict(
        {"options": "-c work_mem=5MB", "application_name": "mine", "connect_timeout": "7"}
    )
    with (
        opened(url.render_as_string(hide_password=False)) as engine,
        engine.begin() as connection,
    ):
        assert _SHOW.one(connection, name="work_mem") == "5MB"
        assert _SHOW.one(connection, name="statement_timeout") == "12s"
        assert _SHOW.one(connection, name="application_name") == "mine"
        assert driver_of(connection).info.get_parameters()["connect_timeout"] == "7"


def test_plc_1_of_several_hosts_the_one_that_writes_is_taken(
    engine: Engine, database_url: str
) -> None:
    """The form of docs/operations.md; the first host is gone, as after a fail-over."""
    url = make_url(database_url)
    with socket.create_server(("127.0.0.1", 0)) as gone:
        hosts = (f"127.0.0.1:{gone.getsockname()[1]}", f"{url.host}:{url.port}")
    several = url.set(host=None, port=None, query={"host": hosts}).update_query_dict(
        {"target_session_attrs": "read-write"}
    )
    address = several.render_as_string(hide_password=False)
    assert address_problems(address) == []
    with opened(address) as other:
        assert ask(other) == 1
    make_read_only(engine, on=True)
    with opened(address) as other, pytest.raises(DatabaseUnavailable):
        ask(other)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("-c statement_timeout=30s", "statement_timeout"),
        ("--timezone=Asia/Tokyo -c work_mem=5MB", "timezone"),
        ("-cidle-in-transaction-session-timeout=1", "idle_in_transaction_session_timeout"),
    ],
)
def test_plc_1_an_address_may_not_undo_what_renkei_sets(options: str, named: str) -> None:
    url = make_url("postgresql+psycopg://u:p@h/d").update_query_dict({"options": options})

    assert address_problems(url.render_as_string(hide_password=False)) == [
        f"options= may not set {named}: renkei does"
    ]


@pytest.mark.parametrize("ignores_options", [False, True], ids=["refuses", "ignores"])
def test_plc_1_pgbouncer_in_transaction_mode_works(
    database_url: str, *, ignores_options: bool
) -> None:
    """Options refused or silently dropped, sessions changed under us: time-outs hold, no bugs."""
    with (
        pgbouncer(database_url, ignores_options=ignores_options) as url,
        opened(url, connections=8) as engine,
    ):
        with engine.begin() as connection:
            assert _SHOW.one(connection, name="statement_timeout") == "12s"
            assert _SHOW.one(connection, name="idle_in_transaction_session_timeout") == "1min"
            assert _SHOW.one(connection, name="TimeZone") == "UTC"
        held = [autocommit(engine).connect() for _ in range(6)]
        for _ in range(10):  # more clients than sessions: each statement may meet another one
            assert [_ONE.one(one) for one in held] == [1] * 6
        assert {_SHOW.one(one, name="TimeZone") for one in held} == {"UTC"}
        for one in held:
            one.close()
        with engine.begin() as connection:
            _ADD.run_many(connection, [{"key": f"k{n}"} for n in range(50)])


def test_plc_1_a_statement_behind_pgbouncer_is_given_up_by_the_server(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "STATEMENT_TIMEOUT_S", 1)
    with (
        pgbouncer(database_url, ignores_options=True) as url,
        opened(url) as engine,
        pytest.raises(DatabaseUnavailable, match="QueryCanceled"),
        engine.begin() as connection,
    ):
        Statement[None]("select pg_sleep(30)").run(connection)


@pytest.mark.usefixtures("short")
def test_plc_1_a_silent_pgbouncer_is_given_up(database_url: str) -> None:
    with (
        pgbouncer(database_url, ignores_options=True) as url,
        Relay(url) as relay,
        opened(relay.url) as engine,
    ):
        assert ask(engine) == 1
        relay.silence(newcomers=False)
        with pytest.raises(DatabaseUnavailable):
            ask(engine)
        assert ask(engine) == 1


def test_plc_1_sessions_ended_by_hundreds_are_renewed(engine: Engine, database_url: str) -> None:
    with opened(database_url, connections=8) as other:
        for _ in range(20):
            held = [other.connect() for _ in range(4)]
            with autocommit(engine).connect() as ender:
                for one in held:
                    _END.one(ender, pid=_PID.one(one))
            for one in held:
                with pytest.raises(DatabaseUnavailable):
                    _ONE.one(one)
                one.close()
        assert ask(other) == 1
