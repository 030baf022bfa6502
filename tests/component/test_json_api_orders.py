"""The JSON API: shipping instructions (interfaces.md)."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from domain.access import Scope
from domain.engine.cadence import TOKYO
from tests.component.json_api import Api, problem
from tests.component.warehouse_samples import NOON, UNPAID, Warehouse

DAY = datetime.now(TOKYO).date().isoformat()
SHIPMENT = {"method": "宅急便", "tracking": "4000-1", "date": DAY}


# What no other place takes for a day, and days too far away (RET-1).
WRONG_DATES = [
    "16.1.2025",
    "2025/01/16",
    1736985600,
    "2025-01-16T00:00",
    "1999-01-16",
    "2099-01-16",
]


@pytest.fixture
def warehouse(api: Api) -> Warehouse:
    made = Warehouse.open(api.engine)
    made.stock(A=5, B=5)
    return made


@pytest.fixture
def wms(api: Api, warehouse: Warehouse) -> httpx.Client:
    return api.client(warehouse)


def test_the_list_has_the_shape_of_orders_list(wms: httpx.Client, warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 2})

    answer = wms.get("/api/v1/orders")

    (order,) = answer.json()["orders"]
    assert answer.json()["next"] is None
    assert order["ordered_at"] == "2025-01-15T12:00:00+09:00"
    assert (order["number"], order["shop"], order["status"]) == ("1", "tote", "awaiting_shipment")
    assert order["buyer"]["name"] == "佐伯 結衣"
    assert order["lines"][0]["sku"] == "A"
    assert "佐伯" in answer.text


def test_imp_19_a_warehouse_system_reads_what_is_wished(
    wms: httpx.Client, warehouse: Warehouse
) -> None:
    wishes = {"wished_date": "2025-01-20", "wished_time": "1416", "remarks": "玄関先に"}
    told: dict[str, Any] = {**wishes, "gift": "のし: 御祝", "methods": ["宅配便", "ネコポス"]}
    warehouse.order("1", {"A": 1}, options=("名入れ: 結衣",), **told)

    (order,) = wms.get("/api/v1/orders").json()["orders"]

    assert {name: order[name] for name in told} == told
    assert order["lines"][0]["options"] == ["名入れ: 結衣"]


def test_pages_follow_each_other_without_gap_or_double(
    wms: httpx.Client, warehouse: Warehouse
) -> None:
    numbers = [warehouse.order(f"n{place}", {"A": 1}) for place in range(7)]
    seen: list[str] = []
    cursor = None

    while True:
        query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = wms.get("/api/v1/orders", params=query).json()
        seen += [order["number"] for order in page["orders"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert seen == numbers


def test_the_list_is_filtered_by_status_shop_number_and_time(
    wms: httpx.Client, warehouse: Warehouse
) -> None:
    warehouse.order("1", {"A": 1})
    warehouse.order("2", {"A": 1}, holds=(UNPAID,))
    warehouse.order("3", {"A": 1}, shop="kasa")

    def numbers(**query: str) -> list[str]:
        found = wms.get("/api/v1/orders", params=query).json()["orders"]
        return [order["number"] for order in found]

    assert numbers(status="hold") == ["2"]
    assert numbers(shop="kasa") == ["3"]
    assert numbers(number="1") == ["1"]
    assert numbers(since=NOON.isoformat()) == ["1", "2", "3"]
    assert numbers(since=(NOON + timedelta(seconds=1)).isoformat()) == []
    assert numbers(since="2025-01-15T12:00:00") == ["1", "2", "3"], "without offset: Tokyo"
    assert numbers(since="2025-01-15T12:00:01") == []
    assert numbers(changed_since=datetime(2020, 1, 1, tzinfo=TOKYO).isoformat()) != []


@pytest.mark.parametrize(
    "query",
    [
        {"status": "lost"},
        {"limit": "0"},
        {"limit": "501"},
        {"cursor": "zzz"},
        {"cursor": "InRleHQi"},
        {"since": "yesterday"},
        {"number": "a\0b"},
    ],
    ids=str,
)
def test_a_wrong_query_is_named(wms: httpx.Client, query: dict[str, str]) -> None:
    problem(wms.get("/api/v1/orders", params=query), 422)


def test_sts_10_a_program_may_decide_about_a_late_cancellation_saying_why(
    api: Api, wms: httpx.Client, warehouse: Warehouse
) -> None:
    warehouse.order("1", {"A": 2})
    path = "/api/v1/orders/tote/1"
    wms.post(f"{path}/work")
    with api.engine.begin() as connection:
        connection.execute(text("update instructions set cart_cancel = 'waiting'"))

    silent = problem(wms.post(f"{path}/release"), 409)
    released = wms.post(f"{path}/release", json={"why": "asked the buyer"}).json()

    assert "say why" in silent
    assert (released["status"], released["cart_cancel"]) == ("working", "overruled")
    assert warehouse.audit("1")[-1].detail["why"] == "asked the buyer"


def test_an_instruction_goes_through_its_life(wms: httpx.Client, warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 2})
    moves = ("allocate", "work", "inspect")

    seen = [wms.post(f"/api/v1/orders/tote/1/{move}").json()["status"] for move in moves]
    shipped = wms.post("/api/v1/orders/tote/1/ship", json=SHIPMENT).json()
    after_ship = warehouse.counts()["A"]
    returned = wms.post("/api/v1/orders/tote/1/return").json()

    assert seen == ["awaiting_shipment", "working", "inspected"]
    assert (shipped["status"], shipped["shipped_on"]) == ("shipped", DAY)
    assert (shipped["tracking_number"], shipped["shipped_method"]) == ("4000-1", "宅急便")
    assert after_ship == (3, 0)
    assert returned["status"] == "returned"
    assert warehouse.counts()["A"] == (5, 0)


def test_a_return_without_restock_leaves_on_hand(wms: httpx.Client, warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 2})
    wms.post("/api/v1/orders/tote/1/ship", json=SHIPMENT)

    wms.post("/api/v1/orders/tote/1/return", json={"restock": False})

    assert warehouse.counts()["A"] == (3, 0)


def test_holding_and_releasing(wms: httpx.Client, warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})
    path = "/api/v1/orders/tote/1"

    held = wms.post(f"{path}/hold", json={"reasons": ["住所不備", "備考確認"], "note": "?"}).json()
    left = wms.post(f"{path}/release", json={"reasons": ["住所不備"]}).json()
    free = wms.post(f"{path}/release").json()

    assert held["hold_reasons"] == ["住所不備", "備考確認"]
    assert (left["status"], left["hold_reasons"]) == ("hold", ["備考確認"])
    assert (free["status"], free["hold_reasons"]) == ("awaiting_shipment", [])


def test_ship_without_a_date_is_today_in_tokyo(wms: httpx.Client, warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})
    days = {datetime.now(TOKYO).date().isoformat()}

    order = wms.post(
        "/api/v1/orders/tote/1/ship", json={"method": "宅急便", "tracking": "4000"}
    ).json()

    days.add(datetime.now(TOKYO).date().isoformat())
    assert order["shipped_on"] in days


def test_a_move_that_is_not_allowed_is_a_conflict_that_says_why(
    wms: httpx.Client, warehouse: Warehouse
) -> None:
    warehouse.order("1", {"A": 1}, holds=(UNPAID,))
    warehouse.order("2", {"A": 9})

    on_hold = problem(wms.post("/api/v1/orders/tote/1/ship", json=SHIPMENT), 409)
    short = problem(wms.post("/api/v1/orders/tote/2/allocate"), 409)

    assert "hold cannot become shipped" in on_hold
    assert short == "2: A: 9 needed, 5 on hand and not allocated to others, 4 missing"


def test_a_repeated_number_needs_the_key(wms: httpx.Client, warehouse: Warehouse) -> None:
    warehouse.order("100", {"A": 1}, key="SC-1")
    warehouse.order("100", {"A": 1}, key="SC-2")

    said = problem(wms.post("/api/v1/orders/tote/100/work"), 409)
    order = wms.post("/api/v1/orders/tote/100/work", params={"key": "SC-2"}).json()

    assert "SC-1 and SC-2" in said
    assert (order["cart_order_key"], order["status"]) == ("SC-2", "working")


def test_an_unknown_instruction_is_not_found(wms: httpx.Client) -> None:
    assert "no shipping instruction 9" in problem(wms.post("/api/v1/orders/tote/9/work"), 404)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"method": "m"},
        {"method": " ", "tracking": "4000"},
        *({"method": "m", "tracking": "4000", "date": date} for date in WRONG_DATES),
        {"method": "m", "tracking": "4000", "colour": "red"},
        {"method": "m", "tracking": "1"},
        {"method": "m", "tracking": "4.1E+11"},
        {"method": "m", "tracking": "未定"},
        {"method": "m", "tracking": "4000-1 4000-2"},
        {"method": "m", "tracking": 40001234},
        {"method": "m", "tracking": "9" * 65},
        {"method": "m", "tracking": "a\0b"},
        {"method": "m", "tracking": "a\nb"},
    ],
    ids=str,
)
def test_ret_7_a_wrong_body_is_refused_and_changes_nothing(
    wms: httpx.Client, warehouse: Warehouse, body: dict[str, object]
) -> None:
    warehouse.order("1", {"A": 1})

    answer = wms.post("/api/v1/orders/tote/1/ship", json=body)

    problem(answer, 422)
    assert warehouse.read("1")["status"] == "awaiting_shipment"


def test_other_merchants_orders_are_neither_listed_nor_moved(
    api: Api, warehouse: Warehouse
) -> None:
    warehouse.order("1", {"A": 1})
    stranger = api.client(Warehouse.open(api.engine, merchant="other"))

    assert stranger.get("/api/v1/orders").json()["orders"] == []
    assert stranger.get("/api/v1/orders", params={"shop": "tote"}).json()["orders"] == []
    problem(stranger.post("/api/v1/orders/tote/1/cancel"), 404)
    assert warehouse.read("1")["status"] == "awaiting_shipment"


def test_reading_does_not_include_writing(api: Api, warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})
    reader = api.client(warehouse, Scope.ORDERS_READ, name="reader")

    assert reader.get("/api/v1/orders").status_code == 200
    assert "orders:write" in problem(reader.post("/api/v1/orders/tote/1/cancel"), 403)


def test_the_audit_names_the_client(wms: httpx.Client, warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})

    wms.post("/api/v1/orders/tote/1/cancel")

    (entry,) = warehouse.audit("1")
    assert (entry.actor, entry.did) == ("api:wms", "orders.cancel")


def test_shp_01_a_change_to_an_order_of_a_removed_shop_says_that_the_cart_will_not_hear_of_it(
    wms: httpx.Client, warehouse: Warehouse
) -> None:
    for number in ("1", "2"):
        warehouse.order(number, {"A": 1})
    live = wms.post("/api/v1/orders/tote/1/ship", json=SHIPMENT).json()
    with warehouse.engine.begin() as connection:
        connection.execute(text("update shops set removed_at = now()"))

    shipped = wms.post("/api/v1/orders/tote/2/ship", json=SHIPMENT).json()
    listed = wms.get("/api/v1/orders").json()["orders"]

    unheard = "shop tote was removed: its cart will not hear of 2"
    assert unheard not in live["warnings"]
    assert unheard in shipped["warnings"]
    assert {order["shop_removed"] for order in listed} == {True}
