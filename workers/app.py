"""The Celery application: settings with their reasons. Entry point `celery -A workers.app`."""

from contextlib import suppress
from typing import Any

from celery import Celery
from kombu import Queue as KombuQueue
from redis import Redis
from redis.exceptions import RedisError

from adapters.redis.connections import SOCKETS, open_redis
from adapters.redis.own_keys import drop_foreign
from beat_schedule import BEAT_SCHEDULE
from domain.actions import Action, Queue
from workers import broker, names
from workers.engine.dispatcher import Dispatcher
from workers.places import places
from workers.settings import Settings

_PREFIX = "renkei:"
# That of our queues, and Celery's own for events and for control.
_EXCHANGES = (Queue.PLAN.value, "celeryev", "celery.pidbox", "reply.celery.pidbox")
_TRANSPORT = {
    "ack_emulation": False,
    "global_keyprefix": _PREFIX,
    "priority_steps": [0],
    "max_connections": 200,
    **SOCKETS,
}
_PUBLISH_RETRY = {
    "max_retries": 2,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.5,
}


def celery_settings(redis_url: str) -> dict[str, Any]:
    """Return Celery's configuration. The rows are the queue; a message only says "look at N"."""
    return {
        "broker_url": redis_url,
        # Results and their backend are not used: a run's outcome is in PostgreSQL.
        "result_backend": None,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "enable_utc": True,
        "timezone": "UTC",
        # Acknowledge at once and keep no copy in Redis: leases and the sweep recover lost work,
        # at half the cost per task (docs/decisions/0003-runs-and-items.md).
        "task_acks_late": False,
        "worker_prefetch_multiplier": 1,
        "broker_transport_options": {**_TRANSPORT},
        "broker_connection_retry_on_startup": True,
        # Never give up on the broker; the default stops the worker after 100 tries.
        "broker_connection_max_retries": None,
        "broker_pool_limit": 10,
        "task_publish_retry_policy": {**_PUBLISH_RETRY},
        # Flower sees run-level tasks; item tasks switch events off, which cost more than they do.
        "worker_send_task_events": True,
        "task_send_sent_event": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        # Nothing waits in a worker: waiting is a due_at in PostgreSQL. What asks for it is dropped.
        "worker_consumer": "workers.messages:StrictConsumer",
        "task_create_missing_queues": False,
        "task_default_queue": Queue.PLAN.value,
        "task_queues": [KombuQueue(queue.value) for queue in Queue],
        "task_routes": {task: {"queue": queue.value} for task, queue in names.QUEUE_OF.items()},
        "beat_schedule": BEAT_SCHEDULE,
        "beat_scheduler": "workers.beat:SteadyScheduler",
    }


def make_app(redis_url: str | None = None) -> Celery:
    """Return an application; without a URL the environment tells it, on first use only."""
    broker.install()
    application = Celery("renkei", include=["workers.tasks"])
    application.add_defaults(
        lambda: celery_settings(
            redis_url if redis_url is not None else places(Settings.from_environ()).redis_url
        )
    )
    return application


def broker_of(redis_url: str) -> Redis:
    """Return a client of Redis whose commands end within seconds; connects on first use."""
    return open_redis(redis_url)


def clear_broker(redis_url: str) -> None:
    """Drop what other programs left where the broker's keys are; it would end each process (SEC-1).

    A Redis that cannot be reached is the consumer's to wait for.
    """
    with suppress(RedisError), open_redis(redis_url) as redis:
        queues = (queue.value for queue in Queue)
        drop_foreign(redis, prefix=_PREFIX, queues=queues, exchanges=_EXCHANGES)


def dispatcher_of(application: Celery) -> Dispatcher:
    """Return what sends notes about the actions of the table."""
    items = {action.value: names.address_of(action) for action in Action}
    return Dispatcher(application, plan=names.PLAN, items=items)


app = make_app()
