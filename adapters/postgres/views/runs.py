"""Runs (実行) as people and programs see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from domain.engine.runs import FINAL_RUN_STATES, RunState, Window, shown_state

# While a run is under way its figures are those of its items.
_SELECT = """
select r.id, s.key as shop, r.action, r.mode, r.state, r.window_from, r.window_to,
       r.calls, r.started_at, r.finished_at, r.reason, r.read_until, r.created_at,
       s.parked or coalesce(b.parked, false) as parked,
       coalesce(c.succeeded, r.succeeded) as succeeded, coalesce(c.failed, r.failed) as failed,
       coalesce(c.skipped, r.skipped) as skipped, coalesce(c.carried, r.carried_over) as carried,
       coalesce(c.calls, 0) as live_calls
  from runs r
  join shops s on s.id = r.shop_id
  left join robots b on b.shop_id = r.shop_id and b.action = r.action
  left join lateral (
    select count(*) filter (where i.state = 'succeeded') as succeeded,
           count(*) filter (where i.state = 'failed') as failed,
           count(*) filter (where i.state = 'skipped') as skipped,
           count(*) filter (where i.state = 'carried') as carried,
           sum(i.calls) as calls
      from run_items i where i.run_id = r.id) c
    on r.state in ('pending', 'planning', 'open')
 where s.merchant_id = :merchant_id
"""
_LIST = text(
    _SELECT
    + """
   and (cast(:shop as text) is null or s.key = :shop)
   and (cast(:action as text) is null or r.action = :action)
 order by r.id
"""
)
_PAGE = text(
    _SELECT
    + """
   and (cast(:before as bigint) is null or r.id < :before)
   and (cast(:shop as text) is null or s.key = :shop)
   and (cast(:action as text) is null or r.action = :action)
   and (cast(:state as text) is null
        or :state = case when r.state not in ('pending', 'planning', 'open') then r.state
                         when s.parked or coalesce(b.parked, false) then 'parked'
                         else 'running' end)
 order by r.id desc limit :most
"""
)
_ONE = text(_SELECT + " and r.id = :id")
_ITEMS = text("select key, state, attempts, reason from run_items where run_id = :id order by id")
_PROGRESS = text("""
select r.state, s.parked or coalesce(b.parked, false) as parked, r.window_from, r.window_to,
       r.read_until
  from runs r
  join shops s on s.id = r.shop_id
  left join robots b on b.shop_id = r.shop_id and b.action = r.action
 where r.id = :id
""")
_SAME_RANGE = text("""
select id, window_to, created_at from runs
 where shop_id = :shop_id and action = :action and mode = 'range' and window_from = :since
   and state in ('pending', 'planning', 'open')
 order by id
""")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        shown: the word people see.
        window: what was asked for, None where no window was.
        read_until: everything up to here is recorded.
    """

    shown: str
    window: Window | None
    read_until: datetime | None

    @property
    def over(self) -> bool:
        """Whether waiting longer changes nothing by itself."""
        return self.shown != "running"


def list_runs(
    connection: Connection,
    merchant_id: int,
    *,
    shop: str | None = None,
    action: str | None = None,
    state: str | None = None,
) -> list[dict[str, object]]:
    """Return runs without their items, oldest first. Args: state: a word people see."""
    rows = connection.execute(_LIST, {"merchant_id": merchant_id, "shop": shop, "action": action})
    runs = [_run(row) for row in rows.mappings()]
    return [run for run in runs if state is None or run["state"] == state]


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
    wanted = {"merchant_id": merchant_id, "shop": shop, "action": action, "state": state}
    rows = connection.execute(_PAGE, {**wanted, "before": before, "most": most + 1})
    found = [_run(row) for row in rows.mappings()]
    return found[:most], found[most - 1]["id"] if len(found) > most else None


def show_run(connection: Connection, merchant_id: int, run_id: int) -> dict[str, object] | None:
    """Return one run with its items, None when the merchant has no such run."""
    row = connection.execute(_ONE, {"merchant_id": merchant_id, "id": run_id})
    found = row.mappings().one_or_none()
    if found is None:
        return None
    items = connection.execute(_ITEMS, {"id": run_id}).mappings()
    run = _run(found)
    extra = {name: run.pop(name) for name in ("reason", "read_until", "created_at")}
    return {**run, "items": [dict(item) for item in items], **extra}


def progress(connection: Connection, run_id: int) -> Progress | None:
    """Return how far a run is, None when it was deleted."""
    row = connection.execute(_PROGRESS, {"id": run_id}).one_or_none()
    if row is None:
        return None
    window = Window(row.window_from, row.window_to) if row.window_from else None
    return Progress(shown_state(RunState(row.state), parked=row.parked), window, row.read_until)


def same_range(
    connection: Connection, shop_id: int, action: str, window: Window, *, until_now: bool
) -> int | None:
    """Return an unfinished range run that was asked for the same window.

    Args: until_now: the end asked for lay in the future, so it was cut to the present.
    """
    rows = connection.execute(
        _SAME_RANGE, {"shop_id": shop_id, "action": action, "since": window.since}
    )
    for row in rows:
        cut = (row.created_at - row.window_to).total_seconds() <= CUT_S
        if row.window_to == window.until or (until_now and cut):
            return int(row.id)
    return None


# A window that ended when the run was made was cut to that moment, less its fraction of a second.
CUT_S = 2.0


def _run(row: RowMapping) -> dict[str, Any]:
    """Return the run in the shape of interfaces.md, with what is ours at the end."""
    state = RunState(row["state"])
    live = 0 if state in FINAL_RUN_STATES else int(row["live_calls"])
    return {
        "id": row["id"],
        "shop": row["shop"],
        "action": row["action"],
        "mode": row["mode"],
        "state": shown_state(state, parked=row["parked"]),
        "window": {"from": row["window_from"], "to": row["window_to"]},
        "succeeded": row["succeeded"],
        "failed": row["failed"],
        "skipped": row["skipped"],
        "carried_over": row["carried"],
        "calls": row["calls"] + live,
        "started_at": row["started_at"],
        "finished_at": row["finished_at"],
        "reason": row["reason"],
        "read_until": row["read_until"],
        "created_at": row["created_at"],
    }
