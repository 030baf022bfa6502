"""Which ticks of beat a worker process does (CLK-1)."""

import pytest

from beat_schedule import BEAT_SCHEDULE
from workers import names
from workers.app import celery_settings
from workers.engine.ticks import TickPace

KIND, OTHER = ("runs.start_due_runs", "import_orders"), ("runs.start_due_runs", "sync_stock")


class Stopwatch:
    """Stands in for the monotonic clock."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_clk_1_a_backlog_of_ticks_is_one_tick() -> None:
    watch = Stopwatch()
    pace = TickPace({KIND: 2.0}, watch)

    assert [pace.take(KIND) for _ in range(10_000)].count(True) == 1


def test_clk_1_a_tick_half_its_period_after_the_one_before_is_done() -> None:
    watch = Stopwatch()
    pace = TickPace({KIND: 2.0}, watch)
    assert pace.take(KIND)

    watch.seconds += 0.99
    assert not pace.take(KIND)
    watch.seconds += 0.01
    assert pace.take(KIND)


def test_clk_1_ticks_of_two_kinds_do_not_hinder_each_other() -> None:
    pace = TickPace({KIND: 2.0, OTHER: 2.0}, Stopwatch())

    assert pace.take(KIND)
    assert pace.take(OTHER)


@pytest.mark.parametrize("name", BEAT_SCHEDULE)
def test_clk_1_a_tick_carries_no_time_and_goes_to_a_queue_of_its_own(name: str) -> None:
    assert BEAT_SCHEDULE[name]["options"] == {"queue": "ticks"}


def test_clk_1_only_ticks_share_their_queue() -> None:
    routes = celery_settings("redis://nowhere")["task_routes"]

    ticking = {task for task, route in routes.items() if route == {"queue": "ticks"}}
    assert ticking == set(names.TICKS) == {str(one["task"]) for one in BEAT_SCHEDULE.values()}
