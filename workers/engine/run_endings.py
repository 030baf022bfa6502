"""Closing a run whose items have all ended, and starting what follows from it."""

import logging

from sqlalchemy import Connection

from adapters.postgres.database import DatabaseUnavailable, transaction
from adapters.postgres.engine import journal, run_endings, runs, schedule, turns
from adapters.postgres.engine.journal import LogLine
from adapters.postgres.engine.run_endings import ClosingRun
from domain.actions import ACTIONS, Action, log_line
from domain.engine.runs import RunMode, RunState, final_state
from workers.engine import dispatcher
from workers.engine.process import Process

_log = logging.getLogger(__name__)


def close_if_done(process: Process, run_id: int) -> bool:
    """Close an open run without open items; the sweep finds those whose closing was lost.

    Returns: whether this call closed it. Two at once: the row lock lets one.
    """
    try:
        with transaction(process.engine) as connection:
            closing = run_endings.lock_for_closing(connection, run_id)
            if closing is None:
                return False
            state = _close(connection, closing)
            _follow_up(connection, closing, state)
            waiting = runs.announce_pending(connection, shop_id=closing.shop_id)
            # Work of the shop's other runs may have waited for the room this one took.
            admitted = turns.admit(connection, shop_id=closing.shop_id)
    except DatabaseUnavailable as error:
        _log.warning("run not closed: %s", error, extra={"fields": {"run": run_id}})
        return False
    dispatcher.send_runs(process.app, waiting)
    dispatcher.send_items(process.app, admitted)
    _log.info(
        "run ended",
        extra={
            "fields": {
                "run": closing.id,
                "shop": closing.shop_id,
                "action": closing.action.value,
                "state": state.value,
                "succeeded": closing.tally.succeeded,
                "failed": closing.tally.failed,
            }
        },
    )
    return True


def _close(connection: Connection, closing: ClosingRun) -> RunState:
    state = final_state(closing.tally, closed=closing.closed, plan_failed=closing.plan_failed)
    run_endings.close(connection, closing, state)
    journal.log(
        connection,
        shop_id=closing.shop_id,
        run_id=closing.id,
        action=closing.action,
        line=LogLine(
            log_line(
                closing.action,
                succeeded=closing.tally.succeeded,
                failed=closing.tally.failed,
            )
        ),
    )
    return state


def _follow_up(connection: Connection, closing: ClosingRun, state: RunState) -> None:
    """Start what follows: confirm orders after an import (CNF-3), a daily robot after a closure."""
    if state is RunState.CLOSED:
        if closing.mode is RunMode.SCHEDULED:
            schedule.again_after_closure(
                connection, closing.shop_id, closing.action, ACTIONS[closing.action].api
            )
        return
    if closing.action is not Action.IMPORT_ORDERS:
        return
    run_endings.insert_follow_up(
        connection, closing.shop_id, Action.CONFIRM_ORDERS, mode=RunMode.FOLLOW_UP
    )
