"""One small class per kind of fault. `strike` begins it; what has to end is put on the agenda."""

import random
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from celery import Celery
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine, text

from adapters.postgres.database import DatabaseUnavailable, transaction
from domain.actions import Action
from simulator.client import SimulatorClient
from tests.chaos.station import Kept, Station
from workers import names
from workers.app import make_app

# An effect whose answer is lost waits for its call's deadline and this much more
# (contract_decisions: deadline + 30 s); a process that stands still for less is harmless.
LONGEST_PAUSE_S = 20.0
WRITES = (
    "orders.status",
    "deliveries.shipping",
    "settlement.request",
    "orders.complete",
    "stock.write",
    "orders.edit_status",
    "items.edit_stock",
)
READS = ("orders.search", "orders.list", "orders.detail", "stock.read")


@dataclass
class Scene:
    """What faults may touch."""

    station: Station
    simulator: SimulatorClient
    engine: Engine
    base_shops: list[str]
    dice: random.Random

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


class Cut:
    """Connections to the carts are cut before or after a call had its effect."""

    def __init__(self, when: str, endpoints: tuple[str, ...] = WRITES, calls: int = 3) -> None:
        self._when, self._endpoints, self._calls = when, endpoints, calls

    def strike(self, scene: Scene) -> None:
        endpoint = scene.dice.choice(self._endpoints)
        rule = {"when": self._when, "endpoint": endpoint, "count": self._calls}
        _rule(scene, 10, "drop", rule)


class Slow:
    """Calls take seconds: most of them are under way when something else strikes."""

    def strike(self, scene: Scene) -> None:
        when = scene.dice.choice(["before", "after"])
        rule = {"when": when, "seconds": scene.dice.uniform(0.5, 3), "probability": 0.3}
        _rule(scene, 8, "delay", rule)


class KillInCall:
    """SIGKILL a worker while calls that write are under way: their effect comes, nobody hears."""

    def strike(self, scene: Scene) -> None:
        when = scene.dice.choice(["before", "after"])
        endpoint = scene.dice.choice(WRITES)
        _rule(scene, 3, "delay", {"when": when, "seconds": 1.5, "endpoint": endpoint})
        worker = scene.dice.choice(scene.station.workers)
        scene.station.later(1.2, lambda: worker.send(signal.SIGKILL))


class BadAnswers:
    """Some calls are answered with an error that passes, or with rubbish."""

    def strike(self, scene: Scene) -> None:
        status = scene.dice.choice([500, 502, 429])
        rule = {
            "status": status,
            "probability": 0.4,
            "when": scene.dice.choice(["before", "after"]),
        }
        _rule(scene, 5, "respond", rule)


def _rule(scene: Scene, seconds: float, action: str, rule: dict[str, object]) -> None:
    number = scene.simulator.add_fault(action, **rule)
    scene.station.later(seconds, lambda: scene.simulator.remove_fault(number))


class CloseCart:
    """A cart closes a family of its API for maintenance and opens again."""

    def strike(self, scene: Scene) -> None:
        cart = scene.dice.choice(["shopserve", "thebase"])
        api = scene.dice.choice(["orders", "stock", "all"])
        scene.simulator.close(cart, api)
        scene.station.later(scene.dice.uniform(3, 8), lambda: self._open(scene, cart, api))

    @staticmethod
    def _open(scene: Scene, cart: str, api: str) -> None:
        scene.simulator.open(cart, api)
        # A probe finds out by itself after half a minute and more; that half minute is let pass.
        _write(
            scene, "update closures set probe_at = now() where ended_at is null and ends_at is null"
        )


class UseUpHour:
    """A BASE shop's hour is used up; some seconds later the hour is over."""

    def strike(self, scene: Scene) -> None:
        shop = scene.dice.choice(scene.base_shops)
        scene.simulator.change_shop(shop, hour_calls=5_000)
        scene.station.later(scene.dice.uniform(4, 9), lambda: self._next_hour(scene, shop))

    @staticmethod
    def _next_hour(scene: Scene, shop: str) -> None:
        scene.simulator.change_shop(shop, hour_calls=0)
        with suppress(RedisError), scene.redis as redis:
            for key in redis.scan_iter("renkei:budget:*"):
                redis.delete(key)
        this = "(select id from shops where key = :shop)"
        _write(scene, f"update lanes set blocked_until = null where shop_id = {this}", shop=shop)  # noqa: S608
        for table in ("run_items", "runs"):
            state = "due" if table == "run_items" else "pending"
            _write(
                scene,
                f"update {table} set due_at = now() where state = '{state}'"  # noqa: S608
                f" and shop_id = {this} and due_at > now() + interval '100 s'",
                shop=shop,
            )


class EndTokens:
    """The access token of a BASE shop ends before its time."""

    def strike(self, scene: Scene) -> None:
        scene.simulator.end_tokens(scene.dice.choice(scene.base_shops), "access")


class Duplicates:
    """Messages of long ago, twice, of nothing, and by clocks that are wrong."""

    def strike(self, scene: Scene) -> None:
        items = _ids(scene, "select id, action from run_items order by random() limit 20")
        runs = _ids(scene, "select id, action from runs order by random() limit 6")
        notes = [(names.ITEM_TASKS[Action(action)], row_id) for row_id, action in items]
        notes += [(names.PLAN_RUN, row_id) for row_id, _ in runs]
        notes += [(names.PLAN_RUN, 10**9), (names.IMPORT_ORDER, 10**9)]
        with suppress(OperationalError, RedisError, OSError):
            app = scene.celery()
            for task, row_id in notes:
                for _ in range(scene.dice.randint(1, 2)):
                    app.send_task(task, (row_id,), queue=names.QUEUE_OF[task], **self._clock(scene))

    @staticmethod
    def _clock(scene: Scene) -> dict[str, Any]:
        """Return what a sender whose clock is minutes off would add."""
        now = datetime.now(UTC)
        skew = timedelta(seconds=scene.dice.uniform(-600, 600))
        moment = timedelta(seconds=0.001)
        return scene.dice.choice(
            [{}, {"expires": now + max(skew, moment)}, {"eta": now + min(skew, 2000 * moment)}]
        )


class SecondSlots:
    """A beat whose clock is wrong asks for every action again and again."""

    def strike(self, scene: Scene) -> None:
        with suppress(OperationalError, RedisError, OSError):
            app = scene.celery()
            for _ in range(3):
                for action in names.ITEM_TASKS:
                    app.send_task(names.START_DUE_RUNS, (action,), queue=names.PLAN)
                app.send_task(names.SWEEP, queue=names.PLAN)


def _write(scene: Scene, statement: str, **values: object) -> None:
    """Change a row; a database that is down just now is asked again in a second."""
    try:
        with transaction(scene.engine) as connection:
            connection.execute(text(statement), values)
    except DatabaseUnavailable:
        scene.station.later(1.0, lambda: _write(scene, statement, **values))


def _ids(scene: Scene, query: str) -> list[tuple[int, str]]:
    with suppress(DatabaseUnavailable), transaction(scene.engine) as connection:
        return [(row[0], row[1]) for row in connection.execute(text(query))]
    return []


Make = Callable[[], Fault]
