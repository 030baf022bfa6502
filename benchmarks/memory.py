"""Resident memory of one worker over many items: it has to be flat."""

from statistics import linear_regression

from benchmarks.contenders import engine_round
from benchmarks.programs import Measured, beat, worker
from benchmarks.stage import MOST_ITEMS_OF_A_SHOP, Stage
from benchmarks.tables import show
from benchmarks.way import ENGINE_QUEUES, WARM_UP_EACH

_ROWS = 10


class _Samples:
    """Memory by items done, about once every `step` items."""

    def __init__(self, worker: Measured, step: int) -> None:
        self._worker = worker
        self._step = step
        self.before = 0
        self.taken: list[tuple[int, float]] = []

    def look(self, done: int) -> None:
        total = self.before + done
        if not self.taken or total >= self.taken[-1][0] + self._step:
            self.take(total)

    def take(self, total: int) -> None:
        self.taken.append((total, self._worker.resident_mb()))


def measure_memory(stage: Stage, items: int) -> None:
    """Push many items through one fresh worker and print what it kept."""
    shops = len(stage.shop_ids)
    skus = len(stage.targets) // shops
    with (
        worker("workers.app", ENGINE_QUEUES, stage.environment(), stage.home / "memory.log") as one,
        beat(stage.environment(), stage.home / "beat.log"),
    ):
        engine_round(stage, one, WARM_UP_EACH)
        samples = _Samples(one, max(1, items // 20))
        each_left = min(-(-items // shops), MOST_ITEMS_OF_A_SHOP)
        while each_left:
            each = min(skus, each_left)
            engine_round(stage, one, each, watch=samples.look)
            samples.before += each * shops
            each_left -= each
        samples.take(samples.before)
    _print(samples.taken)


def _print(taken: list[tuple[int, float]]) -> None:
    # The first tenth fills caches: connections, prepared statements, the allocator's arenas.
    settled = taken[len(taken) // 10 :]
    slope = 0.0
    if len({done for done, _ in settled}) > 1:
        slope = linear_regression([d for d, _ in settled], [mb for _, mb in settled]).slope * 10_000
    chosen = taken[:: max(1, len(taken) // _ROWS)]
    if chosen[-1] is not taken[-1]:
        chosen.append(taken[-1])
    show(
        f"memory of one worker process over {taken[-1][0]} items; slope after the first tenth:"
        f" {slope:+.2f} MiB per 10,000 items",
        ("items done", "resident, MiB"),
        [(str(done), f"{mb:.1f}") for done, mb in chosen],
    )
