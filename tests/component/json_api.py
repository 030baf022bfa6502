"""The real console on a real port, and a client that calls it as a warehouse system does."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from redis import Redis
from sqlalchemy import Engine

from adapters.postgres.access.api_clients import add_client
from adapters.postgres.database import open_engine
from console.web.app import create_app
from console.web.services import Services
from domain.access import Scope
from tests.component.command_line import SECRET_KEY
from tests.component.warehouse_samples import Warehouse
from workers.settings import Settings


@dataclass
class Api:
    """A running console.

    Attributes:
        announced: runs the workers were told of.
    """

    url: str
    engine: Engine
    announced: list[int] = field(default_factory=list)
    callers: list[httpx.Client] = field(default_factory=list)

    def client(
        self, warehouse: Warehouse, *scopes: Scope, name: str = "wms", **more: Any
    ) -> httpx.Client:
        """Return a caller with a fresh token; all scopes when none is named."""
        with self.engine.begin() as connection:
            token = add_client(connection, warehouse.merchant_id, name, scopes or list(Scope))
        return self.with_token(token, **more)

    def with_token(self, token: str | None, **more: Any) -> httpx.Client:
        """Return a caller with a token, or without one."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        caller = httpx.Client(base_url=self.url, headers=headers, timeout=30, **more)
        self.callers.append(caller)
        return caller


@contextmanager
def serve(
    database_url: str, redis_url: str, home: Path, *, largest_wait_s: float = 20
) -> Iterator[Api]:
    """Run the console in a thread of this process."""
    settings = Settings.from_environ(
        {
            "RENKEI_DATABASE_URL": database_url,
            "RENKEI_REDIS_URL": redis_url,
            "RENKEI_SECRET_KEYS": SECRET_KEY,
            "RENKEI_HOME": str(home),
        }
    )
    announced: list[int] = []

    def announce(run_ids: Sequence[int]) -> None:
        announced.extend(run_ids)

    engine = open_engine(database_url, connections=12)
    redis = Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=2)
    app = create_app(Services(settings, engine, redis, announce))
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, access_log=False, ws="none")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + largest_wait_s
    while not server.started:
        assert time.monotonic() < end, "the console did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    api = Api(f"http://127.0.0.1:{port}", engine, announced)
    try:
        yield api
    finally:
        for caller in api.callers:
            caller.close()
        server.should_exit = True
        thread.join(largest_wait_s)


def problem(answer: httpx.Response, status: int) -> str:
    """Return the sentence of a refusal, once it is checked to be one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert {"type", "title", "status", "detail"} <= document.keys()
    assert document["status"] == status
    return str(document["detail"])
