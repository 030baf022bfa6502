"""One run from its slot to its items: start due robots, plan, admit, sweep.

beat -> start_due_runs(action) -> plan_run(run) -> items ... the last item closes the run
beat -> admit (fair turns), sweep (what was lost)
"""

import logging
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from redis import Redis
from redis.exceptions import RedisError, ResponseError
from sqlalchemy import Connection

from adapters.postgres import (
    housekeeping,
    journal,
    lanes,
    lost_items,
    planned_items,
    schedule,
    turns,
)
from adapters.postgres import items as item_rows
from adapters.postgres import runs as rows
from adapters.postgres.database import DatabaseUnavailable, transaction
from adapters.postgres.items import ClaimedItem, Ending, QueuedItem
from adapters.postgres.journal import Failure, LogLine
from adapters.postgres.lost_items import LostClaim
from adapters.postgres.runs import ClaimedRun
from domain.actions import PRIORITY, Action
from domain.errors import AuthenticationFailed, LeaseLost
from domain.retry import GiveUp, RetryAt, WaitUntil, decide
from domain.runs import ItemState
from workers import closing, messages, refusals
from workers.handlers import HANDLERS
from workers.items import HEALS, NEEDS_PERSON, admit
from workers.leases import ITEMS, RUNS, claim_name
from workers.process import Process
from workers.tracebacks import without_data
from workers.work import Step, Work

_log = logging.getLogger(__name__)

# Which start of Redis the notes were sent to; gone when it was emptied. When it is another one,
# what workers had fetched died with their connections, and everything queued is sent again at once.
_MARKER = "renkei:notes-sent-to"

# A thousand shops end more runs in a quarter of an hour than one bite holds.
_MOST_BITES = 20

_EMPTY = Step(lambda _: [])


def start_due_runs(process: Process, action: Action) -> int:
    """Insert a run for every due robot of one action and send the notes; returns how many.

    Two beats are harmless: robots are locked one by one and a slot has one run.
    """
    with transaction(process.engine) as connection:
        started = schedule.start_due(connection, action)
    messages.send_runs(process.app, started)
    return len(started)


def send_due(process: Process) -> int:
    """Queue items in fair turns and send again what waits to be planned; returns how many."""
    with transaction(process.engine) as connection:
        pending = rows.announce_pending(connection)
    messages.send_runs(process.app, pending)
    return len(pending) + len(admit(process))


def plan_run(process: Process, run_id: int) -> None:
    """Plan one run if it is still to be planned. Twice is harmless: one claim wins."""
    if not process.draining.begin_run(run_id):
        return
    claimed_at = time.monotonic()
    with transaction(process.engine) as connection:
        run = rows.claim(connection, run_id)
    if run is None:
        return
    with process.run_leases.hold(run.id, run.generation, claimed_at=claimed_at) as lease:
        work: Work | None = None
        try:
            work = Work(
                process, process.directory.shop(run.shop_id), run.action, lease, mode=run.mode
            )
            _plan(work, run)
        except LeaseLost:
            _log.warning("lease lost while planning", extra={"fields": {"run": run.id}})
            return
        except DatabaseUnavailable as error:
            _log.warning("plan not recorded: %s", error, extra={"fields": {"run": run.id}})
            return
        except Exception as error:  # noqa: BLE001 -- every failure ends in a state
            _not_planned(process, run, work, error)
    closing.close_if_done(process, run.id)


def _plan(work: Work, run: ClaimedRun) -> None:
    """Record each step when the next one is known, so that the last one opens the run."""
    held: Step | None = None
    for step in HANDLERS[run.action].plan(work, run):
        if held is not None:
            _record(work, run, held, last=False)
            admit(work.process, shop_id=run.shop_id)
        work.gate.answered()
        held = step
    _record(work, run, held or _EMPTY, last=True)
    admit(work.process, shop_id=run.shop_id)


def _record(work: Work, run: ClaimedRun, step: Step, *, last: bool) -> None:
    """Record a step's items, cursor and progress in one transaction."""
    calls, work.gate.calls = work.gate.calls, 0
    with transaction(work.process.engine) as connection:
        # First, so that a worker that lost the run writes nothing and two cannot interleave.
        ours = rows.record_step(
            connection,
            run,
            last=last,
            window=step.window,
            read_until=step.read_until,
            calls=calls,
        )
        if not ours:
            raise LeaseLost(f"run {run.id} has a newer owner")
        found = step.find(connection)
        planned_items.insert(connection, run, PRIORITY[run.action], found)
        for line in step.log:
            journal.log(
                connection, shop_id=run.shop_id, run_id=run.id, action=run.action, line=line
            )


def _not_planned(process: Process, run: ClaimedRun, work: Work | None, error: Exception) -> None:
    """Put the run back, or end it: closed by the cart, or failed."""
    calls = work.gate.calls if work is not None else 0
    decision = decide(error, attempt=run.attempts, jitter=random.random(), now=process.clock())
    if isinstance(decision, GiveUp):
        _fail(process, run, error, decision, calls)
        return
    if isinstance(decision, RetryAt):
        effect = refusals.of_retry(run.shop_id, error, decision.at)
    else:
        effect = refusals.of_postponement(process, run.shop_id, run.action, run.id, error)
    with transaction(process.engine) as connection:
        effect.before(connection)
        if effect.carries:
            rows.cut_short(connection, run, failed=False, calls=calls, reason=str(error))
            return
        rows.put_back(
            connection,
            run,
            due_at=_due_at(process, decision),
            spent=isinstance(decision, RetryAt),
            calls=calls,
            reason=str(error),
        )


def _due_at(process: Process, decision: RetryAt | WaitUntil) -> datetime:
    return decision.at or process.clock() + refusals.UNKNOWN_PAUSE


def _fail(
    process: Process, run: ClaimedRun, error: Exception, decision: GiveUp, calls: int
) -> None:
    if decision.unexpected:
        _log.error("a bug", extra={"fields": {"run": run.id, "traceback": without_data(error)}})
    needs_person = decision.unexpected or isinstance(error, AuthenticationFailed)
    effect = refusals.of_failure(process, run.shop_id, run.id, error)
    lines = [
        LogLine(
            f"{decision.reason} {NEEDS_PERSON if needs_person else HEALS}",
            "error",
            needs_person=needs_person,
        )
    ]
    if isinstance(error, AuthenticationFailed):
        lines.append(LogLine(refusals.AUTH_FAILED, "error", needs_person=True))
    with transaction(process.engine) as connection:
        effect.before(connection)
        if not rows.cut_short(connection, run, failed=True, calls=calls, reason=decision.reason):
            return
        for line in lines:
            journal.log(
                connection, shop_id=run.shop_id, run_id=run.id, action=run.action, line=line
            )


def sweep(process: Process) -> int:
    """Put back what was lost with a message, a worker or the whole broker; returns how many."""
    with transaction(process.engine) as connection:
        items_lost, lost_runs = lost_items.sweep(connection), rows.sweep(connection)
        complete = rows.without_open_items(connection)
        lanes.recover(connection)
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


def _bury_poisoned(process: Process) -> None:
    """Give up items that ended every worker that touched them."""
    with transaction(process.engine) as connection:
        poisoned = lost_items.poisoned(connection)
        handed = [_bury(connection, item) for item in poisoned]
    messages.send_items(process.app, [item for item in handed if item is not None])
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
    messages.send_items(process.app, queued)


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
