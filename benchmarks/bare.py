"""The peer: a Celery task that makes the same call and one INSERT, and promises nothing.

Same Celery settings, same logging, same HTTP client, same database engine, same pool of threads.
No claim, no lease, no budget, no kill switch, no record of what is still to be done: a message that
is lost is lost. The difference to it is what the engine's promises cost.
"""

import json
import os
from functools import cache
from typing import Any

import httpx
from celery import Celery
from celery.signals import setup_logging
from sqlalchemy import Engine, text

from adapters.http.calls import Call, send
from adapters.http.deadline import build_client
from adapters.postgres.database import open_engine
from benchmarks.stage import THREADS
from domain.actions import Queue
from domain.carts.cart import Cart, call_deadline_s
from domain.errors import ApiFamily
from workers.app import celery_settings
from workers.logs import configure_logging

PUSH = "bare.push_sku"
QUANTITY = 25

app = Celery("bare")
app.add_defaults(
    lambda: {
        **celery_settings(os.environ["BARE_REDIS_URL"]),
        # Its task is none of ours: the filter of strange messages is part of what is compared.
        "worker_consumer": "celery.worker.consumer:Consumer",
        "beat_schedule": {},
        "task_routes": {PUSH: {"queue": Queue.STOCK.value}},
    }
)


@setup_logging.connect
def _configure_logging(**_: Any) -> None:
    """Celery's own two lines per task would make the peer look dearer than it is."""
    configure_logging("json")


_INSERT = text("insert into bare_pushes (item, quantity) values (:item, :quantity)")


@cache
def _http() -> httpx.Client:
    return build_client()


@cache
def _engine() -> Engine:
    return open_engine(os.environ["BARE_DATABASE_URL"], connections=THREADS + 4, name="bare")


@app.task(name=PUSH, send_events=False)
def push_sku(url: str, token: str, item: str) -> None:
    """Tell the shop one number and write down that it was told."""
    call = Call(
        remote="bare",
        method="POST",
        path="/1/items/edit_stock",
        url=url,
        headers={
            "authorization": f"Bearer {token}",
            "accept": "application/json",
            "content-type": "application/x-www-form-urlencoded",
        },
        content=f"item_id={item}&stock={QUANTITY}".encode(),
        writes=True,
        deadline_s=call_deadline_s(Cart.BASE, ApiFamily.STOCK),
    )
    answer = send(_http(), call)
    if answer.status != 200 or json.loads(answer.body)["item"]["stock"] != QUANTITY:
        raise RuntimeError(f"the shop answered {answer.status}")
    with _engine().begin() as connection:
        connection.execute(_INSERT, {"item": item, "quantity": QUANTITY})
