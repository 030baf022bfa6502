"""Nothing works on a database of another version, and one line says what to do (PLC-4)."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from adapters.embedded.ports import free_port
from adapters.postgres import migrations
from adapters.postgres.revision import REVISION
from tests.component.command_line import PATIENCE_S, ROOT, CommandLine
from tests.component.engine_bench import Bench
from workers import tasks
from workers.engine import planner
from workers.engine.ticks import TickPace
from workers.schema_watch import SchemaWatch

OLDER, NEWER = "0000", "9999"
SAYS = {OLDER: "run `renkei db upgrade`", NEWER: "use the version that made it"}
BOTH = pytest.mark.parametrize("revision", [OLDER, NEWER])
QUEUES = "plan,orders,shipments,stock,ticks"
PROCESSES = {
    "worker": ["-m", "celery", "-A", "workers.app", "worker", "-P", "threads", "-Q", QUEUES],
    "beat": ["-m", "celery", "-A", "workers.app", "beat"],
    "console": ["-m", "console.web", "--port", str(free_port())],
}
COMMANDS = {
    "stock list": ("stock", "list"),
    "stock set": ("stock", "set", "A", "1"),
    "shop list": ("shop", "list"),
    "merchant list": ("merchant", "list"),
    "orders list": ("orders", "list"),
    "run": ("run", "import_orders", "--shop", "tote"),
    "maintenance list": ("maintenance", "list"),
    "dead list": ("dead", "list"),
    "db reseal": ("db", "reseal"),
}


def make(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = :r"), {"r": revision})


def test_plc_4_the_revision_processes_go_by_is_the_newest_migration() -> None:
    assert migrations.head() == REVISION


@BOTH
@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_plc_4_a_command_refuses_in_one_line(
    renkei: CommandLine, engine: Engine, revision: str, words: tuple[str, ...]
) -> None:
    make(engine, revision)

    answer = renkei(*words)

    assert (answer.code, answer.out) == (1, "")
    assert answer.err.count("\n") == 1
    assert f"schema {revision}, not {REVISION}" in answer.err
    assert SAYS[revision] in answer.err


@BOTH
def test_plc_4_the_check_up_says_the_same(
    renkei: CommandLine, engine: Engine, revision: str
) -> None:
    make(engine, revision)

    found = {row["name"]: row for row in renkei("doctor", "--json").json["checks"]}["schema"]

    assert found["state"] == "failed"
    assert revision in found["found"]
    assert SAYS[revision] in found["hint"]


def test_plc_4_an_upgrade_of_a_newer_database_says_so_and_changes_nothing(
    renkei: CommandLine, engine: Engine
) -> None:
    make(engine, NEWER)

    for words in (("db", "upgrade"), ("up", "--once")):
        answer = renkei.process(*words)
        assert answer.code == 1
        assert answer.err.strip().count("\n") == 0
        assert SAYS[NEWER] in answer.err
    with engine.begin() as connection:
        assert connection.scalar(text("select version_num from alembic_version")) == NEWER


@BOTH
@pytest.mark.parametrize("program", PROCESSES.values(), ids=PROCESSES)
def test_plc_4_a_process_refuses_to_start_in_one_line(
    renkei: CommandLine, engine: Engine, revision: str, program: list[str], tmp_path: Path
) -> None:
    make(engine, revision)

    done = subprocess.run(
        [sys.executable, *program],
        env={**renkei.environment, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )

    said = [line for line in done.stderr.splitlines() if line.startswith("renkei: ")]
    assert done.returncode == 1
    assert len(said) == 1
    assert SAYS[revision] in said[0]
    assert "Traceback" not in done.stderr


def test_plc_4_a_backup_can_be_made_before_an_upgrade(
    renkei: CommandLine, engine: Engine, tmp_path: Path
) -> None:
    make(engine, OLDER)

    answer = renkei("db", "backup", str(tmp_path / "before.backup"))

    assert "renkei db upgrade" not in answer.err


def test_plc_4_a_running_process_notices_says_so_and_goes_on_when_it_fits_again(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    watch = SchemaWatch(engine, lambda: now[0])
    assert watch.fits()
    make(engine, NEWER)
    assert watch.fits()  # looked a moment ago
    for second in range(6, 60, 6):
        now[0] = float(second)
        assert not watch.fits()
    assert caplog.text.count("newer version (schema 9999") == 1
    now[0] = 70.0
    assert not watch.fits()
    assert caplog.text.count("newer version (schema 9999") == 2

    make(engine, REVISION)
    now[0] = 80.0
    with caplog.at_level(logging.INFO):
        assert watch.fits()
    assert "work goes on" in caplog.text


def test_plc_4_a_worker_begins_nothing_on_a_newer_schema(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = bench.shop("thebase")
    bench.sql("update robots set enabled = true, next_due_at = now()")
    monkeypatch.setattr(tasks, "current", lambda: bench.process)
    monkeypatch.setattr(tasks, "_pace", TickPace({("tick",): 0.0}))
    bench.process.schema = SchemaWatch(bench.process.database, look_every_s=0)
    bench.sql("update alembic_version set version_num = '9999'")

    def tick() -> None:
        tasks._on_tick(lambda host: planner.start_due_runs(host, "import_orders"), "tick")

    tick()
    assert bench.column("select count(*) from runs") == [0]

    bench.sql("update alembic_version set version_num = :r", r=REVISION)
    tick()
    assert bench.column("select count(*) from runs") == [1]
    assert shop.calls() == 0
