"""One item from its message to its end: claim -> execute -> record and hand over -> maybe close.

The only module that turns what happened to an item into its next state (domain.retry decides).
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.database import DatabaseUnavailable, statement, transaction
from adapters.postgres.engine import items as rows
from adapters.postgres.engine import journal, turns
from adapters.postgres.engine.items import Beside, ClaimedItem, Ended, Ending, QueuedItem
from adapters.postgres.engine.journal import Failure, LogLine
from domain.engine.retry import GiveUp, RetryAt, WaitUntil, decide
from domain.engine.runs import FINAL_ITEM_STATES, ItemState
from domain.errors import AuthenticationFailed, LeaseLost, Permanent
from workers.engine import dispatcher, reactions, run_endings
from workers.engine.context import GivenUp, Outcome, Record, Work, nothing
from workers.engine.leases import Lease
from workers.engine.process import Process
from workers.engine.tracebacks import without_data
from workers.handlers import HANDLERS

_log = logging.getLogger(__name__)

# A database that restarts is back within seconds; longer outages are the sweep's business.
_RECORD_TRIES = 4
_FIRST_PAUSE_S = 0.25

HEALS = "次回の実行で自動的に再試行します"
NEEDS_PERSON = "内容を確認して対応してください"


class _Refused(Exception):
    """The item has a newer owner; nothing of this claim may be recorded."""


@dataclass(frozen=True, slots=True)
class _End:
    """What is to be recorded about a claim, in one transaction.

    Attributes:
        last: what the run has left ends with it.
    """

    ending: Ending
    record: Record = nothing
    log: Sequence[LogLine] = ()
    failure: Failure | None = None
    last: bool = False


def work_on(process: Process, item_id: int) -> Failure | None:
    """Handle one item if it is still to be handled; returns why it was given up, if it was.

    May be called twice, late or out of order: only a queued item is claimed, and what a late
    worker found is refused with its generation.
    """
    if not process.draining.begin_item(item_id):
        return None
    claimed_at = time.monotonic()
    try:
        with statement(process.engine) as connection:
            item = rows.claim(connection, item_id)
    except DatabaseUnavailable as error:
        _log.warning("item not claimed: %s", error, extra={"fields": {"item": item_id}})
        return None
    if item is None:
        return None
    with process.item_leases.hold(item.id, item.generation, claimed_at=claimed_at) as lease:
        return _handle(process, item, lease)


def _handle(process: Process, item: ClaimedItem, lease: Lease) -> Failure | None:
    work: Work | None = None
    try:
        shop = process.directory.shop(item.shop_id)
        work = Work(process, shop, item.action, lease, mode=item.mode)
        outcome = HANDLERS[item.action].execute(work, item)
        work.gate.answered()
        return _settle(process, item, _done(work, item, outcome))
    except (LeaseLost, _Refused) as lost:
        _too_late(process, item, work, lost)
    except DatabaseUnavailable as error:
        # The lease runs out and the item is taken again; its call is safe to repeat or in a ledger.
        _log.warning("outcome not recorded: %s", error, extra={"fields": _fields(item)})
    except Exception as error:  # noqa: BLE001 -- every failure ends in a state, none in a crash
        try:
            return _settle(process, item, _failed(process, item, work, error))
        except _Refused as lost:
            _too_late(process, item, work, lost)
        except DatabaseUnavailable as again:
            _log.warning("failure not recorded: %s", again, extra={"fields": _fields(item)})
    return None


def _too_late(process: Process, item: ClaimedItem, work: Work | None, lost: Exception) -> None:
    """Record nothing of a lost claim but that its calls may have come after a newer owner's."""
    _log.warning("lost to a newer owner: %s", lost, extra={"fields": _fields(item)})
    if work is not None and work.gate.calls:
        _quietly(process, work.late)


def _done(work: Work, item: ClaimedItem, outcome: Outcome) -> _End:
    """A handler may itself end an item as failed; then the mapping or order says why."""
    ending = Ending(outcome.state, outcome.reason, calls=work.gate.calls)
    if outcome.state is not ItemState.FAILED:
        # The log is not copied: `record` may still add to it.
        return _End(ending, outcome.record, outcome.log)
    line = LogLine(f"{item.key}: {outcome.reason} {NEEDS_PERSON}", "error", needs_person=True)
    return _End(
        ending, outcome.record, (*outcome.log, line), _failure(item, outcome.reason, detail="")
    )


def _failed(process: Process, item: ClaimedItem, work: Work | None, error: Exception) -> _End:
    """Return what becomes of an item whose handling raised."""
    if work is not None:
        work.gate.failed(error)
    calls = work.gate.calls if work is not None else 0
    decision = decide(error, attempt=item.attempts, jitter=random.random(), now=process.clock())
    if isinstance(decision, RetryAt):
        effect = reactions.of_retry(item.shop_id, error, decision.at)
        ending = Ending(ItemState.DUE, str(error), due_at=decision.at, calls=calls)
        return _End(ending, effect.before)
    if isinstance(decision, WaitUntil):
        return _postponed(process, item, work, error, decision)
    return _given_up(process, item, work, error, decision)


def _postponed(
    process: Process, item: ClaimedItem, work: Work | None, error: Exception, decision: WaitUntil
) -> _End:
    calls = work.gate.calls if work is not None else 0
    probing = work is not None and work.gate.probing
    effect = reactions.of_postponement(
        process, item.shop_id, item.action, item.run_id, error, probing=probing
    )
    if effect.carries:
        ending = Ending(ItemState.CARRIED, str(error), spent=False, calls=calls)
    else:
        due_at = reactions.again_at(process, error, decision.at)
        ending = Ending(ItemState.DUE, str(error), due_at=due_at, spent=False, calls=calls)
    return _End(ending, effect.before, last=effect.carries)


def _given_up(
    process: Process, item: ClaimedItem, work: Work | None, error: Exception, decision: GiveUp
) -> _End:
    permanent = isinstance(error, Permanent) or decision.unexpected
    detail = without_data(error) if decision.unexpected else ""
    if decision.unexpected:
        _log.error("a bug", extra={"fields": {**_fields(item), "traceback": detail}})
    advice = NEEDS_PERSON if permanent else HEALS
    line = LogLine(f"{item.key}: {decision.reason} {advice}", "error", needs_person=permanent)
    effect = reactions.of_failure(process, item.shop_id, item.run_id, item.action, error)
    own: Record = nothing
    if work is not None:
        # Refused credentials are the shop's trouble; nothing is wrong with the item itself.
        its_own = permanent and not isinstance(error, AuthenticationFailed)
        own = HANDLERS[item.action].failed(work, item, GivenUp(decision.reason, its_own))

    def record(connection: Connection) -> None:
        effect.before(connection)
        own(connection)

    return _End(
        Ending(ItemState.FAILED, decision.reason, calls=work.gate.calls if work else 0),
        record,
        (line,),
        _failure(item, decision.reason, detail),
        last=effect.carries,
    )


def _failure(item: ClaimedItem, reason: str, detail: str) -> Failure:
    return Failure(item.shop_id, item.run_id, item.action, item.key, reason, item.attempts, detail)


def _settle(process: Process, item: ClaimedItem, end: _End) -> Failure | None:
    """Record the end of a claim, then send what it handed over, or close the run."""
    ended = _patiently(lambda: _record(process, item, end))
    if ended.handed is not None:
        dispatcher.send_items(process.app, [ended.handed])
    elif ended.others_open:
        # A slowed-down shop hands nothing over; its places are counted anew, not a tick later.
        with suppress(DatabaseUnavailable):
            admit(process, shop_id=item.shop_id)
    final = end.ending.state in FINAL_ITEM_STATES
    if final and (ended.handed is None or not ended.others_open or end.last):
        run_endings.close_if_done(process, item.run_id)
    return end.failure


def _record(process: Process, item: ClaimedItem, end: _End) -> Ended:
    if isinstance(end.record, Beside) and not end.log and end.failure is None:
        return _recorded_at_once(process, item, end.ending, end.record)
    with transaction(process.engine) as connection:
        if end.ending.state in {ItemState.DUE, ItemState.CARRIED}:
            end.record(connection)  # blocks the lane before the next item is chosen
        ended = rows.end(connection, item, end.ending)
        if not ended.accepted:
            raise _Refused("its generation is old")
        if end.ending.state not in {ItemState.DUE, ItemState.CARRIED}:
            end.record(connection)
        for line in end.log:
            journal.log(
                connection,
                shop_id=item.shop_id,
                run_id=item.run_id,
                action=item.action,
                line=line,
            )
        if end.failure is not None:
            journal.bury(connection, end.failure)
    return ended


def _recorded_at_once(process: Process, item: ClaimedItem, ending: Ending, beside: Beside) -> Ended:
    """Record in one statement, which writes all or nothing by itself."""
    with statement(process.engine) as connection:
        ended = rows.end(connection, item, ending, beside)
    if not ended.accepted:
        raise _Refused("its generation is old")
    return ended


def _patiently(record: Callable[[], Ended]) -> Ended:
    pause_s = _FIRST_PAUSE_S
    for _ in range(_RECORD_TRIES - 1):
        try:
            return record()
        except DatabaseUnavailable:
            time.sleep(pause_s)
            pause_s *= 3
    return record()


def _quietly(process: Process, record: Record) -> None:
    try:
        with transaction(process.engine) as connection:
            record(connection)
    except DatabaseUnavailable as error:
        _log.warning("late outcome not noted: %s", error)


def _fields(item: ClaimedItem) -> dict[str, object]:
    return {"item": item.id, "run": item.run_id, "shop": item.shop_id, "action": item.action.value}


def admit(process: Process, *, shop_id: int | None = None) -> list[QueuedItem]:
    """Queue what has room, in fair turns, and send the notes."""
    with transaction(process.engine) as connection:
        queued = turns.admit(connection, shop_id=shop_id)
    dispatcher.send_items(process.app, queued)
    return queued
