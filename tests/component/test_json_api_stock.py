"""The JSON API: stock."""

import json
from collections.abc import Iterator

import httpx
import pytest

from adapters.postgres.stock.sets import set_components
from tests.component.json_api import Api, problem
from tests.component.warehouse_samples import Warehouse


@pytest.fixture
def warehouse(api: Api) -> Warehouse:
    return Warehouse.open(api.engine)


@pytest.fixture
def wms(api: Api, warehouse: Warehouse) -> httpx.Client:
    return api.client(warehouse)


def pages(wms: httpx.Client, limit: int) -> Iterator[list[str]]:
    cursor = None
    while True:
        query = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        page = wms.get("/api/v1/stock", params=query).json()
        yield [row["sku"] for row in page["stock"]]
        cursor = page["next"]
        if cursor is None:
            return


def test_setting_a_sku_creates_it_and_answers_with_its_counts(
    wms: httpx.Client, warehouse: Warehouse
) -> None:
    answer = wms.put("/api/v1/stock/帆布/赤 1", json={"on_hand": 5})

    assert answer.json() == {
        "sku": "帆布/赤 1",
        "on_hand": 5,
        "secured": 0,
        "free": 5,
        "version": 2,
    }
    assert warehouse.counts() == {"帆布/赤 1": (5, 0)}


def test_on_hand_set_below_what_is_secured_leaves_no_free_stock(
    wms: httpx.Client, warehouse: Warehouse
) -> None:
    """STK-2."""
    warehouse.stock(A=5)
    warehouse.order("1", {"A": 3})

    answer = wms.put("/api/v1/stock/A", json={"on_hand": 2})

    assert (answer.json()["secured"], answer.json()["free"]) == (3, 0)


def test_a_batch_is_all_or_nothing(wms: httpx.Client, warehouse: Warehouse) -> None:
    good = {"items": [{"sku": "A", "on_hand": 1}, {"sku": "B", "on_hand": 2}]}
    bad = {"items": [{"sku": "A", "on_hand": 9}, {"sku": "B", "on_hand": -1}]}

    rows = wms.post("/api/v1/stock/batch", json=good).json()["stock"]
    assert [row["on_hand"] for row in rows] == [1, 2]
    assert "items.1.on_hand" in problem(wms.post("/api/v1/stock/batch", json=bad), 422)
    assert warehouse.counts() == {"A": (1, 0), "B": (2, 0)}


def test_a_batch_has_a_thousand_items_at_most(wms: httpx.Client, warehouse: Warehouse) -> None:
    items = [{"sku": f"S{place:04}", "on_hand": place} for place in range(1001)]

    problem(wms.post("/api/v1/stock/batch", json={"items": items}), 422)
    answer = wms.post("/api/v1/stock/batch", json={"items": items[:1000]})

    assert answer.status_code == 200
    assert len(warehouse.counts()) == 1000


@pytest.mark.parametrize(
    "body",
    [
        {"items": []},
        {"items": [{"sku": "A", "on_hand": 1}, {"sku": " A", "on_hand": 2}]},
        {"items": [{"sku": " ", "on_hand": 1}]},
        {"items": [{"sku": "A", "on_hand": 1.5}]},
        {"items": [{"sku": "A", "on_hand": "5"}]},
        {"items": [{"sku": "A", "on_hand": 2147483648}]},
        {"items": [{"sku": "a\0", "on_hand": 1}]},
        {"items": [{"sku": "\ud800", "on_hand": 1}]},
        {"items": [{"sku": "x" * 201, "on_hand": 1}]},
    ],
    ids=lambda body: ascii(body)[:60],
)
def test_a_wrong_batch_is_refused_and_writes_nothing(
    wms: httpx.Client, warehouse: Warehouse, body: dict[str, object]
) -> None:
    content = json.dumps(body)  # escapes what UTF-8 cannot say
    headers = {"Content-Type": "application/json"}

    problem(wms.post("/api/v1/stock/batch", content=content, headers=headers), 422)

    assert warehouse.counts() == {}


def test_stock_is_listed_in_pages_without_gap_or_double(
    wms: httpx.Client, warehouse: Warehouse
) -> None:
    warehouse.stock(**dict.fromkeys(("b", "A", "B", "帆布", "a", "Z"), 1))

    assert list(pages(wms, 2)) == [["A", "B"], ["Z", "a"], ["b", "帆布"]]


def test_named_skus_are_listed_and_sets_show_what_their_components_allow(
    wms: httpx.Client, warehouse: Warehouse
) -> None:
    """STK-7."""
    warehouse.stock(A=5, B=9, C=1)
    with warehouse.engine.begin() as connection:
        set_components(connection, warehouse.merchant_id, "SET", {"A": 2, "B": 1})

    rows = wms.get("/api/v1/stock", params={"sku": ["SET", "C", "nothing"]}).json()["stock"]

    assert [(row["sku"], row["free"]) for row in rows] == [("C", 1), ("SET", 2)]


def test_merchants_have_their_own_skus(api: Api, warehouse: Warehouse) -> None:
    other = Warehouse.open(api.engine, merchant="other")
    stranger = api.client(other)
    warehouse.stock(A=5)

    stranger.put("/api/v1/stock/A", json={"on_hand": 1})

    assert warehouse.counts() == {"A": (5, 0)}
    assert other.counts() == {"A": (1, 0)}
    assert len(stranger.get("/api/v1/stock").json()["stock"]) == 1
