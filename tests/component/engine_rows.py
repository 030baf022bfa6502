"""The engine's rows as the model test sees them, and what it changes behind the engine's back."""

from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from domain.actions import Action
from domain.engine.runs import FINAL_ITEM_STATES, FINAL_RUN_STATES, ItemState, RunState
from domain.errors import LeaseLost

# Of every shop of the model: more than two, so that a slowed-down one recovers step by step.
IN_FLIGHT = 3

_FINAL_ITEMS = [state.value for state in FINAL_ITEM_STATES]
_FINAL_RUNS = [state.value for state in FINAL_RUN_STATES]


def later() -> datetime:
    """Return a moment that does not come by itself while a test lasts."""
    return datetime.now(UTC) + timedelta(hours=1)


def final(state: str) -> bool:
    """Tell whether an item's state is final."""
    return ItemState(state) in FINAL_ITEM_STATES


def new_shop(connection: Connection, key: str, actions: tuple[str, ...]) -> int:
    """Insert a shop with its lane and robots."""
    shop_id: int = connection.execute(
        text(
            "insert into shops (merchant_id, key, cart, name, api_url, auth_url, credentials,"
            " calls_per_second, in_flight) select id, :key, 'thebase', :key, 'http://127.0.0.1',"
            " 'http://127.0.0.1', '', 1, :in_flight from merchants where key = 'default'"
            " returning id"
        ),
        {"key": key, "in_flight": IN_FLIGHT},
    ).scalar_one()
    connection.execute(text("insert into lanes (shop_id) values (:id)"), {"id": shop_id})
    for action in actions:
        connection.execute(
            text(
                "insert into robots (shop_id, action, every_s, next_due_at)"
                " values (:id, :action, 60, now())"
            ),
            {"id": shop_id, "action": action},
        )
    return shop_id


def forget_everything(connection: Connection) -> None:
    """Empty the tables of the model."""
    tables = "shops, robots, runs, run_items, lanes, lane_blocks"
    connection.execute(text(f"truncate {tables} cascade"))


def item_state(connection: Connection, item_id: int) -> tuple[str, int]:
    """Return state and generation of an item."""
    row = connection.execute(
        text("select state, generation from run_items where id = :id"), {"id": item_id}
    ).one()
    return row.state, row.generation


def shop_of(connection: Connection, item_id: int) -> int:
    """Return the shop of an item."""
    found: int = connection.execute(
        text("select shop_id from run_items where id = :id"), {"id": item_id}
    ).scalar_one()
    return found


def run_state(connection: Connection, run_id: int) -> tuple[str, int]:
    """Return state and generation of a run."""
    row = connection.execute(
        text("select state, generation from runs where id = :id"), {"id": run_id}
    ).one()
    return row.state, row.generation


def everything(connection: Connection) -> dict[tuple[int, str], str]:
    """Return the state of every item by run and key."""
    found = connection.execute(text("select run_id, key, state from run_items"))
    return {(row.run_id, row.key): row.state for row in found}


def states_but(connection: Connection, item_id: int) -> dict[int, tuple[str, int]]:
    """Return state and generation of every item but one."""
    rows = connection.execute(
        text("select id, state, generation from run_items where id <> :id"), {"id": item_id}
    )
    return {row.id: (row.state, row.generation) for row in rows}


def keys_in(connection: Connection, run_id: int, *states: ItemState) -> set[str]:
    """Return the keys of a run's items in some states."""
    rows = connection.execute(
        text("select key from run_items where run_id = :id and state = any(:states)"),
        {"id": run_id, "states": [state.value for state in states]},
    )
    return {row.key for row in rows}


def queued(connection: Connection) -> set[int]:
    """Return the ids of all queued items."""
    return set(
        connection.execute(text("select id from run_items where state = 'queued'")).scalars()
    )


def places(connection: Connection, shop_id: int) -> tuple[int, int | None]:
    """Return how many items of a shop are out, and how many may be while it is slowed down."""
    row = connection.execute(
        text(
            "select allowed_in_flight, (select count(*) from run_items"
            " where shop_id = :id and state in ('queued', 'running')) as out"
            " from lanes where shop_id = :id"
        ),
        {"id": shop_id},
    ).one()
    return row.out, row.allowed_in_flight


def park(connection: Connection, shop_id: int, action: Action | None, *, parked: bool) -> None:
    """Turn the kill switch of a shop, or of one of its robots."""
    which = "shops set parked = :parked where id = :id and cast(:action as text) is null"
    if action is not None:
        which = "robots set parked = :parked where shop_id = :id and action = :action"
    values = {"parked": parked, "id": shop_id, "action": action and action.value}
    connection.execute(text(f"update {which}"), values)


def end_leases(connection: Connection) -> None:
    """Let every message be lost and every worker be dead for longer than a lease."""
    past = "set lease_until = now() - interval '1 s' where lease_until > now()"
    connection.execute(text(f"update run_items {past}"))
    connection.execute(text(f"update runs {past}"))


def end_lease(connection: Connection, item_id: int) -> None:
    """Let the lease of one item end."""
    connection.execute(
        text(
            "update run_items set lease_until = now() - interval '1 s'"
            " where id = :id and lease_until is not null"
        ),
        {"id": item_id},
    )


def let_time_pass(connection: Connection) -> None:
    """Let every moment come that is waited for, but for the ends of leases."""
    connection.execute(text("update run_items set due_at = now() where due_at > now()"))
    connection.execute(text("update runs set due_at = now() where due_at > now()"))
    connection.execute(text("update lane_blocks set until = now() where until > now()"))


def let_trouble_be_old(connection: Connection) -> None:
    """Let the last slowing down of every shop be long ago."""
    connection.execute(text("update lanes set slowed_at = now() - interval '1 hour'"))


def left_over(connection: Connection) -> dict[str, int]:
    """Count what has not come to its end, by name, without what is zero."""
    row = connection.execute(
        text(
            "select (select count(*) from run_items where state <> all(:items)) as items,"
            " (select count(*) from runs where state <> all(:runs)) as runs,"
            " (select count(*) from run_items where lease_until is not null)"
            " + (select count(*) from runs where lease_until is not null) as leases,"
            " (select count(*) from lanes where allowed_in_flight is not null) as slowed"
        ),
        {"items": _FINAL_ITEMS, "runs": _FINAL_RUNS},
    ).one()
    return {name: count for name, count in row._mapping.items() if count}


def most_at_once(connection: Connection) -> tuple[int, int]:
    """Return the most items out of one shop, and the most runs under way of one (shop, action)."""
    row = connection.execute(
        text(
            "select (select coalesce(max(n), 0) from (select count(*) as n from run_items"
            " where state in ('queued', 'running') group by shop_id) as counted) as items,"
            " (select coalesce(max(n), 0) from (select count(*) as n from runs"
            " where state = any(:under_way) group by shop_id, action) as counted) as runs"
        ),
        {"under_way": [RunState.PLANNING.value, RunState.OPEN.value]},
    ).one()
    return row.items, row.runs


def refused_unless(ours: bool) -> AbstractContextManager[object]:
    """Expect a late move of a run to be refused, and no other."""
    return nullcontext() if ours else pytest.raises(LeaseLost)
