"""One small class per kind of fault. `strike` begins it; what has to end is put on the agenda."""

import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from celery import Celery
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine

from simulator.client import SimulatorClient
from tests.chaos.station import Kept, Station
from workers.app import make_app

# An effect whose answer is lost waits for its call's deadline and this much more
# (contract_decisions: deadline + 30 s); a process that stands still for less is harmless.
LONGEST_PAUSE_S = 20.0
# A lease of 15 s is renewed every 4 s: a shorter pause loses none.
HARMLESS_PAUSE_S = 10.0


@dataclass
class Scene:
    """What faults may touch.

    Attributes:
        woken: when processes went on that had stood still for about a lease, Unix seconds.
    """

    station: Station
    simulator: SimulatorClient
    engine: Engine
    base_shops: list[str]
    dice: random.Random
    woken: list[float] = field(default_factory=list)

    @property
    def redis(self) -> Redis:
        """A fresh client: the old one may point at a dead connection."""
        return Redis.from_url(self.station.places.redis_url, socket_timeout=5)

    def celery(self) -> Celery:
        """Return an application that sends messages."""
        return make_app(self.station.places.redis_url)


class Fault(Protocol):
    """Something that goes wrong."""

    def strike(self, scene: Scene) -> None: ...


class KillWorker:
    """SIGKILL one worker."""

    def strike(self, scene: Scene) -> None:
        scene.dice.choice(scene.station.workers).send(signal.SIGKILL)


class KillAllWorkers:
    """SIGKILL every worker at once."""

    def strike(self, scene: Scene) -> None:
        for one in scene.station.workers:
            one.send(signal.SIGKILL)


class TermWorker:
    """SIGTERM one worker: it drains, gives the rest back and is started again."""

    def strike(self, scene: Scene) -> None:
        scene.dice.choice(scene.station.workers).send(signal.SIGTERM)


class PauseWorker:
    """SIGSTOP one worker, sometimes for longer than its lease of 15 s."""

    def __init__(self, longest_s: float = LONGEST_PAUSE_S, shortest_s: float = 1.0) -> None:
        self._seconds = (shortest_s, longest_s)

    def strike(self, scene: Scene) -> None:
        seconds = scene.dice.uniform(*self._seconds)
        _pause(scene, scene.dice.choice(scene.station.workers), seconds)


class KillBeat:
    """SIGKILL one of two beats."""

    def strike(self, scene: Scene) -> None:
        scene.dice.choice(scene.station.beats).send(signal.SIGKILL)


class PauseBeat:
    """SIGSTOP one of two beats: afterwards it is late with everything."""

    def strike(self, scene: Scene) -> None:
        _pause(scene, scene.dice.choice(scene.station.beats), scene.dice.uniform(1, 8))


def _pause(scene: Scene, kept: Kept, seconds: float) -> None:
    process = kept.process
    if process is None or not kept.send(signal.SIGSTOP):
        return

    def go_on() -> None:
        if process.poll() is None:
            if seconds > HARMLESS_PAUSE_S:
                scene.woken.append(time.time())
            process.send_signal(signal.SIGCONT)

    scene.station.later(seconds, go_on)


class FlushRedis:
    """FLUSHALL: messages, budgets and markers are gone."""

    def strike(self, scene: Scene) -> None:
        with suppress(RedisError), scene.redis as redis:
            redis.flushall()


class KillRedis:
    """SIGKILL Redis; it is back after up to 4 s."""

    def strike(self, scene: Scene) -> None:
        scene.station.kill_server("valkey", signal.SIGKILL, down_s=scene.dice.uniform(0, 4))


class RestartRedis:
    """SIGTERM Redis; it is back after up to 2 s."""

    def strike(self, scene: Scene) -> None:
        scene.station.kill_server("valkey", signal.SIGTERM, down_s=scene.dice.uniform(0, 2))


class DropRedisClients:
    """Every connection to Redis is cut."""

    def strike(self, scene: Scene) -> None:
        with suppress(RedisError), scene.redis as redis:
            redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


class StopPostgres:
    """Immediate stop of PostgreSQL: no checkpoint, connections cut; back after up to 4 s."""

    def strike(self, scene: Scene) -> None:
        scene.station.kill_server("postgres", signal.SIGQUIT, down_s=scene.dice.uniform(0, 4))


Make = Callable[[], Fault]
