"""The JSON API: a request that comes twice is done once."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import text

from adapters.postgres.access import idempotency
from tests.component.json_api import Api, problem
from tests.component.warehouse_samples import Warehouse

KEY = {"Idempotency-Key": "delivery-77"}
SHIP = "/api/v1/orders/tote/1/ship"
SHIPMENT = {"method": "宅急便", "tracking": "4000-1"}


@pytest.fixture
def warehouse(api: Api) -> Warehouse:
    made = Warehouse.open(api.engine)
    made.stock(A=5)
    return made


@pytest.fixture
def wms(api: Api, warehouse: Warehouse) -> httpx.Client:
    return api.client(warehouse)


def test_the_same_request_again_gets_the_same_answer_and_is_done_once(
    wms: httpx.Client, warehouse: Warehouse
) -> None:
    warehouse.order("1", {"A": 1})

    first = wms.post(SHIP, json=SHIPMENT, headers=KEY)
    spaced = json.dumps(dict(reversed(SHIPMENT.items())), indent=4)
    again = wms.post(SHIP, content=spaced, headers={**KEY, "Content-Type": "application/json"})

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert warehouse.counts()["A"] == (4, 0)
    assert len(warehouse.audit("1")) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [(SHIP, {**SHIPMENT, "tracking": "4000-2"}), ("/api/v1/orders/tote/2/ship", SHIPMENT)],
    ids=["other body", "other instruction"],
)
def test_the_same_key_for_something_else_is_refused(
    wms: httpx.Client, warehouse: Warehouse, path: str, body: dict[str, str]
) -> None:
    for number in ("1", "2"):
        warehouse.order(number, {"A": 1})
    wms.post(SHIP, json=SHIPMENT, headers=KEY)

    problem(wms.post(path, json=body, headers=KEY), 422)

    assert warehouse.read("1")["tracking_number"] == "4000-1"
    assert warehouse.read("2")["status"] == "awaiting_shipment"


def test_a_key_belongs_to_one_client(api: Api, wms: httpx.Client, warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})
    warehouse.order("2", {"A": 1})
    other = api.client(warehouse, name="other")

    wms.post(SHIP, json=SHIPMENT, headers=KEY)
    answer = other.post("/api/v1/orders/tote/2/ship", json=SHIPMENT, headers=KEY)

    assert answer.status_code == 200
    assert warehouse.read("2")["status"] == "shipped"


def test_a_refused_request_may_be_sent_again_with_the_same_key(
    wms: httpx.Client, warehouse: Warehouse
) -> None:
    warehouse.order("1", {"A": 9})
    allocate = SHIP.replace("/ship", "/allocate")
    problem(wms.post(allocate, headers=KEY), 409)
    warehouse.stock(A=9)

    answer = wms.post(allocate, headers=KEY)

    assert answer.json()["allocated"] is True


def test_a_duplicate_of_a_request_under_way_is_a_conflict(
    api: Api, wms: httpx.Client, warehouse: Warehouse
) -> None:
    warehouse.order("1", {"A": 1})
    with api.engine.begin() as connection:
        client_id = connection.execute(text("select id from api_clients")).scalar_one()
        assert idempotency.claim(connection, client_id, KEY["Idempotency-Key"])

        during = wms.post(SHIP, json=SHIPMENT, headers=KEY)
    after = wms.post(SHIP, json=SHIPMENT, headers=KEY)

    problem(during, 409)
    assert after.status_code == 200


def test_many_at_once_with_one_key_are_done_once(wms: httpx.Client, warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})
    together = threading.Barrier(8)

    def send(_: int) -> httpx.Response:
        together.wait()
        return wms.put("/api/v1/stock/B", json={"on_hand": 7}, headers=KEY)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))

    good = [answer for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in good}) == 1
    assert len(warehouse.audit("B")) == 1


def test_many_ships_at_once_without_a_key_take_the_pieces_off_once(
    wms: httpx.Client, warehouse: Warehouse
) -> None:
    warehouse.order("1", {"A": 1})

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: wms.post(SHIP, json=SHIPMENT), range(6)))

    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 5]
    assert warehouse.counts()["A"] == (4, 0)


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
def test_a_key_nobody_can_repeat_is_refused(
    wms: httpx.Client, warehouse: Warehouse, key: str
) -> None:
    warehouse.order("1", {"A": 1})

    answer = wms.post(SHIP, json=SHIPMENT, headers={b"Idempotency-Key": key.encode()})

    problem(answer, 422)


def test_an_answer_is_forgotten_after_a_day(
    api: Api, wms: httpx.Client, warehouse: Warehouse
) -> None:
    warehouse.order("1", {"A": 1})
    wms.put("/api/v1/stock/B", json={"on_hand": 7}, headers=KEY)
    with api.engine.begin() as connection:
        connection.execute(
            text("update idempotency_keys set expires_at = now() - interval '1 second'")
        )

    answer = wms.put("/api/v1/stock/B", json={"on_hand": 8}, headers=KEY)

    assert answer.json()["on_hand"] == 8
    with api.engine.begin() as connection:
        assert connection.execute(text("select count(*) from idempotency_keys")).scalar_one() == 1
