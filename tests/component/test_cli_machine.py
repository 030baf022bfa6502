"""Commands about the machine itself: `db upgrade`, `doctor`, `simulator`."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, text

from adapters.embedded import find_running
from tests.component.command_line import PATIENCE_S, ROOT, CommandLine

MAIN = [sys.executable, "-c", "import console.main; console.main.main()"]


def test_upgrade_starts_private_servers_for_its_own_time_only(tmp_path: Path) -> None:
    home = tmp_path / "home"
    private = CommandLine({"RENKEI_HOME": str(home)}, tmp_path)

    first = private.process("db", "upgrade", "--json")
    again = private.process("db", "upgrade", "--json")

    assert (first.code, first.err) == (0, "")
    assert first.json["changed"] is True
    assert again.json == {"from": first.json["to"], "to": first.json["to"], "changed": False}
    assert find_running(home) is None
    assert private.process("stock", "list").code == 1
    assert (home / "secret.key").stat().st_mode & 0o777 == 0o600


def test_upgrade_of_a_configured_database_starts_nothing(renkei: CommandLine) -> None:
    assert renkei.read("db", "upgrade")["changed"] is False
    assert not (renkei.folder / "home" / "postgres").exists()


def test_a_database_of_another_version_is_refused_in_one_line_that_says_what_to_do(
    renkei: CommandLine, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))

    answer = renkei("db", "upgrade")

    assert (answer.code, answer.out) == (1, "")
    assert answer.err.count("\n") == 1
    assert "9999" in answer.err
    assert "empty RENKEI_HOME" in answer.err
    assert "empty RENKEI_HOME" in checks(renkei)["schema"]["hint"]


def checks(renkei: CommandLine) -> dict[str, dict[str, str]]:
    answer = renkei("doctor", "--json")
    return {check["name"]: check for check in answer.json["checks"]}


def test_the_doctor_finds_no_worker_where_none_runs(renkei: CommandLine) -> None:
    answer = renkei("doctor", "--json")

    assert answer.code == 1
    assert answer.json["ok"] is False
    states = {check["name"]: check["state"] for check in answer.json["checks"]}
    assert states.pop("workers") == states.pop("beat") == "failed"
    assert set(states.values()) == {"ok"}
    assert renkei("doctor").code == 1


@pytest.mark.parametrize(
    ("change", "name", "state"),
    [
        pytest.param("update shops set auth_failed_at = now()", "shops", "failed", id="refused"),
        pytest.param(
            "update shops set refresh_expires_at = now() + interval '2 days'",
            "shops",
            "warning",
            id="authorisation ends soon",
        ),
        pytest.param("update shops set tokens = null", "shops", "failed", id="never authorised"),
        pytest.param(
            "update robots set next_due_at = now() - interval '1 hour'",
            "robots",
            "failed",
            id="overdue robots",
        ),
        pytest.param("update shops set credentials = 'x'", "secrets", "failed", id="other key"),
        pytest.param(
            "update alembic_version set version_num = '0000'", "schema", "failed", id="old schema"
        ),
    ],
)
def test_the_doctor_names_what_needs_a_person(
    renkei: CommandLine, engine: Engine, change: str, name: str, state: str
) -> None:
    renkei.add_base("tote")
    with engine.begin() as connection:
        connection.execute(text(change))

    found = checks(renkei)[name]

    assert found["state"] == state
    assert found["hint"]


def test_the_doctor_tells_servers_that_do_not_answer(renkei: CommandLine) -> None:
    nowhere = {
        **renkei.environment,
        "RENKEI_DATABASE_URL": "postgresql+psycopg://u@127.0.0.1:9/x",
        "RENKEI_REDIS_URL": "redis://127.0.0.1:9/0",
    }

    found = checks(dataclasses.replace(renkei, environment=nowhere))

    for server, variable in ("PostgreSQL", "RENKEI_DATABASE_URL"), ("Redis", "RENKEI_REDIS_URL"):
        assert found[server]["state"] == "failed"
        assert variable in found[server]["hint"]


@pytest.mark.parametrize("command", ["demo", "simulator"])
@pytest.mark.parametrize("missing", ["aiohttp", "simulator"])
def test_without_the_simulated_carts_one_line_says_what_to_install(
    tmp_path: Path, command: str, missing: str
) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from console.main import main; main()"

    told = subprocess.run(
        [sys.executable, "-c", code, command],
        env={**os.environ, "PYTHONPATH": str(ROOT), "RENKEI_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )

    assert told.returncode == 1
    assert told.stderr == (
        "renkei: the simulated carts are not installed: pip install --editable '.[simulator]'\n"
    )


@pytest.mark.parametrize("as_json", [False, True], ids=["for people", "with --json"])
def test_the_simulator_prints_addresses_and_sample_secrets(tmp_path: Path, as_json: bool) -> None:
    running = subprocess.Popen(
        [*MAIN, "simulator", *(["--json"] if as_json else [])],
        env={**os.environ, "PYTHONPATH": str(ROOT), "RENKEI_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        assert running.stdout is not None
        first = json.loads(running.stdout.readline())
        url = first["url"]
        answer = httpx.get(f"{url}/_sim/shops").json()
        rest = "" if as_json else running.stdout.readline().decode()
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(timeout=PATIENCE_S)
        if running.stdout is not None:
            running.stdout.close()

    assert len(answer["shops"]) == 2
    if as_json:
        assert [shop["cart"] for shop in first["shops"]]
        assert first["shops"][0]["secrets"]
    else:
        assert "{" in rest
