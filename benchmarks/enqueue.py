"""Admitting and sending many items beside sending the same number of messages bare.

A shop has only as many items with the broker as it may have calls in flight, so that many items at
once means many shops; those are rows only and no worker runs.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from celery import Celery
from redis import Redis
from sqlalchemy import text

from adapters.postgres.engine.items import admit
from benchmarks.contenders import publish_bare
from benchmarks.stage import IN_FLIGHT, Stage
from benchmarks.tables import Row, ratio, show
from workers.app import dispatcher_of, make_app

_SHOPS = text("""
with made as (
  insert into shops (merchant_id, key, cart, name, api_url, auth_url, credentials,
                     calls_per_second, in_flight)
  select (select min(id) from merchants), 'rows-' || n, 'thebase', 'rows', '', '', '', 1, :in_flight
    from generate_series(1, :shops) n
  returning id
), laned as (
  insert into lanes (shop_id) select id from made
), planned as (
  insert into runs (shop_id, action, mode, state)
  select id, 'sync_stock', 'manual', 'open' from made
  returning id, shop_id
)
insert into run_items (run_id, shop_id, action, key, priority)
select id, shop_id, 'sync_stock', 'SKU-' || n, 6 from planned, generate_series(1, :each) n
""")
_AGAIN = text("""
update run_items set state = 'due', lease_until = null
 where shop_id in (select id from shops where key like 'rows-%')
""")
_GONE = text(
    "delete from run_items where shop_id in (select id from shops where key like 'rows-%')"
)


@dataclass(frozen=True, slots=True)
class _Took:
    """Seconds of wall time and of this process's CPU."""

    wall_s: float
    cpu_s: float


def measure_enqueue(stage: Stage, *, items: int, rounds: int) -> None:
    """Enqueue by the engine and bare, in turns, and print the table."""
    shops = -(-items // IN_FLIGHT)
    with stage.engine.begin() as connection:
        connection.execute(_SHOPS, {"shops": shops, "each": IN_FLIGHT, "in_flight": IN_FLIGHT})
        connection.execute(text("analyze run_items"))
        connection.execute(text("analyze lanes"))
    app, bare_app = make_app(stage.engine_redis), make_app(stage.bare_redis)
    pairs = []
    for _ in range(rounds):
        ours = _by_engine(stage, app, shops * IN_FLIGHT)
        pairs.append((ours, _bare(stage, bare_app, shops * IN_FLIGHT)))
    with stage.engine.begin() as connection:
        connection.execute(_GONE)
    _print(pairs, shops * IN_FLIGHT)


def _by_engine(stage: Stage, app: Celery, items: int) -> _Took:
    with stage.engine.begin() as connection:
        connection.execute(_AGAIN)
    wall_s, cpu_s = time.monotonic(), time.process_time()
    sent = 0
    while True:  # as the tick does: fair turns of at most 500 shops
        with stage.engine.begin() as connection:
            queued = admit(connection)
        if not queued:
            break
        dispatcher_of(app).send_items(queued)
        sent += len(queued)
    took = _Took(time.monotonic() - wall_s, time.process_time() - cpu_s)
    _emptied(stage.engine_redis)
    if sent != items:
        raise RuntimeError(f"{items} items, {sent} sent")
    return took


def _bare(stage: Stage, app: Celery, items: int) -> _Took:
    targets = [stage.targets[place % len(stage.targets)] for place in range(items)]
    wall_s, cpu_s = time.monotonic(), time.process_time()
    publish_bare(app, targets)
    took = _Took(time.monotonic() - wall_s, time.process_time() - cpu_s)
    _emptied(stage.bare_redis)
    return took


def _emptied(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()


def _print(pairs: list[tuple[_Took, _Took]], items: int) -> None:
    ours, bare = [a for a, _ in pairs], [b for _, b in pairs]
    show(
        f"enqueueing {items} items: {len(pairs)} rounds in turns",
        ("", "admit and send", "bare messages", "ratio"),
        [
            _row("wall time, s", [a.wall_s for a in ours], [b.wall_s for b in bare]),
            _row("CPU of the sender, s", [a.cpu_s for a in ours], [b.cpu_s for b in bare]),
        ],
    )


def _row(name: str, ours: Sequence[float], bare: Sequence[float]) -> Row:
    return name, f"{median(ours):.2f}", f"{median(bare):.2f}", ratio(ours, bare)
