"""The figures of adapters/postgres/views/metrics.py and the queues, in Prometheus' text format."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from adapters.postgres.database import DatabaseUnavailable
from adapters.postgres.views.metrics import Sample, samples
from adapters.postgres.views.processes import processes_seen
from console.web.services import Services
from domain.actions import Queue

PREFIX = "renkei_"
_LABELS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "up": ("1 while the part answers.", ("part",)),
        "processes": ("Processes that did not say good-bye.", ("kind", "state")),
        "runs_unfinished": ("Runs that are not over, by state.", ("action", "state")),
        "robots_last_run": ("Robots by how their last run ended.", ("action", "state")),
        "items_open": ("Items not over, by state.", ("action", "state")),
        "items_due_lag_seconds": ("How long the oldest due item waits.", ("action",)),
        "robots_due_lag_seconds": ("How late the latest robot is.", ("action",)),
        "shipments_unreturned": ("Shipped, and the cart does not know.", ("cart",)),
        "shipments_unreturned_late": ("The same, for more than a day.", ("cart",)),
        "dead_letters_open": ("Dead letters nobody decided on.", ("action",)),
        "clock_ahead_seconds": ("How far a process's clock is ahead.", ("process",)),
        "cart_clock_ahead_seconds": ("How far a cart's clock is ahead.", ("address",)),
        "cart_calls_this_hour": ("Calls since the hour began.", ("cart",)),
        "shops": ("Shops that were not removed.", ("cart",)),
        "shops_parked": ("Shops whose kill switch is on.", ("cart",)),
        "shops_locked_out": ("Shops whose credentials were refused.", ("cart",)),
        "shops_unserved": ("Shops their cart does not serve for now.", ("cart",)),
        "next_probe_seconds": ("Until a shop that stands still is tried again.", ("cart",)),
        "shops_lost_time": ("Shops that wait for `renkei db restored`.", ("cart",)),
        "refresh_token_seconds_left": ("Until the next refresh token ends.", ("cart",)),
        "queue_length": ("Messages that wait in the broker.", ("queue",)),
    }
)

_log = logging.getLogger(__name__)


class Figures(Collector):
    """One scrape."""

    def __init__(self, found: Iterable[Sample]) -> None:
        """Args: found: in any order."""
        self._found = list(found)

    def collect(self) -> Iterable[Metric]:
        """Return one family per name, also those without a value."""
        for name, (meaning, labels) in _LABELS.items():
            family = GaugeMetricFamily(PREFIX + name, meaning, labels=labels)
            for figure in self._found:
                if figure.name == name:
                    family.add_metric(figure.labels, figure.value)
            yield family


def exposition(services: Services) -> bytes:
    """Return the text; a part that does not answer is told as down, the others are there."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures([*_from_database(services), *_from_broker(services)]))
    return generate_latest(registry)


def _from_database(services: Services) -> list[Sample]:
    try:
        with services.engine.begin() as connection:
            alive = Counter((one.kind, one.liveness) for one in processes_seen(connection))
            processes = [Sample("processes", states, count) for states, count in alive.items()]
            return [*samples(connection), *processes, Sample("up", ("database",), 1)]
    except DatabaseUnavailable as error:
        _log.warning("no figures", extra={"fields": {"error": str(error)}})
        return [Sample("up", ("database",), 0)]


def _from_broker(services: Services) -> list[Sample]:
    try:
        lengths = [
            Sample("queue_length", (name,), _length(services.redis.llen(f"renkei:{name}")))
            for name in Queue
        ]
    except RedisError as error:
        _log.warning("no queue lengths", extra={"fields": {"error": type(error).__name__}})
        return [Sample("up", ("broker",), 0)]
    return [*lengths, Sample("up", ("broker",), 1)]


def _length(answer: object) -> float:
    return float(answer) if isinstance(answer, int) else 0.0
