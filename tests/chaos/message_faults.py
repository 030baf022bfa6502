"""Faults of messages: doubled, long outdated, about nothing, from clocks that are wrong."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError
from sqlalchemy import text

from adapters.postgres.database import DatabaseUnavailable
from domain.actions import ACTIONS, Action, Queue
from tests.chaos.faults import Scene
from workers import names


class Duplicates:
    """Messages of long ago, twice, of nothing, and by clocks that are wrong."""

    def strike(self, scene: Scene) -> None:
        items = _ids(scene, "select id, action from run_items order by random() limit 20")
        runs = _ids(scene, "select id, action from runs order by random() limit 6")
        notes = [(ACTIONS[Action(action)].task, row_id) for row_id, action in items]
        notes += [(names.PLAN_RUN, row_id) for row_id, _ in runs]
        notes += [(names.PLAN_RUN, 10**9), (ACTIONS[Action.IMPORT_ORDERS].task, 10**9)]
        with suppress(OperationalError, RedisError, OSError), scene.celery() as app:
            for task, row_id in notes * scene.dice.randint(1, 2):
                app.send_task(
                    task, (row_id,), queue=names.QUEUE_OF[task].value, **self._clock(scene)
                )

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
        with suppress(OperationalError, RedisError, OSError), scene.celery() as app:
            for _ in range(3):
                for action in ACTIONS:
                    app.send_task(names.START_DUE_RUNS, (action,), queue=Queue.TICKS.value)
                app.send_task(names.SWEEP, queue=Queue.TICKS.value)


def _ids(scene: Scene, query: str) -> list[tuple[int, str]]:
    with suppress(DatabaseUnavailable), scene.engine.begin() as connection:
        return [(row[0], row[1]) for row in connection.execute(text(query))]
    return []
