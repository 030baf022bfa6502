"""The one place that ends items, plans and runs, and starts what follows.

end_item: item, what it records, log, dead letter, hand-over      -> in one transaction
end_plan: a plan that did not read its list to the end
close_if_done: the last item closes its run
"""

import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.database import DatabaseUnavailable
from adapters.postgres.engine import (
    api_log,
    dead_letters,
    items,
    run_endings,
    runs,
    schedule,
)
from adapters.postgres.engine.api_log import LogLine
from adapters.postgres.engine.dead_letters import Failure
from adapters.postgres.engine.items import ClaimedItem, Ended, Ending
from adapters.postgres.engine.runs import ClaimedRun
from domain.engine.retry import LONGEST_MESSAGE, GiveUp
from domain.engine.runs import ItemState, RunMode, RunState, ended_line, final_state
from workers.engine.context import Claim, Record, nothing
from workers.engine.host import Host
from workers.engine.registry import Registry

_log = logging.getLogger(__name__)

HEALS = "次回の実行で自動的に再試行します"
NEEDS_PERSON = "内容を確認して対応してください"


@dataclass(frozen=True, slots=True)
class Failed:
    """Why an item or a plan is given up.

    Attributes:
        needs_person: it does not heal by itself.
        detail: for developers: a traceback without data.
    """

    reason: str
    needs_person: bool = True
    detail: str = ""

    def line(self, key: str = "") -> LogLine:
        """Return its line of the API log (LOG-2). Args: key: of the item."""
        about = f"{key}: " if key else ""
        advice = NEEDS_PERSON if self.needs_person else HEALS
        return LogLine(f"{about}{self.reason} {advice}", "error", self.needs_person)


def failed(claim: Claim, error: Exception, decision: GiveUp, *, heals: bool) -> Failed:
    """Return why a claim is given up; a bug is logged with its traceback, and needs a person."""
    detail = ""
    if decision.unexpected:
        detail = without_data(error)
        _log.error("a bug", extra={"fields": {**fields_of(claim), "traceback": detail}})
    return Failed(decision.reason, decision.unexpected or not heals, detail)


def fields_of(claim: Claim) -> dict[str, object]:
    """Return what log lines say about a claim."""
    item = {"item": claim.id} if isinstance(claim, ClaimedItem) else {}
    return {**item, "run": claim.run_id, "shop": claim.shop_id, "action": claim.action}


@dataclass(frozen=True, slots=True)
class End:
    """What is to be recorded about a claimed item, in one transaction.

    Attributes:
        failed: the item is given up: a dead letter and a line say why.
        last: what the run has left ends with it.
    """

    ending: Ending
    record: Record = nothing
    log: Sequence[LogLine] = ()
    failed: Failed | None = None
    last: bool = False


def end_item(connection: Connection, registry: Registry, item: ClaimedItem, end: End) -> Ended:
    """Record the end of an item. Raises LeaseLost, which rolls all of it back, for an old claim."""
    again = end.ending.state in {ItemState.DUE, ItemState.CARRIED}
    if again:
        end.record(connection)  # blocks the lane before the next item is chosen
    ended = items.end(connection, item, end.ending)
    if not again and end.record is not nothing:
        end.record(connection)
    category = registry[item.action].category
    if end.log:
        api_log.log(connection, item, category, *end.log)
    if end.failed is not None:
        api_log.log(connection, item, category, end.failed.line(item.key))
        dead_letters.bury(connection, failure_of(item, end.failed))
    return ended


def failure_of(item: ClaimedItem, why: Failed) -> Failure:
    """Return what the dead letter of an item says."""
    return Failure(
        item.shop_id, item.run_id, item.action, item.key, why.reason, item.attempts, why.detail
    )


def end_plan(
    connection: Connection,
    registry: Registry,
    run: ClaimedRun,
    *,
    calls: int,
    reason: str,
    why: Failed | None,
) -> None:
    """Record that a plan did not read its list to the end: the cart closed, or `why` it failed."""
    runs.cut_short(connection, run, failed=why is not None, calls=calls, reason=reason)
    if why is not None:
        api_log.log(connection, run, registry[run.action].category, why.line())


def close_if_done(host: Host, run_id: int) -> bool:
    """Close an open run without open items; the rescuer finds those whose closing was lost.

    Returns: whether this call closed it. Two at once: the row lock lets one.
    """
    try:
        with host.database.begin() as connection:
            run = run_endings.lock_for_closing(connection, run_id)
            if run is None:
                return False
            action = host.registry[run.action]
            state = final_state(run.tally, closed=run.closed, plan_failed=run.plan_failed)
            line = LogLine(ended_line(action.label, run.tally))
            closed = state is RunState.CLOSED
            followed_by = None if closed else action.followed_by
            run_endings.close(connection, run, state, followed_by=followed_by)
            api_log.log(connection, run, action.category, line)
            if closed and run.mode is RunMode.SCHEDULED:
                schedule.again_after_closure(connection, run.shop_id, run.action, action.api)
            waiting = runs.announce_pending(connection, shop_id=run.shop_id)
            # Work of the shop's other runs may have waited for the room this one took.
            admitted = items.admit(connection, shop_id=run.shop_id)
    except DatabaseUnavailable as error:
        _log.warning("run not closed: %s", error, extra={"fields": {"run": run_id}})
        return False
    if waiting or admitted:
        host.dispatcher.send_runs(waiting)
        host.dispatcher.send_items(admitted)
    told = {"run": run_id, "shop": run.shop_id, "action": run.action, "state": state.value}
    ends = {"succeeded": run.tally.succeeded, "failed": run.tally.failed}
    _log.info("run ended", extra={"fields": {**told, **ends}})
    return True


def without_data(error: BaseException) -> str:
    """Return the frames and the first line of an error and of what caused it, cause first.

    What follows the first line may quote a row (PostgreSQL's DETAIL).
    """
    parts = []
    current: BaseException | None = error
    while current is not None:
        said = (str(current).splitlines() or [""])[0][:LONGEST_MESSAGE]
        frames = "".join(traceback.format_tb(current.__traceback__))
        parts.append(f"{frames}{type(current).__name__}: {said}")
        current = current.__cause__ or current.__context__
    return "\n\n".join(reversed(parts))
