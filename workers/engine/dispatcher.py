"""Sending "go and look" notes, after commit. A note that is lost costs seconds, never work."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, cast

from celery import Celery
from celery.utils import uuid
from kombu import Producer
from kombu.exceptions import (  # type: ignore[attr-defined]
    BatchPublishError,
    LimitExceeded,
    OperationalError,
)
from redis.exceptions import RedisError

from adapters.postgres.engine.items import QueuedItem

_log = logging.getLogger(__name__)

BATCH = 500
# While others wait for a silent broker; what is not sent is left to the sweep.
PRODUCER_WAIT_S = 10.0
_NOT_SENT = (OperationalError, LimitExceeded, BatchPublishError, RedisError, OSError)


Address = tuple[str, str]
"""Where a note goes: the wire name of its task, and the queue."""


class Dispatcher:
    """Sends the notes of one process."""

    def __init__(self, app: Celery, *, plan: Address, items: Mapping[str, Address]) -> None:
        """Args: plan: of notes about runs; items: of those about items, by action."""
        self._app = app
        self._plan = plan
        self._items = items

    def send_items(self, items: Sequence[QueuedItem]) -> None:
        """Send one note per queued item; the rescuer repairs what could not be sent."""
        self._send([(self._items[item.action], item.id, f"(item={item.id})") for item in items])

    def send_runs(self, run_ids: Sequence[int]) -> None:
        """Send one note per pending run; the tick repairs what could not be sent."""
        self._send([(self._plan, run_id, f"(run={run_id})") for run_id in run_ids])

    def _send(self, notes: Sequence[tuple[Address, int, str]]) -> None:
        if not notes:
            return
        try:
            with self._app.producer_pool.acquire(block=True, timeout=PRODUCER_WAIT_S) as producer:
                if len(notes) == 1:
                    self._publish(producer, *notes[0])
                    return
                with cast("Any", producer).batch(BATCH):  # newer than the stubs
                    for note in notes:
                        self._publish(producer, *note)
        except _NOT_SENT as error:
            why = type(error).__name__
            _log.warning("%d notes not sent (%s): the next tick finds the work", len(notes), why)

    def _publish(self, producer: Producer, to: Address, row_id: int, shown: str) -> None:
        """Publish what `app.send_task` would, at two thirds of its cost.

        The message is Celery's own; left out are the routing, the options and the result of a
        call, none of which a note has.
        """
        task, queue = to
        message = self._app.amqp.create_task_message(
            uuid(), task, args=(row_id,), argsrepr=shown, kwargsrepr="", ignore_result=True
        )
        producer.publish(
            message.body,
            exchange="",
            routing_key=queue,
            headers=message.headers,
            serializer="json",
            retry=True,
            retry_policy=self._app.conf.task_publish_retry_policy,
            **message.properties,
        )
