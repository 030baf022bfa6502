"""One item from its message to its end: claim -> execute -> record and hand over -> maybe close.

The only module that turns what happened to an item into its next state (domain.engine.retry
decides; finish.py records).
"""

import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import Connection

from adapters.postgres.database import DatabaseUnavailable
from adapters.postgres.engine import items
from adapters.postgres.engine.dead_letters import Failure
from adapters.postgres.engine.items import Beside, ClaimedItem, Ended, Ending, QueuedItem
from domain.engine.retry import GiveUp, WaitUntil, decide
from domain.engine.runs import FINAL_ITEM_STATES, ItemState
from domain.errors import AuthenticationFailed, LeaseLost, Permanent
from workers.engine import finish
from workers.engine.context import GivenUp, Outcome, Record, Work, nothing
from workers.engine.finish import End, Failed
from workers.engine.host import Host

_log = logging.getLogger(__name__)

# A database that restarts is back within seconds; longer outages are the rescuer's business.
_RECORD_TRIES = 4
_FIRST_PAUSE_S = 0.25


def work_on(host: Host, item_id: int) -> Failure | None:
    """Handle one item if it is still to be handled; returns why it was given up, if it was.

    May be called twice, late or out of order: only a queued item is claimed, and what a late
    worker found is refused with its generation.
    """
    claimed_at = time.monotonic()
    item = _claim(host, item_id)
    if item is None:
        return None
    with host.item_leases.hold(item.id, item.generation, claimed_at=claimed_at) as lease:
        work: Work | None = None
        try:
            try:
                work = host.open_work(item, lease)
                outcome = host.registry[item.action].handler.execute(work, item)
                work.gate.answered()
                return _end(host, item, _done(host, work, item, outcome))
            except (LeaseLost, DatabaseUnavailable):
                raise
            except Exception as error:  # noqa: BLE001 -- every failure ends in a state
                return _end(host, item, _failed(host, item, work, error))
        except LeaseLost as lost:
            _too_late(host, item, work, lost)
        except DatabaseUnavailable as error:
            # The lease runs out and it is taken again; its call is safe to repeat or in a ledger.
            about = finish.fields_of(item)
            _log.warning("outcome not recorded: %s", error, extra={"fields": about})
    return None


def _claim(host: Host, item_id: int) -> ClaimedItem | None:
    if host.draining.stopping.is_set():
        return None
    host.draining.items.discard(item_id)
    try:
        with host.autocommit.connect() as connection:
            return items.claim(connection, item_id)
    except DatabaseUnavailable as error:
        _log.warning("item not claimed: %s", error, extra={"fields": {"item": item_id}})
        return None


def _too_late(host: Host, item: ClaimedItem, work: Work | None, lost: Exception) -> None:
    """Record nothing of a lost claim but that its calls may have come after a newer owner's."""
    _log.warning("lost to a newer owner: %s", lost, extra={"fields": finish.fields_of(item)})
    if work is None or not work.gate.calls:
        return
    try:
        with host.database.begin() as connection:
            work.late(connection)
    except DatabaseUnavailable as error:
        _log.warning("late outcome not noted: %s", error)


def _done(host: Host, work: Work, item: ClaimedItem, outcome: Outcome) -> End:
    """A handler may itself end an item as failed; then the mapping or order says why."""
    heals = outcome.state is ItemState.SUCCEEDED or (
        outcome.state is ItemState.SKIPPED and host.registry[item.action].heals_on_skip
    )
    ending = Ending(outcome.state, outcome.reason, calls=work.gate.calls, heals=heals)
    why = Failed(outcome.reason) if outcome.state is ItemState.FAILED else None
    # The log is not copied: `record` may still add to it.
    return End(ending, outcome.record, outcome.log, why)


def _failed(host: Host, item: ClaimedItem, work: Work | None, error: Exception) -> End:
    """Return what becomes of an item whose handling raised."""
    if work is not None:
        work.gate.failed(error)
    calls = work.gate.calls if work is not None else 0
    decision = decide(error, attempt=item.attempts, jitter=random.random(), now=host.clock())
    if isinstance(decision, GiveUp):
        return _given_up(host, item, work, error, decision)
    if isinstance(decision, WaitUntil):
        return _postponed(host, item, work, error, decision)
    reaction = host.reactions.of_retry(item, error, decision.at)
    ending = Ending(ItemState.DUE, str(error), due_at=decision.at, calls=calls)
    return End(ending, reaction.before)


def _postponed(
    host: Host, item: ClaimedItem, work: Work | None, error: Exception, decision: WaitUntil
) -> End:
    calls = work.gate.calls if work is not None else 0
    probing = work is not None and work.gate.probing
    reaction = host.reactions.of_postponement(item, error, probing=probing)
    if reaction.carries:
        ending = Ending(ItemState.CARRIED, str(error), spent=False, calls=calls)
    else:
        due_at = host.reactions.again_at(error, decision.at)
        ending = Ending(ItemState.DUE, str(error), due_at=due_at, spent=False, calls=calls)
    return End(ending, reaction.before, last=reaction.carries)


def _given_up(
    host: Host, item: ClaimedItem, work: Work | None, error: Exception, decision: GiveUp
) -> End:
    permanent = isinstance(error, Permanent) or decision.unexpected
    reaction = host.reactions.of_failure(item, error)
    own: Record = nothing
    if work is not None:
        # Refused credentials are the shop's trouble; nothing is wrong with the item itself.
        its_own = permanent and not isinstance(error, AuthenticationFailed)
        handler = host.registry[item.action].handler
        own = handler.failed(work, item, GivenUp(decision.reason, its_own))

    def record(connection: Connection) -> None:
        reaction.before(connection)
        own(connection)

    calls = work.gate.calls if work else 0
    return End(
        Ending(ItemState.FAILED, decision.reason, calls=calls),
        record,
        # A shop that is locked out comes back by itself, or a person is told once for all of it.
        failed=finish.failed(
            item,
            error,
            decision,
            heals=not permanent or isinstance(error, AuthenticationFailed),
        ),
        last=reaction.carries,
    )


def _end(host: Host, item: ClaimedItem, end: End) -> Failure | None:
    """Record the end of a claim, then send what it handed over, or close the run."""
    ended = _patiently(lambda: _record(host, item, end))
    if ended.handed is not None:
        host.dispatcher.send_items([ended.handed])
    elif ended.others_open:
        # A slowed-down shop hands nothing over; its places are counted anew, not a tick later.
        with suppress(DatabaseUnavailable):
            admit(host, shop_id=item.shop_id)
    final = end.ending.state in FINAL_ITEM_STATES
    if final and (ended.handed is None or not ended.others_open or end.last):
        finish.close_if_done(host, item.run_id)
    return finish.failure_of(item, end.failed) if end.failed is not None else None


def _record(host: Host, item: ClaimedItem, end: End) -> Ended:
    if isinstance(end.record, Beside) and not end.log and end.failed is None:
        # One statement, which writes all or nothing by itself.
        with host.autocommit.connect() as connection:
            return items.end(connection, item, end.ending, end.record)
    with host.database.begin() as connection:
        return finish.end_item(connection, host.registry, item, end)


def _patiently(record: Callable[[], Ended]) -> Ended:
    pause_s = _FIRST_PAUSE_S
    for _ in range(_RECORD_TRIES - 1):
        try:
            return record()
        except DatabaseUnavailable:
            time.sleep(pause_s)
            pause_s *= 3
    return record()


def admit(host: Host, *, shop_id: int | None = None) -> list[QueuedItem]:
    """Queue what has room, in fair turns, and send the notes."""
    with host.database.begin() as connection:
        queued = items.admit(connection, shop_id=shop_id)
    if queued:
        host.dispatcher.send_items(queued)
    return queued
