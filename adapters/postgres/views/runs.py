"""Runs (実行) as people and programs see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from adapters.postgres.engine.runs import UNFINISHED_RUNS
from adapters.postgres.statement import Statement
from domain.engine.runs import FINAL_RUN_STATES, RunState, Window, shown_state

# While a run is under way its figures are those of its items. In the order of interfaces.md, with
# what is ours at the end.
_SELECT = f"""
select r.id, s.key as shop, r.action, r.mode, r.state, null as "window",
       coalesce(c.succeeded, r.succeeded) as succeeded, coalesce(c.failed, r.failed) as failed,
       coalesce(c.skipped, r.skipped) as skipped,
       coalesce(c.carried, r.carried_over) as carried_over, r.calls + coalesce(c.calls, 0) as calls,
       r.started_at, r.finished_at, r.reason, r.read_until, r.created_at, r.window_from,
       r.window_to, s.parked or coalesce(b.parked, false) as parked,
       s.removed_at is not null as shop_removed
  from runs r
  join shops s on s.id = r.shop_id
  left join robots b on b.shop_id = r.shop_id and b.action = r.action
  left join lateral (
    select count(*) filter (where i.state = 'succeeded') as succeeded,
           count(*) filter (where i.state = 'failed') as failed,
           count(*) filter (where i.state = 'skipped') as skipped,
           count(*) filter (where i.state = 'carried') as carried,
           sum(i.calls)::bigint as calls
      from run_items i where i.run_id = r.id) c
    on r.state in {UNFINISHED_RUNS}
 where s.merchant_id = :merchant_id
"""
_PAGE = Statement[dict[str, object]](f"""{_SELECT}
   and (cast(:before as bigint) is null or r.id < :before)
   and (cast(:shop as text) is null or s.key = :shop)
   and (cast(:action as text) is null or r.action = :action)
   and (cast(:state as text) is null
        or :state = case when r.state not in {UNFINISHED_RUNS} then r.state
                         when s.parked or coalesce(b.parked, false) then 'parked'
                         else 'running' end)
 order by r.id desc limit :most
""")
_ONE = Statement[dict[str, object]](f"{_SELECT} and r.id = :id")
_ITEMS = Statement[dict[str, object]](
    "select key, state, attempts, reason from run_items where run_id = :id order by id"
)
_SAME_RANGE = Statement[tuple[int, datetime, datetime]](f"""
select id, window_to, created_at from runs
 where shop_id = :shop_id and action = :action and mode = 'range' and window_from = :since
   and state in {UNFINISHED_RUNS}
 order by id
""")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        shown: the word people see.
        window: what was asked for, None where no window was.
        read_until: everything up to here is recorded.
        list_read: its list was read to the end, whatever becomes of its items.
    """

    shown: str
    window: Window | None
    read_until: datetime | None
    list_read: bool

    @property
    def over(self) -> bool:
        """Whether waiting longer changes nothing by itself."""
        return self.shown != "running"


def _progress(
    *,
    state: RunState,
    parked: bool,
    window_from: datetime | None,
    window_to: datetime | None,
    read_until: datetime | None,
    plan_failed: bool,
) -> Progress:
    window = Window(window_from, window_to) if window_from and window_to else None
    read = state in FINAL_RUN_STATES - {RunState.CLOSED} and not plan_failed
    return Progress(shown_state(state, parked=parked), window, read_until, read)


_PROGRESS = Statement(
    """
select r.state, s.parked or coalesce(b.parked, false) as parked, r.window_from, r.window_to,
       r.read_until, r.plan_failed
  from runs r
  join shops s on s.id = r.shop_id
  left join robots b on b.shop_id = r.shop_id and b.action = r.action
 where r.id = :id
""",
    _progress,
)


def list_runs(
    connection: Connection,
    merchant_id: int,
    *,
    shop: str | None = None,
    action: str | None = None,
    state: str | None = None,
) -> list[dict[str, object]]:
    """Return runs without their items, oldest first. Args: state: a word people see."""
    filters = {"shop": shop, "action": action, "state": state}
    rows = _PAGE.all(connection, merchant_id=merchant_id, before=None, most=None, **filters)
    return [_run(row) for row in reversed(rows)]


def page_runs(  # noqa: PLR0913 -- one per filter
    connection: Connection,
    merchant_id: int,
    *,
    before: int | None,
    most: int,
    shop: str | None = None,
    action: str | None = None,
    state: str | None = None,
) -> tuple[list[dict[str, object]], int | None]:
    """Return runs without their items, newest first, and where the next page begins.

    Args: before: what the page before returned, None = the first page.
    """
    filters = {"shop": shop, "action": action, "state": state}
    rows = _PAGE.all(connection, merchant_id=merchant_id, before=before, most=most + 1, **filters)
    found = [_run(row) for row in rows]
    return found[:most], found[most - 1]["id"] if len(found) > most else None


def show_run(connection: Connection, merchant_id: int, run_id: int) -> dict[str, Any] | None:
    """Return one run with its items, None when the merchant has no such run."""
    found = _ONE.first(connection, merchant_id=merchant_id, id=run_id)
    if found is None:
        return None
    run = _run(found)
    extra = {name: run.pop(name) for name in ("reason", "read_until", "created_at", "shop_removed")}
    return {**run, "items": _ITEMS.all(connection, id=run_id), **extra}


def progress(connection: Connection, run_id: int) -> Progress | None:
    """Return how far a run is, None when it was deleted."""
    return _PROGRESS.first(connection, id=run_id)


def same_range(
    connection: Connection, shop_id: int, action: str, window: Window, *, until_now: bool
) -> int | None:
    """Return an unfinished range run that was asked for the same window.

    Args: until_now: the end asked for lay in the future, so it was cut to the present.
    """
    rows = _SAME_RANGE.all(connection, shop_id=shop_id, action=action, since=window.since)
    for run_id, window_to, created_at in rows:
        cut = (created_at - window_to).total_seconds() <= CUT_S
        if window_to == window.until or (until_now and cut):
            return int(run_id)
    return None


# A window that ended when the run was made was cut to that moment, less its fraction of a second.
CUT_S = 2.0


def _run(row: dict[str, Any]) -> dict[str, Any]:
    """Return the document that a row becomes."""
    row["state"] = shown_state(RunState(row["state"]), parked=row.pop("parked"))
    row["window"] = {"from": row.pop("window_from"), "to": row.pop("window_to")}
    return row
