"""`python -m console.web`: the console as a process of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.component.command_line import PATIENCE_S, ROOT, SECRET_KEY


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def start(port: int, **environment: str) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if "RENKEI" not in name}
    return subprocess.Popen(
        [sys.executable, "-m", "console.web", "--port", str(port)],
        env={**clean, "PYTHONPATH": str(ROOT), **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_serves_on_this_machine_logs_without_secrets_and_ends_on_sigterm(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    port = free_port()
    process = start(
        port,
        RENKEI_DATABASE_URL=database_url,
        RENKEI_REDIS_URL=redis_url,
        RENKEI_SECRET_KEYS=SECRET_KEY,
        RENKEI_HOME=str(tmp_path),
        RENKEI_LOG_FORMAT="json",
    )
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                alive = httpx.get(f"{url}/readyz")
                break
            except httpx.ConnectError:
                assert time.monotonic() < end
                time.sleep(0.1)
        headers = {"Authorization": "Bearer top-secret-token"}
        httpx.get(f"{url}/api/v1/orders?number=secret-number", headers=headers)
    finally:
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=PATIENCE_S)

    assert alive.json()["status"] == "ok"
    assert re.search(r'"path": "/api/v1/orders", "status": 401', log)
    assert "secret" not in log


def test_without_servers_it_says_so_in_one_line(tmp_path: Path) -> None:
    process = start(free_port(), RENKEI_HOME=str(tmp_path / "nothing"))
    _, log = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 1
    assert log.count("\n") == 1
    assert log.startswith("renkei: no private server runs")
