"""One run from its slot to its items: start due robots, plan, admit.

beat -> start_due_runs(action) -> plan_run(run) -> items ... the last item closes the run
beat -> send_due (fair turns); rescuer.py puts back what was lost
"""

import logging
import random
import time

from adapters.postgres.database import DatabaseUnavailable
from adapters.postgres.engine import api_log, dead_letters, planned_items, runs, schedule
from adapters.postgres.engine.runs import ClaimedRun
from domain.engine.retry import GiveUp, RetryAt, decide
from domain.errors import AccountTaken, LeaseLost
from workers.engine import finish
from workers.engine.context import Reaction, Step, Work
from workers.engine.executor import admit
from workers.engine.finish import Failed
from workers.engine.host import Host
from workers.engine.leases import Lease

_log = logging.getLogger(__name__)

_EMPTY = Step(lambda _: [])


def start_due_runs(host: Host, action: str) -> int:
    """Insert a run for every due robot of one action and send the notes; returns how many.

    Two beats are harmless: robots are locked one by one and a slot has one run.
    """
    with host.database.begin() as connection:
        started = schedule.start_due(connection, action)
    host.dispatcher.send_runs(started)
    return len(started)


def send_due(host: Host) -> int:
    """Queue items in fair turns and send again what waits to be planned; returns how many."""
    with host.database.begin() as connection:
        pending = runs.announce_pending(connection)
    host.dispatcher.send_runs(pending)
    return len(pending) + len(admit(host))


def plan_run(host: Host, run_id: int) -> None:
    """Plan one run if it is still to be planned. Twice is harmless: one claim wins."""
    if host.draining.stopping.is_set():
        return
    host.draining.runs.discard(run_id)
    claimed_at = time.monotonic()
    run, keeps_slot = _claim(host, run_id)
    if run is None:
        return
    try:
        with host.run_leases.hold(run.id, run.generation, claimed_at=claimed_at) as lease:
            items_left = _plan_or_end(host, run, lease)
        if not items_left:  # the last of them closes the run
            finish.close_if_done(host, run.id)
    except LeaseLost as lost:
        _log.warning("lost to a newer owner: %s", lost, extra={"fields": {"run": run.id}})
    except DatabaseUnavailable as error:
        # The lease runs out and the run is planned again.
        _log.warning("plan not recorded: %s", error, extra={"fields": {"run": run.id}})
    finally:
        if keeps_slot:
            host.plan_slots.release()


def _claim(host: Host, run_id: int) -> tuple[ClaimedRun | None, bool]:
    """Return the run and whether it took one of the few slots for plans that take minutes."""
    scarce = frozenset().union(*(action.scarce for action in host.registry.values()))
    slot = host.plan_slots.acquire(blocking=False)
    run: ClaimedRun | None = None
    try:
        with host.database.begin() as connection:
            run = runs.claim(connection, run_id, but=[] if slot else sorted(scarce))
    finally:
        keeps = slot and run is not None and run.mode in scarce
        if slot and not keeps:
            host.plan_slots.release()
    return run, keeps


def _plan_or_end(host: Host, run: ClaimedRun, lease: Lease) -> bool:
    """Return whether the plan has left items that are to be worked on."""
    work: Work | None = None
    try:
        work = host.open_work(run, lease)
        # Nothing is planned for a cart that is closed: the same items would be written each time.
        work.gate.check(host.registry[run.action].api)
        work.prepare()
        return _plan(host, work, run)
    except (LeaseLost, DatabaseUnavailable):
        raise
    except Exception as error:  # noqa: BLE001 -- every failure ends in a state
        _not_planned(host, run, work, error)
        return False


def _plan(host: Host, work: Work, run: ClaimedRun) -> bool:
    """Record each step when the next one is known, so that the last one opens the run."""
    steps = host.registry[run.action].handler.plan(work, run)
    held: Step | None = None
    while True:
        try:
            step = next(steps, None)
        except Exception:
            if held is not None:  # it was read to its end, whatever became of the next one
                _record(host, work, run, held, last=False)
            raise
        if step is None:
            break
        if work.gate.calls:
            work.gate.answered()
        if held is not None:
            _record(host, work, run, held, last=False)
            admit(host, shop_id=run.shop_id)
        held = step
    items_left = _record(host, work, run, held or _EMPTY, last=True)
    admit(host, shop_id=run.shop_id)
    return items_left


def _record(host: Host, work: Work, run: ClaimedRun, step: Step, *, last: bool) -> bool:
    """Record a step's items, cursor and progress in one transaction.

    Returns: whether some of the items are new and to be worked on, as far as the step lists them.
    """
    calls, work.gate.calls = work.gate.calls, 0
    action = host.registry[run.action]
    with host.database.begin() as connection:
        # First, so that a worker that lost the run writes nothing and two cannot interleave.
        runs.record_step(
            connection,
            run,
            last=last,
            window=step.window,
            read_until=step.read_until,
            calls=calls,
        )
        found = step.find(connection)
        listed: list[str] = []
        if not isinstance(found, int):
            listed = [item.key for item in found if item.skipped]
            found = planned_items.insert(connection, run, action.priority, found)
        if action.heals_when_listed and listed:
            dead_letters.close(connection, run.shop_id, run.action, listed)
        if step.log:
            api_log.log(connection, run, action.category, *step.log)
    return found > len(listed)


def _not_planned(host: Host, run: ClaimedRun, work: Work | None, error: Exception) -> None:
    """Put the run back, or end it: closed by the cart, or failed."""
    if work is not None:
        work.gate.failed(error)
    calls = 0 if work is None else work.gate.calls
    decision = decide(error, attempt=run.attempts, jitter=random.random(), now=host.clock())
    if isinstance(decision, GiveUp):
        # What one answer broke the next run may read; a locked-out shop comes back by itself.
        heals = not isinstance(error, AccountTaken)
        why = finish.failed(run, error, decision, heals=heals)
        _cut_short(host, run, host.reactions.of_failure(run, error), calls, why.reason, why)
        return
    if isinstance(decision, RetryAt):
        reaction = host.reactions.of_retry(run, error, decision.at)
    else:
        probing = work is not None and work.gate.probing
        reaction = host.reactions.of_postponement(run, error, probing=probing)
    if reaction.carries:
        _cut_short(host, run, reaction, calls, str(error), None)
        return
    with host.database.begin() as connection:
        reaction.before(connection)
        runs.put_back(
            connection,
            run,
            due_at=host.reactions.again_at(error, decision.at),
            spent=isinstance(decision, RetryAt),
            calls=calls,
            reason=str(error),
        )


def _cut_short(  # noqa: PLR0917 -- what is recorded, together
    host: Host,
    run: ClaimedRun,
    reaction: Reaction,
    calls: int,
    reason: str,
    why: Failed | None,
) -> None:
    with host.database.begin() as connection:
        reaction.before(connection)
        finish.end_plan(connection, host.registry, run, calls=calls, reason=reason, why=why)
