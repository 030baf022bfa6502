"""What looks after the rows by the clock: lost work is put back, old rows are thrown away."""

import logging
from collections.abc import Sequence
from contextlib import suppress

from redis import Redis
from redis.exceptions import RedisError, ResponseError
from sqlalchemy import Connection

from adapters.postgres.database import transaction
from adapters.postgres.engine import (
    housekeeping,
    journal,
    lanes,
    lost_items,
    run_endings,
    runs,
    turns,
)
from adapters.postgres.engine import items as item_rows
from adapters.postgres.engine.items import ClaimedItem, Ending, QueuedItem
from adapters.postgres.engine.journal import Failure, LogLine
from adapters.postgres.engine.lost_items import LOST_CLAIMS_LIMIT, LostClaim
from adapters.postgres.stock import pushes
from domain.engine.runs import ItemState
from workers.engine import dispatcher
from workers.engine import run_endings as closing
from workers.engine.executor import NEEDS_PERSON
from workers.engine.leases import ITEMS, RUNS, claim_name
from workers.engine.planner import send_due
from workers.engine.process import Process

_log = logging.getLogger(__name__)

# Which start of Redis the notes were sent to; gone when it was emptied. When it is another one,
# what workers had fetched died with their connections, and everything queued is sent again at once.
_MARKER = "renkei:notes-sent-to"

# A thousand shops end more runs in a quarter of an hour than one bite holds.
_MOST_BITES = 20


def sweep(process: Process) -> int:
    """Put back what was lost with a message, a worker or the whole broker; returns how many."""
    with transaction(process.engine) as connection:
        _give_up_poisoned_plans(connection)
        items_lost, lost_runs = lost_items.sweep(connection), runs.sweep(connection)
        complete = run_endings.without_open_items(connection)
        lanes.recover(connection)
        pushes.settle_doubts(connection)
    for run_id in complete:
        closing.close_if_done(process, run_id)
    _bury_poisoned(process)
    _resend_after_loss(process)
    _free_turns(process, ITEMS, items_lost)
    _free_turns(process, RUNS, lost_runs)
    lost = len(items_lost) + len(lost_runs)
    if lost:
        _log.warning("lost work put back", extra={"fields": {"count": lost}})
        send_due(process)
    return lost


def _free_turns(process: Process, kind: str, lost: Sequence[LostClaim]) -> None:
    """End the turns of dead claims at shops that take one call at a time.

    Those shops would wait for the deadline of a call that nobody makes any more.
    """
    with suppress(RedisError):
        for claim in lost:
            process.budget.release(claim.shop_id, claim_name(kind, claim.id, claim.generation))


def _give_up_poisoned_plans(connection: Connection) -> None:
    """Fail runs whose plan ended every worker that touched it; the next slot tries anew."""
    reason = f"its worker died {LOST_CLAIMS_LIMIT} times while planning"
    for run_id, shop_id, action in runs.give_up_poisoned(connection, reason):
        line = LogLine(f"{reason} {NEEDS_PERSON}", "error", needs_person=True)
        journal.log(connection, shop_id=shop_id, run_id=run_id, action=action, line=line)


def _bury_poisoned(process: Process) -> None:
    """Give up items that ended every worker that touched them."""
    with transaction(process.engine) as connection:
        poisoned = lost_items.poisoned(connection)
        handed = [_bury(connection, item) for item in poisoned]
    dispatcher.send_items(process.app, [item for item in handed if item is not None])
    for item in poisoned:
        closing.close_if_done(process, item.run_id)


def _bury(connection: Connection, item: ClaimedItem) -> QueuedItem | None:
    reason = f"its worker died {item.attempts} times"
    ended = item_rows.end(connection, item, Ending(ItemState.FAILED, reason))
    journal.bury(
        connection,
        Failure(item.shop_id, item.run_id, item.action, item.key, reason, item.attempts),
    )
    journal.log(
        connection,
        shop_id=item.shop_id,
        run_id=item.run_id,
        action=item.action,
        line=LogLine(f"{item.key}: {reason} {NEEDS_PERSON}", "error", needs_person=True),
    )
    return ended.handed


def _resend_after_loss(process: Process) -> None:
    try:
        start = _start_of(process.redis)
        if process.redis.set(_MARKER, start, get=True) == start.encode():
            return
    except RedisError:
        return
    with transaction(process.engine) as connection:
        queued = turns.requeue_all(connection)
    if queued:
        _log.warning(
            "the broker was emptied or restarted, notes sent again",
            extra={"fields": {"count": len(queued)}},
        )
    dispatcher.send_items(process.app, queued)


def _start_of(redis: Redis) -> str:
    """Name the present start of the server; always the same word where we may not ask."""
    try:
        return str(redis.info("server").get("run_id", ""))
    except ResponseError:
        return ""


def prune(process: Process) -> int:
    """Delete old runs and log lines, bite by bite, a bounded time; returns how many."""
    deleted = 0
    for _ in range(_MOST_BITES):
        with transaction(process.engine) as connection:
            bite = housekeeping.prune(connection)
        deleted += bite
        if not bite:
            break
    return deleted
