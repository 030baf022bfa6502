"""Faults of the carts: cut connections, late and bad answers, closures, limits, ended tokens."""

import signal

from redis.exceptions import RedisError
from sqlalchemy import text

from adapters.postgres.database import DatabaseUnavailable
from tests.chaos.faults import Scene

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


# What ends with the hour, to the second: nothing else is due to end at a full hour.
_FULL_HOUR = "abs(extract(epoch from {0} - date_trunc('hour', {0} + interval '30 min'))) < 5"


class UseUpHour:
    """A BASE shop's hour is used up; some seconds later the hour is over."""

    def strike(self, scene: Scene) -> None:
        shop = scene.dice.choice(scene.base_shops)
        scene.simulator.change_shop(shop, hour_calls=5_000)
        scene.station.later(scene.dice.uniform(4, 9), lambda: self._next_hour(scene, shop))

    @classmethod
    def _next_hour(cls, scene: Scene, shop: str) -> None:
        """Let pass what ends with the hour, and nothing else: other waits are the product's."""
        scene.simulator.change_shop(shop, hour_calls=0)
        cls._forget_count(scene, shop)
        this = "shop_id = (select id from shops where key = :shop)"
        _write(
            scene,
            f"update lane_blocks set until = now() where {this} and {_FULL_HOUR.format('until')}",  # noqa: S608
            shop=shop,
        )
        for table, state in (("run_items", "due"), ("runs", "pending")):
            _write(
                scene,
                f"update {table} set due_at = now() where {this} and state = '{state}'"  # noqa: S608
                f" and due_at > now() and {_FULL_HOUR.format('due_at')}",
                shop=shop,
            )

    @classmethod
    def _forget_count(cls, scene: Scene, shop: str) -> None:
        try:
            with scene.engine.begin() as connection:
                shop_id = connection.execute(
                    text("select id from shops where key = :shop"), {"shop": shop}
                ).scalar_one()
            with scene.redis as redis:
                redis.delete(f"renkei:budget:{shop_id}")
        except (DatabaseUnavailable, RedisError):
            scene.station.later(1.0, lambda: cls._forget_count(scene, shop))


class EndTokens:
    """The access token of a BASE shop ends before its time."""

    def strike(self, scene: Scene) -> None:
        scene.simulator.end_tokens(scene.dice.choice(scene.base_shops), "access")


def _write(scene: Scene, statement: str, **values: object) -> None:
    """Change a row; a database that is down just now is asked again in a second."""
    try:
        with scene.engine.begin() as connection:
            connection.execute(text(statement), values)
    except DatabaseUnavailable:
        scene.station.later(1.0, lambda: _write(scene, statement, **values))
