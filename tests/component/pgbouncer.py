"""A real PgBouncer in front of a test's database, in transaction mode."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.component.doorkeeper import doorkeeper

PATIENCE_S = 60.0


def program() -> str | None:
    """Return where PgBouncer is, None where it is not installed."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def pgbouncer(database_url: str, *, ignores_options: bool, pool_size: int = 4) -> Iterator[str]:
    """Run one; gives the address through it.

    Args:
        ignores_options: `ignore_startup_parameters` names options; else they are refused.
        pool_size: connections to PostgreSQL that all clients share.
    """
    if program() is None:
        # A machine where nothing can be installed still tests how a pooler is found out.
        with doorkeeper(database_url, ignores_options=ignores_options) as url:
            yield url
        return
    with running(database_url, ignores_options=ignores_options, pool_size=pool_size) as (url, _):
        yield url


@contextmanager
def running(
    database_url: str, *, ignores_options: bool, pool_size: int = 4
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """See `pgbouncer`; gives the process as well."""
    there = program()
    if there is None:
        pytest.fail("this drill wants the program: apt-get install pgbouncer")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = make_url(database_url)
    folder = Path(tempfile.mkdtemp(prefix="renkei-pgbouncer-"))
    folder.chmod(0o711)
    ini = folder / "pgbouncer.ini"
    server = f"host={url.host} port={url.port} user={url.username} password={url.password}"
    ini.write_text(
        f"[databases]\n* = {server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"unix_socket_dir =\nauth_type = any\npool_mode = transaction\nmax_client_conn = 500\n"
        f"default_pool_size = {pool_size}\nlogfile =\npidfile =\n"
        + ("ignore_startup_parameters = options\n" if ignores_options else "")
    )
    ini.chmod(0o644)  # PgBouncer does not work as root
    process = start([there, "-q", str(ini)])
    try:
        _wait_for(port)
        through = url.set(host="127.0.0.1", port=port)
        yield through.render_as_string(hide_password=False), process
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)


def start(command: Any) -> "subprocess.Popen[bytes]":  # noqa: ANN401 -- as Popen tells it
    """Start it as somebody it works for."""
    user = "nobody" if os.geteuid() == 0 else None
    return subprocess.Popen(command, user=user, cwd="/", stderr=subprocess.DEVNULL)


def _wait_for(port: int) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_at:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("pgbouncer does not listen")
