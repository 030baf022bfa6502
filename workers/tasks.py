"""The Celery tasks: wire names and one line each. Arguments are ids; all waiting is in the rows."""

import atexit
import logging
import sys
from collections.abc import Callable
from typing import Any

from celery import Task
from celery.signals import (
    beat_init,
    setup_logging,
    task_received,
    worker_init,
    worker_shutdown,
    worker_shutting_down,
)
from celery.worker.request import Request

from adapters.postgres.database import DatabaseUnavailable
from adapters.postgres.engine.dead_letters import Failure
from adapters.postgres.revision import WrongSchema
from beat_schedule import BEAT_SCHEDULE
from domain.actions import ACTIONS
from domain.engine.liveness import ProcessKind
from workers import names
from workers.actions import compare_stock, sync_stock
from workers.app import app, clear_broker
from workers.engine import cleaner, executor, planner, rescuer
from workers.engine.ticks import TickPace
from workers.heartbeat import Heartbeat
from workers.logs import configure_logging
from workers.places import NotRunning, engine_of, redis_url
from workers.schema_watch import refuse_misfit
from workers.settings import BadSettings, Settings
from workers.wiring import Process, current

_log = logging.getLogger(__name__)


@setup_logging.connect
def _configure_logging(**_: Any) -> None:
    configure_logging(Settings.from_environ().log_format)


@worker_init.connect
def _worker_lives(sender: Any, **_: Any) -> None:  # noqa: ANN401 -- Celery's own worker
    _prepare_start()
    current(str(sender.hostname)).heartbeat.start()


@beat_init.connect
def _beat_lives(sender: Any, **_: Any) -> None:  # noqa: ANN401 -- Celery's own service
    _prepare_start()
    engine = engine_of(Settings.from_environ(), connections=1, name="renkei beat")
    heartbeat = Heartbeat(engine, ProcessKind.BEAT)
    sender.scheduler.worked = heartbeat.worked
    heartbeat.start()
    atexit.register(heartbeat.stop)


def _prepare_start() -> None:
    """End a worker or beat in one line where its database is of another version (PLC-4).

    One that may start finds a broker without other programs' leavings (SEC-1).
    """
    try:
        engine = engine_of(Settings.from_environ(), connections=1)
        refuse_misfit(engine)
        engine.dispose()
        clear_broker(redis_url(Settings.from_environ()))
    except (WrongSchema, NotRunning, BadSettings) as error:
        sys.stderr.write(f"renkei: {' '.join(str(error).split())}\n")
        sys.exit(1)


_ITEM_TASKS = frozenset(facts.task for facts in ACTIONS.values())


@task_received.connect
def _note_received(request: Request, **_: Any) -> None:
    if request.name in _ITEM_TASKS:
        current().draining.items.add(request.args[0])
    elif request.name == names.PLAN_RUN:
        current().draining.runs.add(request.args[0])


@worker_shutting_down.connect
def _drain(**_: Any) -> None:
    # Runs in a signal handler: only a flag is set here.
    current().draining.stopping.set()


@worker_shutdown.connect
def _let_go(**_: Any) -> None:
    current().close()


_pace = TickPace(
    {
        (str(entry["task"]), *entry["args"]): float(entry["schedule"])
        for entry in BEAT_SCHEDULE.values()
    }
)


def _on_tick(do: Callable[[Process], object], *kind: str) -> None:
    """Do what a tick asks, unless one of its kind was done just now.

    A database that is away is no failure of the tick: the next one does what is left.
    """
    host = current()
    host.heartbeat.worked()
    if not _pace.take(kind):
        return
    try:
        if host.schema.fits():
            do(host)
    except DatabaseUnavailable as error:
        _log.warning("left to the next tick: %s", error)


@app.task(name=names.START_DUE_RUNS)
def start_due_runs(action: str) -> None:
    """Start a run for every shop whose robot for this action is due."""
    _on_tick(lambda host: planner.start_due_runs(host, action), names.START_DUE_RUNS, action)


@app.task(name=names.ADMIT, send_events=False)
def admit_items() -> None:
    """Let shops take turns: queue their next items, plan what is pending."""
    _on_tick(planner.send_due, names.ADMIT)


@app.task(name=names.SWEEP, send_events=False)
def sweep() -> None:
    """Put back work that was lost with a message, a worker or the broker."""
    _on_tick(rescuer.rescue, names.SWEEP)


@app.task(name=names.PRUNE)
def prune() -> None:
    """Throw away runs and log lines nobody looks at any more."""
    _on_tick(cleaner.prune, names.PRUNE)


@app.task(name=names.REFRESH_TOKENS)
def refresh_tokens() -> None:
    """Refresh BASE tokens that end soon, and warn of those that need a person."""
    _on_tick(lambda host: host.token_care.refresh_ending(), names.REFRESH_TOKENS)


@app.task(name=names.LOOK_AFTER_SHOPS, send_events=False)
def look_after_shops() -> None:
    """Find out whether shops that are locked out work again; alarm those not served for long."""
    _on_tick(lambda host: host.shop_care.look(), names.LOOK_AFTER_SHOPS)


@app.task(name=names.RECALCULATE, send_events=False)
def recalculate_secured() -> None:
    """Count secured pieces anew where an order was cancelled (確保数の再計算)."""
    _on_tick(sync_stock.recalculate_secured, names.RECALCULATE)


@app.task(name=names.START_COMPARES)
def start_nightly_compares() -> None:
    """Start tonight's full compare of every shop whose turn has come (全件比較)."""
    _on_tick(compare_stock.start_nightly, names.START_COMPARES)


@app.task(name=names.YIELD_COMPARES, send_events=False)
def yield_to_changed() -> None:
    """Put SKUs that changed ahead of the full compare that is under way."""
    _on_tick(compare_stock.yield_to_changed, names.YIELD_COMPARES)


@app.task(name=names.PLAN_RUN)
def plan_run(run_id: int) -> None:
    """Find the orders or SKUs one run of one shop concerns."""
    planner.plan_run(current(), run_id)


def _item_task(name: str, description: str) -> None:
    """Register the task of one action. No events: they cost more than the task itself."""

    def work_on_item(task: "Task[Any, Any]", item_id: int) -> None:
        host = current()
        host.heartbeat.worked()
        failure = executor.work_on(host, item_id)
        host.heartbeat.worked()
        if failure is not None:
            _show_in_flower(task, failure)

    work_on_item.__doc__ = description
    app.task(name=name, send_events=False, bind=True)(work_on_item)


def _show_in_flower(task: "Task[Any, Any]", failure: Failure) -> None:
    """Send the events an item task does without, so that operators see what was given up."""
    about: dict[str, Any] = {
        "name": task.name,
        "args": f"(run={failure.run_id}, shop={failure.shop_id}, key={failure.key})",
        "kwargs": "",
        "retries": failure.attempts - 1,
    }
    task.send_event("task-received", **about)
    task.send_event("task-failed", exception=failure.reason, traceback=failure.detail)


for _facts in ACTIONS.values():
    _item_task(_facts.task, _facts.does)
