"""Run one action of every shop that has it, and wait."""

import time
from functools import partial

from adapters.postgres.database import DatabaseUnavailable
from adapters.postgres.views.totals import standing
from console.demo.faults import Faults
from console.demo.stage import Stage
from console.failures import CommandFailed
from domain.actions import Action
from domain.engine.runs import RunMode
from workers.services.runs import announce_runs, request_run

LOOK_EVERY_S = 0.1
LOOK_FOR_FAULTS_EVERY_S = 0.02
# Without any progress for this long, something is wrong that waiting does not heal.
STUCK_AFTER_S = 120.0


def run_everywhere(stage: Stage, action: Action, *, faults: bool = False) -> list[int]:
    """Request a run in every shop that has the action, and wait until all have ended.

    Args: faults: strike in the middle, if the demo was asked to.
    Raises: CommandFailed when nothing moves any more.
    """
    run_ids = _request(stage, action)
    striker = Faults(stage, action) if faults and stage.faults else None
    _wait(stage, run_ids, striker)
    return run_ids


def _request(stage: Stage, action: Action) -> list[int]:
    with stage.engine.begin() as connection:
        run_ids = [
            request_run(connection, shop.id, action, mode=RunMode.MANUAL)
            for shop in stage.shops_with(action)
        ]
    announce_runs(stage.settings, run_ids)
    return run_ids


def _wait(stage: Stage, run_ids: list[int], striker: Faults | None) -> None:
    seen, moved_at = (-1, -1), time.monotonic()
    while True:
        try:
            now = stage.read(partial(standing, run_ids=run_ids))
        except DatabaseUnavailable:
            time.sleep(LOOK_EVERY_S)
            continue
        stage.screen.show(now.items_ended, now.items)
        if striker is not None:
            striker.look(now)
        if now.over:
            return
        if (now.items_ended, now.runs_ended) != seen:
            seen, moved_at = (now.items_ended, now.runs_ended), time.monotonic()
        if time.monotonic() - moved_at > STUCK_AFTER_S:
            raise CommandFailed(
                f"nothing moved for {STUCK_AFTER_S:g} s: {now.items_ended} of {now.items} items,"
                f" {now.runs_ended} of {now.runs} runs ended"
            )
        time.sleep(LOOK_FOR_FAULTS_EVERY_S if striker else LOOK_EVERY_S)
