"""The whole way of one item beside a bare task that makes the same call and one INSERT.

The rounds take turns in one run, so that whatever else the machine does meets both.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from redis import Redis

from benchmarks.contenders import Round, bare_round, engine_round
from benchmarks.programs import Measured, beat, worker
from benchmarks.stage import Stage
from benchmarks.tables import Row, ratio, show
from benchmarks.wire import counted
from domain.actions import Queue

ENGINE_QUEUES = f"{Queue.PLAN},{Queue.STOCK},{Queue.TICKS}"
# Enough that imports, connections, prepared statements and tokens are there.
WARM_UP_EACH = 5
# What workers send: taking a message, sending one, asking the call budget.
_REDIS_COMMANDS = ("brpop", "lpush", "evalsha")


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one item sends, on average over a round."""

    statements: float
    round_trips: float
    redis_commands: float


def measure_way(stage: Stage, *, rounds: int, each: int) -> None:
    """Run both in turns and print the table."""
    with ExitStack() as running:
        ours = running.enter_context(
            worker("workers.app", ENGINE_QUEUES, stage.environment(), stage.home / "ours.log")
        )
        bare = running.enter_context(
            worker("benchmarks.bare", Queue.STOCK, stage.environment(), stage.home / "bare.log")
        )
        running.enter_context(beat(stage.environment(), stage.home / "beat.log"))
        engine_round(stage, ours, WARM_UP_EACH)
        bare_round(stage, bare, WARM_UP_EACH * len(stage.shop_ids))
        pairs = [_pair(stage, ours, bare, each) for _ in range(rounds)]
    traffic = _our_traffic(stage, each), _bare_traffic(stage, each)
    _print(pairs, traffic)


def _pair(stage: Stage, ours: Measured, bare: Measured, each: int) -> tuple[Round, Round]:
    return (
        engine_round(stage, ours, each),
        bare_round(stage, bare, each * len(stage.shop_ids)),
    )


def _our_traffic(stage: Stage, each: int) -> Traffic:
    """Count without beat: its ticks go by seconds, not by items."""
    with counted(stage.database_url) as (url, counter):
        environ = stage.environment(url)
        with worker("workers.app", ENGINE_QUEUES, environ, stage.home / "counted.log") as one:
            engine_round(stage, one, WARM_UP_EACH)
            counter.reset()
            before = _redis_commands(stage.engine_redis)
            done = engine_round(stage, one, each)
            return Traffic(
                counter.working() / done.items,
                counter.round_trips / done.items,
                (_redis_commands(stage.engine_redis) - before) / done.items,
            )


def _bare_traffic(stage: Stage, each: int) -> Traffic:
    items = each * len(stage.shop_ids)
    with counted(stage.database_url) as (url, counter):
        environ = stage.environment(url)
        with worker("benchmarks.bare", Queue.STOCK, environ, stage.home / "counted.log") as one:
            bare_round(stage, one, WARM_UP_EACH * len(stage.shop_ids))
            counter.reset()
            before = _redis_commands(stage.bare_redis)
            done = bare_round(stage, one, items)
            return Traffic(
                counter.working() / done.items,
                counter.round_trips / done.items,
                (_redis_commands(stage.bare_redis) - before) / done.items,
            )


def _redis_commands(url: str) -> int:
    """Return the commands of clients so far; what a script does inside is not counted."""
    with Redis.from_url(url) as redis:
        stats: dict[str, dict[str, int]] = redis.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in _REDIS_COMMANDS)


def _print(pairs: Sequence[tuple[Round, Round]], traffic: tuple[Traffic, Traffic]) -> None:
    ours, bare = [a for a, _ in pairs], [b for _, b in pairs]
    sent, sent_bare = traffic
    show(
        f"the way of one item: {len(pairs)} rounds of {ours[0].items} items each, in turns",
        ("", "engine", "bare task", "ratio"),
        [
            _row("CPU of the worker, ms per item", ours, bare, "cpu_ms_each"),
            _row("items a second", ours, bare, "items_a_second"),
            _plain("SQL statements per item", sent.statements, sent_bare.statements),
            _plain("round trips to PostgreSQL per item", sent.round_trips, sent_bare.round_trips),
            _plain("Redis commands per item", sent.redis_commands, sent_bare.redis_commands),
        ],
    )


def _row(name: str, ours: Sequence[Round], bare: Sequence[Round], what: str) -> Row:
    a = [float(getattr(one, what)) for one in ours]
    b = [float(getattr(one, what)) for one in bare]
    return name, f"{median(a):.2f}", f"{median(b):.2f}", ratio(a, b)


def _plain(name: str, ours: float, bare: float) -> Row:
    return name, f"{ours:.2f}", f"{bare:.2f}", f"{ours / bare:.2f}"
