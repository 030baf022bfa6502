"""The simulated ShopServe keeps the rules of its contract."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from simulator.client import SimulatedShop, SimulatorClient
from simulator.process import SimulatorProcess, start

TOKYO = timezone(timedelta(hours=9))
FORMAT = "%Y-%m-%d %H:%M:%S"
ALL_GROUPS = "basic;payment;orderer;deliveries;memo"


class Caller:
    """A ShopServe client that knows only what the shop's owner was told."""

    def __init__(self, shop: SimulatedShop) -> None:
        self.shop = shop
        auth = (shop.secrets["shop_id"], shop.secrets["manager_key"])
        self.http = httpx.Client(base_url=shop.api_url, auth=auth, trust_env=False)

    def search(self, groups: str = ALL_GROUPS, **body: object) -> httpx.Response:
        return self.http.post(f"/orders/_retrieve/{groups}", json=body)

    def order(self, serial_code: str) -> dict[str, Any]:
        found: dict[str, Any] = self.search(serial_codes=[serial_code]).json()["orders"][0]
        return found

    def confirm(self, serial_code: str) -> httpx.Response:
        return self.http.put(f"/orders/{serial_code}/status", json={"confirm_status": "Confirmed"})

    def ship(self, serial_code: str, number: int = 1, **changes: object) -> httpx.Response:
        body = {
            "carrier_code": "YAMATO",
            "tracking_numbers": ["4000-0000-0012"],
            "shipping_status": "Shipped",
        }
        path = f"/orders/{serial_code}/deliveries/{number}/shipping"
        return self.http.put(path, json=body | changes)

    def settle(self, serial_code: str) -> httpx.Response:
        return self.http.post(f"/orders/{serial_code}/settlement/_request", json={})

    def complete(self, serial_code: str) -> httpx.Response:
        return self.http.post(f"/orders/{serial_code}/_complete", json={})

    def write_stock(self, item: str, **body: object) -> httpx.Response:
        return self.http.put(f"/items/{item}/stock", json=body)


def now_text(**ago: float) -> str:
    return (datetime.now(TOKYO) - timedelta(**ago)).strftime(FORMAT)


@pytest.fixture(scope="module")
def process() -> Iterator[SimulatorProcess]:
    with start() as running:
        yield running


@pytest.fixture
def sim(process: SimulatorProcess) -> Iterator[SimulatorClient]:
    with process.client() as client:
        client.reset()
        yield client


@pytest.fixture
def cart(sim: SimulatorClient) -> Iterator[Caller]:
    caller = Caller(sim.seed(carts=["shopserve"], orders=0, items=10, variations=0.5)[0])
    with caller.http:
        yield caller


def add(sim: SimulatorClient, cart: Caller, recipe: str, **fields: object) -> str:
    """Add an order of a recipe and return its serial code."""
    return str(sim.add_order(cart.shop.key, recipe, **fields)["key"])


def test_wrong_credentials_are_401_with_a_json_body(cart: Caller) -> None:
    response = cart.http.get("/items/SKU-0001/stock", auth=(cart.shop.secrets["shop_id"], "no"))

    assert response.status_code == 401
    assert set(response.json()) == {"error_code", "message", "errors"}


def test_only_the_groups_asked_for_come_back(sim: SimulatorClient, cart: Caller) -> None:
    code = add(sim, cart, "card")

    some = cart.search("basic;payment", serial_codes=[code]).json()["orders"][0]

    assert set(some) == {"serial_code", "basic", "payment"}
    assert set(cart.order(code)) == {"serial_code", *ALL_GROUPS.split(";")}


def test_an_escaped_separator_and_an_unknown_group_are_refused(cart: Caller) -> None:
    assert cart.search("basic%3Bpayment", serial_codes=["x"]).status_code == 400
    assert cart.search("basic;everything", serial_codes=["x"]).status_code == 400


def test_both_ends_of_the_window_are_inclusive(sim: SimulatorClient, cart: Caller) -> None:
    noon = datetime.now(TOKYO).replace(hour=12, minute=0, second=0, microsecond=0)
    noon -= timedelta(days=3)
    for offset_s in (-1, 0, 60, 61):
        add(sim, cart, "card", ordered_at=(noon + timedelta(seconds=offset_s)).isoformat())

    until = (noon + timedelta(seconds=60)).strftime(FORMAT)
    answer = cart.search(since=noon.strftime(FORMAT), until=until).json()

    assert answer["total_count"] == 2
    dates = [order["basic"]["order_date"] for order in answer["orders"]]
    assert dates == [noon.strftime(FORMAT), until]


@pytest.mark.parametrize(
    ("since", "until", "status"),
    [
        pytest.param({"days": 7}, {}, 200, id="exactly seven days"),
        pytest.param({"days": 7, "seconds": 2}, {}, 400, id="over seven days"),
        pytest.param({"days": 725}, {"days": 720}, 200, id="under two years"),
        pytest.param({"days": 735}, {"days": 733}, 400, id="over two years"),
        pytest.param({"days": 1}, {"days": 2}, 400, id="end before start"),
    ],
)
def test_a_window_spans_a_week_of_the_last_two_years(
    cart: Caller,
    since: dict[str, float],
    until: dict[str, float],
    status: int,
) -> None:
    end = datetime.now(TOKYO)
    window = {
        "since": (end - timedelta(**since)).strftime(FORMAT),
        "until": (end - timedelta(**until)).strftime(FORMAT),
    }

    assert cart.search(**window).status_code == status


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="no window"),
        pytest.param({"serial_codes": [f"SC-{i}" for i in range(101)]}, id="101 codes"),
        pytest.param({"serial_codes": ["SC-1"], "size": 101}, id="size over 100"),
        pytest.param({"serial_codes": ["SC-1"], "confirm_status": ["New"]}, id="unknown literal"),
        pytest.param({"serial_codes": ["SC-1"], "confirm": ["Confirmed"]}, id="unknown key"),
        pytest.param({"since": "2026/10/01", "until": "2026/10/02"}, id="date format"),
    ],
)
def test_a_search_outside_the_rules_is_refused(cart: Caller, body: dict[str, Any]) -> None:
    response = cart.search(**body)

    assert response.status_code == 400
    assert response.json()["message"]


def test_filters_sort_and_paging_work_together(sim: SimulatorClient, cart: Caller) -> None:
    codes = [add(sim, cart, "card", ordered_at=time.time() - age) for age in (300, 200, 100)]
    add(sim, cart, "confirmed_already")
    add(sim, cart, "cancelled")
    query: dict[str, Any] = {
        "since": now_text(days=1),
        "until": now_text(),
        "folder": "Ledger",
        "confirm_status": ["Unconfirmed"],
        "sort": {"type": "OrderDate", "order": "Desc"},
    }

    page = cart.search(**query | {"from": 1, "size": 1}).json()

    assert page["total_count"] == 3
    assert [order["serial_code"] for order in page["orders"]] == [codes[1]]


def test_without_folder_every_folder_is_searched(sim: SimulatorClient, cart: Caller) -> None:
    add(sim, cart, "cancelled")
    add(sim, cart, "completed")

    answer = cart.search(since=now_text(days=1), until=now_text(seconds=-1)).json()

    folders = {order["basic"]["folder"] for order in answer["orders"]}
    assert folders == {"Canceled", "Completed"}


def test_the_unknown_code_is_simply_missing(sim: SimulatorClient, cart: Caller) -> None:
    code = add(sim, cart, "card")

    answer = cart.search(serial_codes=[code, "SC-0"]).json()

    assert answer["total_count"] == 1


def test_confirming_twice_is_no_change(sim: SimulatorClient, cart: Caller) -> None:
    code = add(sim, cart, "card")

    answers = [cart.confirm(code).json() for _ in range(2)]

    assert answers == [{"serial_code": code, "result": "Updated"}] * 2
    assert cart.order(code)["basic"]["confirm_status"] == "Confirmed"
    kinds = [effect["kind"] for effect in sim.effects()]
    assert kinds == ["order_confirmed", "order_confirmed_again"]


def test_a_cancelled_order_cannot_be_worked_on(sim: SimulatorClient, cart: Caller) -> None:
    code = add(sim, cart, "card")
    sim.change_order(cart.shop.key, code, "cancel")

    calls = (cart.confirm, cart.ship, cart.settle, cart.complete)
    assert {call(code).status_code for call in calls} == {409}
    assert cart.order(code)["basic"]["cancel"] == "Yes"


def test_the_order_is_shipped_with_its_last_destination(
    sim: SimulatorClient,
    cart: Caller,
) -> None:
    code = add(sim, cart, "two_destinations")

    cart.ship(code, 1)
    between = cart.order(code)["basic"]["shipping_status"]
    cart.ship(code, 2, tracking_numbers=["5000-1"])
    after = cart.order(code)

    assert (between, after["basic"]["shipping_status"]) == ("NotShipped", "Shipped")
    numbers = [delivery["tracking_numbers"] for delivery in after["deliveries"]]
    assert numbers == [["4000-0000-0012"], ["5000-1"]]
    assert len(sim.effects(["delivery_shipped"])) == 2


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"tracking_numbers": []}, id="no tracking number"),
        pytest.param({"tracking_numbers": [""]}, id="empty tracking number"),
        pytest.param({"carrier_code": "BICYCLE"}, id="unknown carrier"),
        pytest.param({"shipping_status": None}, id="no status"),
        pytest.param({"shipped_date": "2026/10/06"}, id="date format"),
    ],
)
def test_an_incomplete_shipping_result_is_refused(
    sim: SimulatorClient,
    cart: Caller,
    changes: dict[str, Any],
) -> None:
    code = add(sim, cart, "card")

    assert cart.ship(code, **changes).status_code == 400
    assert cart.order(code)["basic"]["shipping_status"] == "NotShipped"
    assert not sim.effects()


def test_an_unknown_order_or_destination_is_404(sim: SimulatorClient, cart: Caller) -> None:
    code = add(sim, cart, "card")

    assert cart.ship("SC-0").status_code == 404
    assert cart.ship(code, 2).status_code == 404


def test_a_settlement_moves_on_by_itself(sim: SimulatorClient, cart: Caller) -> None:
    sim.settings(
        settlement_requested_after_s=0.3,
        settlement_scheduled_after_s=0.6,
        settlement_collected_after_s=0.9,
    )
    code = add(sim, cart, "card")
    ways = ["Requesting", "Requested", "CollectionScheduled", "Collected"]

    answer = cart.settle(code)
    seen = [answer.json()["settlement_status"]]
    while seen[-1] != "Collected":
        time.sleep(0.05)
        seen.append(cart.order(code)["basic"]["settlement_status"])

    assert answer.json() == {"serial_code": code, "settlement_status": "Requesting"}
    assert seen == sorted(seen, key=ways.index)


def test_a_second_settlement_request_is_refused_and_charges_nothing(
    sim: SimulatorClient,
    cart: Caller,
) -> None:
    code = add(sim, cart, "card")

    assert [cart.settle(code).status_code for _ in range(2)] == [200, 409]
    assert len(sim.effects(["settlement_requested"])) == 1
    assert len(sim.effects(["settlement_refused"])) == 1


def test_a_request_the_vendor_overlooks_is_charged_twice(
    sim: SimulatorClient,
    cart: Caller,
) -> None:
    sim.settings(settlement_blind_s=60)
    code = add(sim, cart, "card")

    assert [cart.settle(code).status_code for _ in range(2)] == [200, 200]
    charges = sim.effects(["settlement_requested"])
    assert [charge["key"] for charge in charges] == [code, code]


def test_a_request_made_in_the_cart_is_a_charge_by_the_shop(
    sim: SimulatorClient,
    cart: Caller,
) -> None:
    code = add(sim, cart, "card")
    sim.change_order(cart.shop.key, code, "request_settlement")

    assert cart.settle(code).status_code == 409
    assert [charge["by"] for charge in sim.effects(["settlement_requested"])] == ["shop"]


def test_a_bank_transfer_has_no_settlement_to_request(sim: SimulatorClient, cart: Caller) -> None:
    assert cart.settle(add(sim, cart, "bank_paid")).status_code == 422


def test_completing_twice_is_a_conflict(sim: SimulatorClient, cart: Caller) -> None:
    code = add(sim, cart, "card")

    first, second = cart.complete(code), cart.complete(code)

    assert first.json() == {"serial_code": code, "folder": "Completed"}
    assert second.status_code == 409
    assert len(sim.effects(["order_completed"])) == 1


def test_a_completion_the_cart_overlooks_shows_twice(sim: SimulatorClient, cart: Caller) -> None:
    sim.settings(repeat_blind_s=60)
    code = add(sim, cart, "card")

    assert [cart.complete(code).status_code for _ in range(2)] == [200, 200]
    assert [effect["key"] for effect in sim.effects(["order_completed"])] == [code, code]


def row_of(cart: Caller, *, varied: bool) -> dict[str, Any]:
    return next(row for row in cart.shop.items if bool(row["variation"]) is varied)


def test_stock_of_an_item_is_read_and_written(sim: SimulatorClient, cart: Caller) -> None:
    row = row_of(cart, varied=False)

    answer = cart.write_stock(row["item"], unlimited="No", quantity=25, alert_threshold=5)
    stock = cart.http.get(f"/items/{row['item']}/stock").json()["stock"]

    assert answer.status_code == 200
    assert stock["management_type"] == "Item"
    assert stock["management_item"]["quantity"] == 25
    assert stock["management_item"]["alert_threshold"] == 5
    effect = sim.effects(["stock_set"])[0]
    assert (effect["old"], effect["new"], effect["sku"]) == (row["quantity"], 25, row["sku"])


def names_of(row: dict[str, Any]) -> dict[str, str]:
    choices = row["variation"].split("/")
    return {f"variation_name{axis}": choice for axis, choice in enumerate(choices, 1)}


def test_stock_of_a_combination_is_written_by_its_choices(cart: Caller) -> None:
    row = row_of(cart, varied=True)

    answer = cart.write_stock(
        row["item"], **names_of(row), unlimited="No", quantity="8", alert_threshold=2
    )
    stock = cart.http.get(f"/items/{row['item']}/stock").json()["stock"]

    assert answer.status_code == 200
    assert stock["management_type"] == "Variation"
    pattern = {"pattern": row["variation"].split("/"), "quantity": 8, "alert_threshold": 2}
    assert pattern in stock["management_variation"]["patterns"]


def test_unlimited_stock_reads_as_eight_nines(cart: Caller) -> None:
    row = row_of(cart, varied=False)

    cart.write_stock(row["item"], unlimited="Yes")
    stock = cart.http.get(f"/items/{row['item']}/stock").json()["stock"]

    assert stock["management_item"]["quantity"] == 99_999_999


def test_stock_that_makes_no_sense_is_refused(cart: Caller) -> None:
    plain, varied = row_of(cart, varied=False)["item"], row_of(cart, varied=True)["item"]
    figures = {"unlimited": "No", "quantity": 1, "alert_threshold": 1}
    answers = [
        cart.write_stock(plain, **figures | {"quantity": 10_000}),
        cart.write_stock(plain, **figures | {"quantity": -1}),
        cart.write_stock(plain, **figures | {"unlimited": "Yes"}),
        cart.write_stock(plain, **figures, variation_name1="赤"),
        cart.write_stock(varied, **figures),
        cart.write_stock(varied, **figures, variation_name1="虹色"),
        cart.write_stock("SKU-9999", **figures),
    ]

    assert [each.status_code for each in answers] == [400, 400, 400, 400, 400, 404, 404]


def test_items_are_found_by_code_and_paged(cart: Caller) -> None:
    one = cart.http.post("/items/_search", json={"filters": [{"item_code": "SKU-0003"}]}).json()
    page = cart.http.post("/items/_search", json={"from": 8, "size": 5}).json()

    assert [item["item_code"] for item in one["contents"]] == ["SKU-0003"]
    assert page["total_count"] == 10
    assert [item["item_code"] for item in page["contents"]] == ["SKU-0009", "SKU-0010"]


def test_what_staff_and_buyers_do_shows_in_the_next_read(
    sim: SimulatorClient,
    cart: Caller,
) -> None:
    code = add(sim, cart, "no_tracking_number")
    bank = add(sim, cart, "bank_unpaid")

    sim.change_order(cart.shop.key, code, "set_tracking", carrier_code="SAGAWA")
    sim.change_order(cart.shop.key, bank, "pay")

    assert cart.order(code)["deliveries"][0]["carrier_name"] == "佐川急便"
    assert cart.order(code)["deliveries"][0]["tracking_numbers"]
    assert cart.order(bank)["basic"]["payment_status"] == "Paid"
    sim.change_order(cart.shop.key, code, "remove")
    assert cart.search(serial_codes=[code]).json()["total_count"] == 0


def test_the_same_seed_makes_the_same_world(sim: SimulatorClient) -> None:
    plan: dict[str, Any] = {"seed": 7, "shops": 2, "orders": 25, "items": 12, "until": time.time()}
    worlds = []
    for _ in range(2):
        sim.reset()
        shops = sim.seed(**plan)
        worlds.append([(shop, sim.orders(shop.key)) for shop in shops])

    assert worlds[0] == worlds[1]


def test_paired_shops_sell_the_same_product_codes(sim: SimulatorClient) -> None:
    shops = sim.seed(shops=10, orders=5, items=8, variations=0.5)

    for left, right in zip(shops[::2], shops[1::2], strict=True):
        assert left.merchant == right.merchant
        assert (left.cart, right.cart) == ("shopserve", "thebase")
        codes = [{(row["sku"], row["quantity"]) for row in shop.items} for shop in (left, right)]
        assert codes[0] == codes[1]
        assert any(row["variation"] for row in left.items)


def test_amounts_of_every_seeded_order_add_up(sim: SimulatorClient) -> None:
    shop = sim.seed(carts=["shopserve"], orders=60, items=20)[0]
    for facts in sim.orders(shop.key):
        order = sim.order(shop.key, facts["key"])["order"]
        payment = order["payment"]
        lines = [line for delivery in order["deliveries"] for line in delivery["items"]]

        assert payment["subtotal"] == sum(line["amount"] for line in lines)
        assert order["basic"]["total_amount"] == (
            payment["subtotal"]
            + payment["shipping_charge"]
            + payment["fee"]
            - payment["discount"]
            - payment["point_used"]
            - payment["coupon_discount"]
        )
