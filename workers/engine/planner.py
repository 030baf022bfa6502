"""One run from its slot to its items: start due robots, plan, admit.

beat -> start_due_runs(action) -> plan_run(run) -> items ... the last item closes the run
beat -> send_due (fair turns); sweeping.py puts back what was lost
"""

import logging
import random
import time

from adapters.postgres.database import DatabaseUnavailable, transaction
from adapters.postgres.engine import journal, planned_items, schedule
from adapters.postgres.engine import runs as rows
from adapters.postgres.engine.journal import LogLine
from adapters.postgres.engine.runs import ClaimedRun
from domain.actions import ACTIONS, Action
from domain.engine.retry import GiveUp, RetryAt, decide
from domain.engine.runs import RunMode
from domain.errors import AuthenticationFailed, LeaseLost
from workers.engine import dispatcher, reactions, run_endings
from workers.engine.context import Step, Work
from workers.engine.executor import HEALS, NEEDS_PERSON, admit
from workers.engine.leases import Lease
from workers.engine.process import Process
from workers.engine.tracebacks import without_data
from workers.handlers import HANDLERS

_log = logging.getLogger(__name__)

_EMPTY = Step(lambda _: [])


def start_due_runs(process: Process, action: Action) -> int:
    """Insert a run for every due robot of one action and send the notes; returns how many.

    Two beats are harmless: robots are locked one by one and a slot has one run.
    """
    with transaction(process.engine) as connection:
        started = schedule.start_due(connection, action)
    dispatcher.send_runs(process.app, started)
    return len(started)


def send_due(process: Process) -> int:
    """Queue items in fair turns and send again what waits to be planned; returns how many."""
    with transaction(process.engine) as connection:
        pending = rows.announce_pending(connection)
    dispatcher.send_runs(process.app, pending)
    return len(pending) + len(admit(process))


def plan_run(process: Process, run_id: int) -> None:
    """Plan one run if it is still to be planned. Twice is harmless: one claim wins."""
    if not process.draining.begin_run(run_id):
        return
    claimed_at = time.monotonic()
    run, compares = _claim(process, run_id)
    if run is None:
        return
    try:
        _plan_claimed(process, run, claimed_at)
    finally:
        if compares:
            process.compares.release()


def _claim(process: Process, run_id: int) -> tuple[ClaimedRun | None, bool]:
    """Return the run and whether it took one of the few places for full compares.

    A compare reads its list for minutes in one thread, and must not take them all.
    """
    place = process.compares.acquire(blocking=False)
    run: ClaimedRun | None = None
    try:
        with transaction(process.engine) as connection:
            run = rows.claim(connection, run_id, compares=place)
    finally:
        keeps = place and run is not None and run.mode is RunMode.COMPARE
        if place and not keeps:
            process.compares.release()
    return run, keeps


def _plan_claimed(process: Process, run: ClaimedRun, claimed_at: float) -> None:
    with process.run_leases.hold(run.id, run.generation, claimed_at=claimed_at) as lease:
        try:
            _plan_or_end(process, run, lease)
        except LeaseLost as lost:
            _log.warning("lost to a newer owner: %s", lost, extra={"fields": {"run": run.id}})
            return
        except DatabaseUnavailable as error:
            # The lease runs out and the run is planned again.
            _log.warning("plan not recorded: %s", error, extra={"fields": {"run": run.id}})
            return
    run_endings.close_if_done(process, run.id)


def _plan_or_end(process: Process, run: ClaimedRun, lease: Lease) -> None:
    work: Work | None = None
    try:
        shop = process.directory.shop(run.shop_id)
        work = Work(process, shop, run.action, lease, mode=run.mode)
        # Nothing is planned for a cart that is closed: the same items would be written each time.
        work.gate.check(ACTIONS[run.action].api)
        _plan(work, run)
    except (LeaseLost, DatabaseUnavailable):
        raise
    except Exception as error:  # noqa: BLE001 -- every failure ends in a state
        _not_planned(process, run, work, error)


def _plan(work: Work, run: ClaimedRun) -> None:
    """Record each step when the next one is known, so that the last one opens the run."""
    steps = HANDLERS[run.action].plan(work, run)
    held: Step | None = None
    while True:
        try:
            step = next(steps, None)
        except Exception:
            if held is not None:  # it was read to its end, whatever became of the next one
                _record(work, run, held, last=False)
            raise
        if step is None:
            break
        work.gate.answered()
        if held is not None:
            _record(work, run, held, last=False)
            admit(work.process, shop_id=run.shop_id)
        held = step
    _record(work, run, held or _EMPTY, last=True)
    admit(work.process, shop_id=run.shop_id)


def _record(work: Work, run: ClaimedRun, step: Step, *, last: bool) -> None:
    """Record a step's items, cursor and progress in one transaction."""
    calls, work.gate.calls = work.gate.calls, 0
    with transaction(work.process.engine) as connection:
        # First, so that a worker that lost the run writes nothing and two cannot interleave.
        accepted = rows.record_step(
            connection,
            run,
            last=last,
            window=step.window,
            read_until=step.read_until,
            calls=calls,
        )
        _ours(run, accepted)
        found = step.find(connection)
        planned_items.insert(connection, run, ACTIONS[run.action].priority, found)
        for line in step.log:
            journal.log(
                connection, shop_id=run.shop_id, run_id=run.id, action=run.action, line=line
            )


def _not_planned(process: Process, run: ClaimedRun, work: Work | None, error: Exception) -> None:
    """Put the run back, or end it: closed by the cart, or failed."""
    calls = 0
    if work is not None:
        work.gate.failed(error)
        calls = work.gate.calls
    decision = decide(error, attempt=run.attempts, jitter=random.random(), now=process.clock())
    if isinstance(decision, GiveUp):
        _fail(process, run, error, decision, calls)
        return
    if isinstance(decision, RetryAt):
        effect = reactions.of_retry(run.shop_id, error, decision.at)
    else:
        probing = work is not None and work.gate.probing
        effect = reactions.of_postponement(
            process, run.shop_id, run.action, run.id, error, probing=probing
        )
    with transaction(process.engine) as connection:
        effect.before(connection)
        if effect.carries:
            _ours(
                run, rows.cut_short(connection, run, failed=False, calls=calls, reason=str(error))
            )
            return
        accepted = rows.put_back(
            connection,
            run,
            due_at=reactions.again_at(process, error, decision.at),
            spent=isinstance(decision, RetryAt),
            calls=calls,
            reason=str(error),
        )
        _ours(run, accepted)


def _fail(
    process: Process, run: ClaimedRun, error: Exception, decision: GiveUp, calls: int
) -> None:
    if decision.unexpected:
        _log.error("a bug", extra={"fields": {"run": run.id, "traceback": without_data(error)}})
    needs_person = decision.unexpected or isinstance(error, AuthenticationFailed)
    advice = NEEDS_PERSON if needs_person else HEALS
    line = LogLine(f"{decision.reason} {advice}", "error", needs_person=needs_person)
    effect = reactions.of_failure(process, run.shop_id, run.id, run.action, error)
    with transaction(process.engine) as connection:
        effect.before(connection)
        _ours(
            run,
            rows.cut_short(connection, run, failed=True, calls=calls, reason=decision.reason),
        )
        journal.log(connection, shop_id=run.shop_id, run_id=run.id, action=run.action, line=line)


def _ours(run: ClaimedRun, accepted: bool) -> None:
    """Raise LeaseLost, which rolls everything back, when a newer owner has the run."""
    if not accepted:
        raise LeaseLost(f"run {run.id}")
