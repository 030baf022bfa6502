"""Sending "go and look" notes, after commit. A note that is lost costs seconds, never work."""

import logging
from collections.abc import Sequence
from typing import Any, cast

from celery import Celery
from celery.utils import uuid
from kombu import Producer
from kombu.exceptions import BatchPublishError, OperationalError  # type: ignore[attr-defined]
from redis.exceptions import RedisError

from adapters.postgres.engine.items import QueuedItem
from domain.actions import ACTIONS
from workers import names

_log = logging.getLogger(__name__)

BATCH = 500


def send_items(app: Celery, items: Sequence[QueuedItem]) -> None:
    """Send one note per queued item; the sweep repairs what could not be sent."""
    _send(app, [(ACTIONS[item.action].task, item.id, f"(item={item.id})") for item in items])


def send_runs(app: Celery, run_ids: Sequence[int]) -> None:
    """Send one note per pending run; the tick repairs what could not be sent."""
    _send(app, [(names.PLAN_RUN, run_id, f"(run={run_id})") for run_id in run_ids])


def _send(app: Celery, notes: Sequence[tuple[str, int, str]]) -> None:
    if not notes:
        return
    try:
        with app.producer_pool.acquire(block=True, timeout=10) as producer:
            if len(notes) == 1:
                _publish(app, producer, notes[0])
                return
            with cast("Any", producer).batch(BATCH):  # newer than the stubs
                for note in notes:
                    _publish(app, producer, note)
    except (OperationalError, BatchPublishError, RedisError, OSError) as error:
        _log.warning("%d notes not sent: %s", len(notes), type(error).__name__)


def _publish(app: Celery, producer: Producer, note: tuple[str, int, str]) -> None:
    """Publish what `app.send_task` would, at two thirds of its cost.

    The message is Celery's own; left out are the routing, the options and the result of a call,
    none of which a note has.
    """
    task, row_id, shown = note
    message = app.amqp.create_task_message(
        uuid(), task, args=(row_id,), argsrepr=shown, kwargsrepr="", ignore_result=True
    )
    producer.publish(
        message.body,
        exchange="",
        routing_key=names.QUEUE_OF[task].value,
        headers=message.headers,
        serializer="json",
        retry=True,
        retry_policy=app.conf.task_publish_retry_policy,
        **message.properties,
    )
