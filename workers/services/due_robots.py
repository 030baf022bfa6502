"""`renkei up --once`: every due robot runs once, then everything stops; for cron and tests."""

import threading
import time

from adapters.postgres.database import DatabaseUnavailable, autocommit
from adapters.postgres.views import totals
from domain.actions import Action
from workers.app import make_app
from workers.engine import planner, rescuer
from workers.places import places
from workers.settings import Settings
from workers.wiring import Process

TICK_S = 1.0


def run_due_robots(settings: Settings, stop: threading.Event) -> tuple[int, list[str]]:
    """Start what is due and be its beat until nothing is under way.

    Returns: how many runs ended, and one line for each that did not succeed or is not over
        because the cart does not serve its shop.
    """
    process = Process(make_app(places(settings).redis_url), settings)
    try:
        with autocommit(process.database).connect() as connection:
            before = totals.newest_run(connection)
        for action in Action:
            planner.start_due_runs(process, action)
        while not stop.wait(TICK_S) and _under_way(process):
            pass
        with autocommit(process.database).connect() as connection:
            ended = totals.ended_runs(connection, after=before)
            waiting = totals.unserved_runs(connection)
    finally:
        process.close()
    # Nobody has to look where the cart was closed and the work is kept.
    bad = [run for run in ended if run["state"] not in {"succeeded", "closed"}]
    lines = ["{shop} {action}: {state} {reason}".format_map(run) for run in bad]
    lines += ["{shop} {action}: not served, {reason}".format_map(run) for run in waiting]
    return len(ended), lines


def _under_way(process: Process) -> bool:
    try:
        planner.send_due(process)
        rescuer.rescue(process)
        with autocommit(process.database).connect() as connection:
            return totals.under_way(connection) > 0
    except DatabaseUnavailable:
        time.sleep(TICK_S)  # it is being started again
        return True
