"""Puts back what was lost with a message, a worker or the whole broker (CLS-7)."""

import logging
from collections.abc import Sequence

from sqlalchemy import Connection

from adapters.postgres.engine import api_log, items, lanes, recovery, run_endings
from adapters.postgres.engine.items import Ending
from adapters.postgres.engine.recovery import LOST_CLAIMS_LIMIT, LostClaim
from domain.engine.runs import ItemState
from workers.engine import finish
from workers.engine.finish import End, Failed
from workers.engine.host import Host
from workers.engine.leases import ITEMS, RUNS, claim_name
from workers.engine.planner import send_due
from workers.engine.registry import Registry

_log = logging.getLogger(__name__)


def rescue(host: Host) -> int:
    """Put back what was lost; returns how many items and runs."""
    with host.database.begin() as connection:
        _give_up_poisoned_plans(connection, host.registry)
        items_lost = recovery.lost_items(connection)
        runs_lost = recovery.lost_runs(connection)
        _pay_debts(connection, host.registry, items_lost)
        complete = run_endings.without_open_items(connection)
        lanes.recover(connection)
    for run_id in complete:
        finish.close_if_done(host, run_id)
    _give_up_poisoned_items(host)
    _send_again_after_loss(host)
    # A shop of one call at a time would wait for the deadline of a call nobody makes.
    host.free_turns(
        (claim.shop_id, claim_name(kind, claim.id, claim.generation))
        for kind, lost in ((ITEMS, items_lost), (RUNS, runs_lost))
        for claim in lost
    )
    count = len(items_lost) + len(runs_lost)
    if count:
        _log.warning("lost work put back", extra={"fields": {"count": count}})
        send_due(host)
    return count


def _pay_debts(connection: Connection, registry: Registry, lost: Sequence[LostClaim]) -> None:
    """Do what each action owes for claims whose calls may still be under way."""
    for action in registry.values():
        begun = [one for one in lost if one.action == action.action and one.was_running]
        if action.owes is not None:
            action.owes(connection, begun)


def _give_up_poisoned_plans(connection: Connection, registry: Registry) -> None:
    """Fail runs whose plan ended every worker that touched it; the next slot tries anew."""
    why = Failed(f"its worker died {LOST_CLAIMS_LIMIT} times while planning")
    for run in recovery.poisoned_runs(connection, why.reason):
        api_log.log(connection, run, registry[run.action].category, why.line())


def _give_up_poisoned_items(host: Host) -> None:
    """Give up items that ended every worker that touched them."""
    with host.database.begin() as connection:
        poisoned = recovery.poisoned_items(connection)
        ended = []
        for item in poisoned:
            why = Failed(f"its worker died {item.attempts} times")
            end = End(Ending(ItemState.FAILED, why.reason), failed=why)
            ended.append(finish.end_item(connection, host.registry, item, end))
    host.dispatcher.send_items([one.handed for one in ended if one.handed is not None])
    for item in poisoned:
        finish.close_if_done(host, item.run_id)


def _send_again_after_loss(host: Host) -> None:
    """Send every note again when the broker was emptied or restarted."""
    start = host.broker_start()
    if start is None:
        return
    with host.database.begin() as connection:
        queued = items.requeue_all(connection)
    if queued:
        _log.warning(
            "the broker was emptied or restarted, notes sent again",
            extra={"fields": {"count": len(queued)}},
        )
    host.dispatcher.send_items(queued)
