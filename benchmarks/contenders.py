"""The engine and its bare peer: how each is given work, and when it is through with it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from celery import Celery
from redis import Redis
from sqlalchemy import TextClause, text

from adapters.postgres.engine import runs
from benchmarks import bare
from benchmarks.programs import Measured
from benchmarks.stage import Stage, Target
from domain.actions import Action, Queue
from domain.engine.runs import RunMode
from workers.app import celery_settings, dispatcher_of, make_app
from workers.engine import dispatcher

_POLL_S = 0.05
_ROUND_TIMEOUT_S = 900.0
# Messages are prepared under this prefix and moved to the queue in one step.
_STAGED = "staged:"

_DIRTY = text("""
update stock_pushes set wanted_version = wanted_version + 1
 where mapping_id in (
   select mapping_id from (
     select mapping_id, row_number() over (partition by shop_id order by mapping_id) as place
       from stock_pushes) p
    where place <= :each)
""")
_ENDED = text("""
select count(*) filter (where i.state not in ('due', 'queued', 'running')) as ended,
       count(*) filter (where i.state = 'succeeded') as succeeded
  from run_items i where i.run_id = any(:runs)
""")
_OPEN = text("select count(*) from runs where id = any(:runs) and finished_at is null")


@dataclass(frozen=True, slots=True)
class Round:
    """What one round came to."""

    items: int
    cpu_s: float
    wall_s: float

    @property
    def cpu_ms_each(self) -> float:
        """CPU milliseconds of the worker per item."""
        return self.cpu_s * 1000 / self.items

    @property
    def items_a_second(self) -> float:
        """Items per second of wall time."""
        return self.items / self.wall_s


Watch = Callable[[int], None]


def _ignore(_: int) -> None:
    """Watch nothing."""


def engine_round(stage: Stage, worker: Measured, each: int, *, watch: Watch = _ignore) -> Round:
    """Push `each` SKUs of every shop by one run per shop, from plan to close.

    Args: watch: told now and then how many items have ended.
    """
    with stage.engine.begin() as connection:
        connection.execute(_DIRTY, {"each": each})
    items = each * len(stage.shop_ids)
    before = _stock_sets(stage)
    cpu_s, began_at = worker.cpu_s(), time.monotonic()
    run_ids = _start_runs(stage)
    _wait(lambda: _engine_done(stage, run_ids, watch))
    round_ = Round(items, worker.cpu_s() - cpu_s, time.monotonic() - began_at)
    with stage.engine.begin() as connection:
        succeeded = connection.execute(_ENDED, {"runs": run_ids}).one().succeeded
    _check(items, succeeded, _stock_sets(stage) - before)
    return round_


def _start_runs(stage: Stage) -> list[int]:
    with stage.engine.begin() as connection:
        made = [
            runs.insert(connection, shop_id=shop_id, action=Action.SYNC_STOCK, mode=RunMode.MANUAL)
            for shop_id in stage.shop_ids
        ]
    run_ids = [run_id for run_id in made if run_id is not None]
    dispatcher_of(make_app(stage.engine_redis)).send_runs(run_ids)
    return run_ids


def _engine_done(stage: Stage, run_ids: Sequence[int], watch: Watch) -> bool:
    with stage.engine.begin() as connection:
        left = connection.execute(_OPEN, {"runs": list(run_ids)}).scalar_one()
        if watch is not _ignore:
            watch(connection.execute(_ENDED, {"runs": list(run_ids)}).one().ended)
    return not left


def bare_round(stage: Stage, worker: Measured, items: int) -> Round:
    """Have the bare peer make as many pushes; its messages are ready before the clock starts."""
    with stage.engine.begin() as connection:
        connection.execute(text("truncate bare_pushes"))
    before = _stock_sets(stage)
    chosen = [stage.targets[place % len(stage.targets)] for place in range(items)]
    with Redis.from_url(stage.bare_redis) as redis:
        publish_bare(_staging_app(stage.bare_redis), chosen)
        cpu_s, began_at = worker.cpu_s(), time.monotonic()
        redis.rename(f"{_STAGED}{Queue.STOCK.value}", f"renkei:{Queue.STOCK.value}")
    count = text("select count(*) from bare_pushes")
    _wait(lambda: _scalar(stage, count) >= items)
    round_ = Round(items, worker.cpu_s() - cpu_s, time.monotonic() - began_at)
    _check(items, _scalar(stage, count), _stock_sets(stage) - before)
    return round_


def publish_bare(app: Celery, targets: Sequence[Target]) -> None:
    """Publish one message per target in the same batches as the engine."""
    with (
        app.producer_pool.acquire(block=True) as producer,
        cast("Any", producer).batch(dispatcher.BATCH),
    ):
        for target in targets:
            app.send_task(
                bare.PUSH,
                args=(target.url, target.token, target.item),
                producer=producer,
                argsrepr="",
                kwargsrepr="",
                queue=Queue.STOCK.value,
                ignore_result=True,
            )


def _staging_app(redis_url: str) -> Celery:
    settings = celery_settings(redis_url)
    settings["broker_transport_options"] |= {"global_keyprefix": _STAGED}
    app = Celery("staging")
    app.conf.update(settings)
    return app


def _scalar(stage: Stage, question: TextClause) -> int:
    with stage.engine.begin() as connection:
        return int(connection.execute(question).scalar_one())


def _stock_sets(stage: Stage) -> int:
    return int(stage.simulator.counters()["effects"].get("stock_set", 0))


def _wait(done: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + _ROUND_TIMEOUT_S
    while not done():
        if time.monotonic() > give_up_at:
            raise RuntimeError("a round did not end")
        time.sleep(_POLL_S)


def _check(items: int, recorded: int, called: int) -> None:
    """A figure counts only if every item was pushed once and recorded once."""
    if recorded != items or called != items:
        raise RuntimeError(f"{items} items, {recorded} recorded, {called} pushed")
