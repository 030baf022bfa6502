"""The JSON API: runs and dead letters."""

import httpx
import pytest
from sqlalchemy import text

from adapters.postgres.engine import runs
from domain.actions import Action
from domain.engine.runs import RunMode
from tests.component.json_api import Api, problem
from tests.component.warehouse_samples import Warehouse


@pytest.fixture
def warehouse(api: Api) -> Warehouse:
    made = Warehouse.open(api.engine)
    made.shop()
    return made


@pytest.fixture
def wms(api: Api, warehouse: Warehouse) -> httpx.Client:
    return api.client(warehouse)


def add_run(warehouse: Warehouse, action: Action, state: str = "pending") -> int:
    """A run in a state; a final one is finished now."""
    with warehouse.engine.begin() as connection:
        made = runs.insert(
            connection, shop_id=warehouse.shop().id, action=action, mode=RunMode.MANUAL
        )
        connection.execute(
            text(
                "update runs set state = :state,"
                " finished_at = case when :state <> 'pending' then now() end where id = :id"
            ),
            {"id": made, "state": state},
        )
    assert made is not None
    return made


def add_dead(warehouse: Warehouse, key: str, action: Action = Action.SYNC_STOCK) -> int:
    """An open dead letter."""
    with warehouse.engine.begin() as connection:
        made: int = connection.execute(
            text(
                "insert into dead_letters (shop_id, action, key, run_id, reason, attempts)"
                " values (:shop, :action, :key, 1, 'refused', 3) returning id"
            ),
            {"shop": warehouse.shop().id, "action": action.value, "key": key},
        ).scalar_one()
    return made


def test_runs_are_listed_newest_first_in_pages_and_by_state(
    wms: httpx.Client, warehouse: Warehouse
) -> None:
    done = [add_run(warehouse, Action.IMPORT_ORDERS, "succeeded") for _ in range(3)]
    open_one = add_run(warehouse, Action.SYNC_STOCK)

    first = wms.get("/api/v1/runs", params={"limit": 2}).json()
    second = wms.get("/api/v1/runs", params={"limit": 2, "cursor": first["next"]}).json()
    running = wms.get("/api/v1/runs", params={"state": "running"}).json()["runs"]

    assert [run["id"] for run in first["runs"]] == [open_one, done[2]]
    assert [run["id"] for run in second["runs"]] == [done[1], done[0]]
    assert second["next"] is None
    assert [(run["id"], run["state"]) for run in running] == [(open_one, "running")]
    assert wms.get("/api/v1/runs", params={"action": "sync_stock"}).json()["runs"] == running


def test_a_parked_run_is_found_as_parked(wms: httpx.Client, warehouse: Warehouse) -> None:
    """CLS-5."""
    add_run(warehouse, Action.SYNC_STOCK)
    with warehouse.engine.begin() as connection:
        connection.execute(text("update shops set parked = true"))

    assert wms.get("/api/v1/runs", params={"state": "running"}).json()["runs"] == []
    (run,) = wms.get("/api/v1/runs", params={"state": "parked"}).json()["runs"]
    assert run["state"] == "parked"


def test_one_run_comes_with_its_items(wms: httpx.Client, warehouse: Warehouse) -> None:
    run = add_run(warehouse, Action.SYNC_STOCK, "succeeded")

    found = wms.get(f"/api/v1/runs/{run}").json()

    assert (found["id"], found["items"]) == (run, [])
    problem(wms.get("/api/v1/runs/999"), 404)
    problem(wms.get("/api/v1/runs/99999999999999999999"), 422)


def test_replaying_a_dead_letter_asks_for_a_run_and_tells_the_workers(
    api: Api, wms: httpx.Client, warehouse: Warehouse
) -> None:
    """CLS-4."""
    letter = add_dead(warehouse, "SKU-1")

    answer = wms.post(f"/api/v1/dead-letters/{letter}/replay", json={"reason": "fixed"}).json()

    (run,) = answer["runs"]
    assert answer == {"id": letter, "state": "replayed", "runs": [run]}
    assert api.announced == [run]
    (found,) = wms.get("/api/v1/dead-letters").json()["dead_letters"]
    assert (found["state"], found["decided_by"]) == ("replayed", "api:wms")
    assert found["decision_reason"] == "fixed"
    assert wms.get(f"/api/v1/runs/{run}").json()["mode"] == "replay"


def test_a_replay_that_comes_twice_asks_for_one_run(
    api: Api, wms: httpx.Client, warehouse: Warehouse
) -> None:
    letter = add_dead(warehouse, "SKU-1")
    path = f"/api/v1/dead-letters/{letter}/replay"

    first = wms.post(path, headers={"Idempotency-Key": "r1"})
    again = wms.post(path, headers={"Idempotency-Key": "r1"})
    without = wms.post(path)

    assert again.content == first.content
    assert len(api.announced) == 1
    assert "is replayed, not open" in problem(without, 409)


def test_discarding_needs_a_reason_and_keeps_it(wms: httpx.Client, warehouse: Warehouse) -> None:
    letter = add_dead(warehouse, "SKU-1")
    path = f"/api/v1/dead-letters/{letter}/discard"

    problem(wms.post(path, json={"reason": " "}), 422)
    answer = wms.post(path, json={"reason": "sold out for good"}).json()

    assert answer == {"id": letter, "state": "discarded", "runs": []}
    (found,) = wms.get("/api/v1/dead-letters", params={"state": "discarded"}).json()["dead_letters"]
    assert found["decision_reason"] == "sold out for good"


def test_dead_letters_are_listed_in_pages_and_filtered(
    wms: httpx.Client, warehouse: Warehouse
) -> None:
    letters = [add_dead(warehouse, f"S{place}") for place in range(3)]
    add_dead(warehouse, "order", Action.IMPORT_ORDERS)
    query: dict[str, str | int] = {"action": "sync_stock", "limit": 2}

    first = wms.get("/api/v1/dead-letters", params=query).json()
    second = wms.get("/api/v1/dead-letters", params={**query, "cursor": first["next"]}).json()

    assert [one["id"] for one in first["dead_letters"]] == letters[:2]
    assert [one["id"] for one in second["dead_letters"]] == letters[2:]
    assert second["next"] is None


def test_another_merchants_runs_and_dead_letters_are_out_of_reach(
    api: Api, warehouse: Warehouse
) -> None:
    run = add_run(warehouse, Action.SYNC_STOCK)
    letter = add_dead(warehouse, "SKU-1")
    stranger = api.client(Warehouse.open(api.engine, merchant="other"))

    assert stranger.get("/api/v1/runs").json()["runs"] == []
    assert stranger.get("/api/v1/dead-letters").json()["dead_letters"] == []
    problem(stranger.get(f"/api/v1/runs/{run}"), 404)
    problem(stranger.post(f"/api/v1/dead-letters/{letter}/replay"), 404)
    problem(stranger.post(f"/api/v1/dead-letters/{letter}/discard", json={"reason": "x"}), 404)
