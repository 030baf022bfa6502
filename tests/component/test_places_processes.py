"""PLC-1: each process writes that it lives; those that hang or are silent are told from others."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from adapters.postgres.database import open_engine
from adapters.postgres.views.processes import processes_seen
from domain.engine.liveness import Liveness, ProcessKind, liveness
from tests.component.command_line import CommandLine
from tests.component.engine_bench import Bench
from tests.component.json_api import Api, Console
from tests.component.relay import Relay
from tests.component.test_json_api_health import figures
from workers import heartbeat as heartbeats
from workers.heartbeat import Heartbeat

PATIENCE_S = 60.0


def until(true: Callable[[], bool]) -> None:
    """Wait for an outcome."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < give_up_at, "it does not happen"
        time.sleep(0.02)


@contextmanager
def beating(engine: Engine, kind: ProcessKind, name: str) -> Iterator[Heartbeat]:
    one = Heartbeat(engine, kind, name)
    one.start()
    try:
        until(lambda: one.alive)
        yield one
    finally:
        one.stop()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A heartbeat a test can wait for."""
    monkeypatch.setattr(heartbeats, "EVERY_S", 0.05)
    monkeypatch.setattr(heartbeats, "ANSWER_S", 0.5)


def put(engine: Engine, kind: str, *, silent_s: float = 0, idle_s: float = 0) -> None:
    """Leave the row of a process that was heard and worked so long ago."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into processes (name, kind, host, pid, version, beat_at, worked_at) values"
                " (:kind || '-' || cast(:silent as int) || '-' || cast(:idle as int), :kind, 'h',"
                " 7, '1', now() - make_interval(secs => :silent),"
                " now() - make_interval(secs => :idle))"
            ),
            {"kind": kind, "silent": silent_s, "idle": idle_s},
        )


def names(engine: Engine) -> list[str]:
    with engine.begin() as connection:
        return [one.name for one in processes_seen(connection)]


@pytest.mark.parametrize(
    ("kind", "silent_s", "idle_s", "state"),
    [
        (ProcessKind.WORKER, 15, 15, Liveness.WORKS),
        (ProcessKind.WORKER, 0, 15.1, Liveness.HUNG),
        (ProcessKind.WORKER, 15.1, 0, Liveness.SILENT),
        (ProcessKind.BEAT, 3, 16, Liveness.HUNG),
        (ProcessKind.WEB, 3, 9999, Liveness.WORKS),
        (ProcessKind.WEB, 16, 0, Liveness.SILENT),
    ],
)
def test_plc_1_fifteen_seconds_tell_who_works(
    kind: ProcessKind, silent_s: float, idle_s: float, state: Liveness
) -> None:
    assert liveness(kind, silent_s=silent_s, idle_s=idle_s) is state


@pytest.mark.usefixtures("quick")
def test_plc_1_a_process_has_one_row_while_it_lives(engine: Engine) -> None:
    with beating(engine, ProcessKind.WORKER, "w1@h") as one:
        one.worked()
        until(lambda: _ages(engine)[0] is not None)
        assert names(engine) == ["w1@h"]
        with engine.begin() as connection:
            connection.execute(text("delete from processes"))  # as after a fail-over
        until(lambda: names(engine) == ["w1@h"])
    assert names(engine) == []


def _ages(engine: Engine) -> list[float | None]:
    with engine.begin() as connection:
        found = connection.execute(text("select extract(epoch from worked_at) from processes"))
        return [row[0] for row in found]


@pytest.mark.usefixtures("quick")
def test_plc_1_a_process_that_comes_back_takes_the_place_of_the_one_that_was_killed(
    engine: Engine,
) -> None:
    killed = Heartbeat(engine, ProcessKind.WEB)
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into processes (name, kind, host, pid, version, beat_at)"
                " values ('web@old', 'web', :host, 1, '1', now() - interval '20 s'),"
                " ('web@elsewhere', 'web', 'other', 1, '1', now() - interval '20 s')"
            ),
            {"host": killed.who.host},
        )

    with beating(engine, ProcessKind.WEB, "web@new"):
        assert names(engine) == ["web@elsewhere", "web@new"]


@pytest.mark.usefixtures("quick")
def test_plc_1_a_process_that_cannot_write_its_row_knows_and_says_so_once(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with Relay(database_url) as relay:
        engine = open_engine(relay.url)
        with beating(engine, ProcessKind.WORKER, "w1@h") as one:
            relay.silence(newcomers=False)
            until(lambda: "not written" in caplog.text)
            until(lambda: "written again" in caplog.text)
            assert one.alive
            relay.close()
            until(lambda: not one.alive)
            for _ in range(3):
                one.beat()
        engine.dispose()

    assert caplog.text.count("heartbeat not written") == 2
    assert "Traceback" not in caplog.text


def test_plc_1_a_process_whose_heartbeat_is_not_written_begins_no_call(bench: Bench) -> None:
    shop = bench.shop("thebase", "card")
    seen = bench.process.heartbeat
    with Relay(bench.process.database.url.render_as_string(hide_password=False)) as relay:
        relay.close()
        mute = Heartbeat(open_engine(relay.url), ProcessKind.WORKER, "mute")
        mute.start()
        bench.process.heartbeat = mute
        run = shop.run("import_orders")
        mute.stop()
    assert (run["state"], shop.calls()) == ("running", 0)

    bench.process.heartbeat = seen
    bench.later(seconds=5)
    assert shop.shown(run["id"])["state"] == "succeeded"


def ready(api: Api) -> tuple[int, str]:
    answer = api.with_token(None).get("/readyz")
    return answer.status_code, answer.json()["workers"]


def test_plc_1_ready_tells_hung_and_silent_workers_from_working_ones(
    api: Api,
) -> None:
    assert ready(api) == (200, "none")
    put(api.engine, "worker", silent_s=30)
    assert ready(api) == (503, "silent")
    put(api.engine, "worker", idle_s=30)
    assert ready(api) == (503, "hung")
    put(api.engine, "beat", idle_s=1)
    assert ready(api) == (503, "hung")
    put(api.engine, "worker", silent_s=2, idle_s=3)
    assert ready(api) == (200, "ok")

    found = figures(api.with_token(None).get("/metrics").text)
    states = [(state, found["renkei_processes", ("worker", state)]) for state in Liveness]
    assert states == [("works", 1), ("hung", 1), ("silent", 1)]


def test_plc_1_ready_answers_while_postgresql_and_redis_are_silent(
    console: Console, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    with (
        Relay(database_url) as database,
        Relay(redis_url) as redis,
        console.serve(database.url, redis.url, tmp_path) as api,
    ):
        nobody = api.with_token(None)
        assert nobody.get("/readyz").status_code == 200
        database.silence()
        redis.silence()

        answer = nobody.get("/readyz")

        assert answer.status_code == 503
        assert set(answer.json().values()) == {"not ready", "unreachable"}
        assert nobody.get("/healthz").json() == {"status": "ok"}


def test_plc_1_the_doctor_tells_hung_and_silent_processes_from_working_ones(
    renkei: CommandLine, engine: Engine
) -> None:
    put(engine, "worker", silent_s=1, idle_s=2)
    put(engine, "worker", idle_s=40)
    put(engine, "beat", silent_s=50)

    answer = renkei("doctor", "--json")

    found = {check["name"]: check for check in answer.json["checks"]}
    assert answer.code == 1
    assert found["workers"]["state"] == "warning"
    assert "worker-0-40 hung for 4" in found["workers"]["found"]
    assert found["workers"]["found"].endswith("worker-1-2")
    assert found["beat"]["state"] == "failed"
    assert "silent for 5" in found["beat"]["found"]
