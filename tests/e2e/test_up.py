"""`renkei up`, with real processes: it starts everything, starts again what dies, and drains."""

import base64
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from console.supervisor.programs import WORKER_PATIENCE_S
from tests.e2e.machine import PATIENCE_S, Machine, document, machine, of_home, renkei, wait_for

PASSWORD = "test-only-password"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """One machine for the tests that leave it running."""
    home = tmp_path_factory.mktemp("up") / "home"
    with machine(home, RENKEI_WORKERS="2", RENKEI_THREADS="4") as started:
        started.running()
        yield started


def test_up_starts_everything(up: Machine) -> None:
    state = up.running()

    assert set(state.processes) == {"w1", "w2", "beat", "flower", "console"}
    assert set(state.servers) == {"postgres", "valkey"}


def test_its_processes_are_recognisable(up: Machine) -> None:
    state = up.running()

    lines = {
        name: " ".join(psutil.Process(one.pid).cmdline())
        for name, one in {**state.processes, **state.servers}.items()
    }
    assert "celery" in lines["w1"]
    assert " worker " in lines["w1"]
    assert "celery" in lines["beat"]
    assert " beat " in lines["beat"]
    assert "valkey-server" in lines["valkey"]
    assert "postgres" in lines["postgres"]


@pytest.mark.parametrize("name", ["w1", "beat", "flower", "console", "valkey", "postgres"])
def test_what_is_killed_is_started_again(up: Machine, name: str) -> None:
    up.running()
    before = up.pid_of(name)
    assert before is not None

    os.kill(before, signal.SIGKILL)

    assert wait_for(lambda: up.pid_of(name) not in {None, before}), up.logs()
    assert wait_for(up.is_ready), up.logs()


def test_a_second_up_says_who_has_the_home(up: Machine) -> None:
    up.running()

    other = renkei(up.home, "up")

    assert other.returncode == 1
    assert other.stderr.splitlines() == [
        f"renkei: another `renkei up` (pid {up.process.pid}) runs for {up.home}"
    ]


def test_other_commands_find_the_servers_of_a_running_up(up: Machine) -> None:
    up.running()

    listed = renkei(up.home, "merchant", "list", "--json")

    assert listed.returncode == 0, listed.stderr
    assert '"default"' in listed.stdout


def flower(up: Machine) -> httpx.Client:
    password = (up.home / "flower.password").read_text().strip()
    token = base64.b64encode(f"operator:{password}".encode()).decode()
    return httpx.Client(
        base_url=up.running().addresses["flower"],
        headers={"Authorization": f"Basic {token}"},
        trust_env=False,
        timeout=PATIENCE_S,
    )


@pytest.mark.parametrize("page", ["/", "/metrics", "/tasks", "/api/tasks", "/api/workers"])
def test_flower_asks_for_a_log_in(up: Machine, page: str) -> None:
    with flower(up) as client:
        stranger = httpx.get(f"{client.base_url}{page}", trust_env=False, timeout=PATIENCE_S)
        operator = client.get(page)

    assert stranger.status_code == 401
    assert operator.status_code == 200


def test_flower_refuses_to_control_workers(up: Machine) -> None:
    with flower(up) as client:
        answer = client.post("/api/worker/shutdown/w1@anywhere")

    assert answer.status_code == 403


def test_flower_shows_readable_names_and_ids_only(up: Machine) -> None:
    with flower(up) as client:
        assert wait_for(lambda: bool(client.get("/api/tasks").json()))
        tasks = client.get("/api/tasks").json().values()
        table = client.get(
            "/tasks/datatable?draw=1&start=0&length=5&search[value]="
            "&order[0][column]=0&order[0][dir]=asc&columns[0][data]=name"
        ).json()["data"]

    assert "runs.start_due_runs" in {task["name"] for task in tasks}
    described = {row["name"]: row["args"] for row in table}
    assert "Start a run for every shop" in described["runs.start_due_runs"]


def test_the_password_of_flower_is_on_no_command_line(up: Machine) -> None:
    up.running()
    path = up.home / "flower.password"
    password = path.read_text().strip()

    lines = [" ".join(one.cmdline()) for one in up.family()]

    assert path.stat().st_mode & 0o077 == 0
    assert not [line for line in lines if password in line]


def test_ctrl_c_drains_ends_0_and_leaves_no_process(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with machine(home, RENKEI_WORKERS="1", RENKEI_FLOWER_PASSWORD=PASSWORD) as up:
        up.running()
        family = up.family()

        code = up.stop(signal.SIGINT)

        assert code == 0, (tmp_path / "up.out").read_text()
        assert not [one for one in family if one.is_running()]
        assert of_home(home) == []
        assert up.state() is None


def test_a_killed_supervisor_takes_everything_with_it_and_the_next_one_starts(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    with machine(home, RENKEI_WORKERS="1") as up:
        up.running()

        up.process.kill()
        up.process.wait()

        assert wait_for(lambda: of_home(home) == []), of_home(home)
    with machine(home, RENKEI_WORKERS="1") as again:
        again.running()
        assert again.stop(signal.SIGTERM) == 0


def test_a_relative_home_in_a_closed_folder_works_from_anywhere(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    once = renkei(Path("home"), "up", "--once", "--json", cwd=closed, RENKEI_WORKERS="1")

    assert once.returncode == 0, once.stderr
    assert document(once) == {"runs": 0, "not_succeeded": []}
    assert (closed / "home" / "postgres").is_dir()
    assert of_home(closed / "home") == []


def test_a_second_ctrl_c_hurries(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with machine(home, RENKEI_WORKERS="1") as up:
        up.running()
        worker = up.pid_of("w1")
        assert worker is not None
        os.kill(worker, signal.SIGSTOP)  # it will never drain
        began_at = time.monotonic()

        up.process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            up.process.wait(7)
        code = up.stop(signal.SIGINT)

        assert code == 0
        assert time.monotonic() - began_at < WORKER_PATIENCE_S
