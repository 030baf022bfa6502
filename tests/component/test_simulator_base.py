"""The simulated BASE keeps the rules of its contract."""

import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from simulator.client import SimulatedShop, SimulatorClient
from simulator.process import SimulatorProcess, start
from simulator.thebase.shop import Budget

TOKYO = timezone(timedelta(hours=9))
NOON = int(datetime(2026, 10, 5, 12, 0, 0, tzinfo=TOKYO).timestamp())


def words(text: str) -> set[str]:
    """Return the words of a text."""
    return set(text.split())


# Restated from the contract, section 5, independently of the simulator's own templates.
DETAIL_FIELDS = words(
    """
    unique_key ordered cancelled dispatched payment shipping_method shipping_fee cod_fee total
    first_name last_name country country_code zip_code prefecture address address2 mail_address
    tel remark add_comment delivery_company_id tracking_number delivery_date delivery_time_zone
    terminated dispatch_status modified order_receiver order_discount order_amount_adjustment
    order_header_coin order_charge c_c_payment_transaction cvs_payment_transaction
    bt_payment_transaction atobarai_payment_transaction carrier_payment_transaction
    paypal_payment_transaction amazon_payment_transaction paypay_payment_transaction
    bnpl_payment_transaction coin_payment_transaction user_balance_logs order_items
    shipping_lines additional_charges order_group_order_charge
    order_group_c_c_payment_transaction sales_partner_order_brand_charges subscription
    """,
)
LINE_FIELDS = words(
    """
    order_item_id item_id variation_id title variation item_identifier variation_identifier
    barcode price amount item_total option_total total options item_tax_type
    consumption_tax_rate status shipping_method shipping_fee shipping_start shipping_end modified
    """,
)
SUMMARY_FIELDS = words(
    """
    unique_key ordered cancelled dispatched payment first_name last_name total delivery_date
    delivery_time_zone terminated dispatch_status modified subscription
    """,
)
RECEIVER_FIELDS = words(
    "first_name last_name zip_code prefecture address address2 tel country country_code",
)


class Caller:
    """A BASE client that knows only what the shop's owner was told."""

    def __init__(self, shop: SimulatedShop) -> None:
        self.shop = shop
        self.token = shop.secrets["access_token"]
        self.http = httpx.Client(base_url=shop.api_url, trust_env=False)

    def get(self, path: str, **query: object) -> httpx.Response:
        return self.http.get(path, params=_texts(query), headers=self._headers())

    def post(self, path: str, **form: object) -> httpx.Response:
        return self.http.post(path, data=_texts(form), headers=self._headers())

    def refresh(self, refresh_token: str, **changes: str) -> httpx.Response:
        names = ("client_id", "client_secret", "redirect_uri")
        form = {name: self.shop.secrets[name] for name in names}
        form |= {"grant_type": "refresh_token", "refresh_token": refresh_token, **changes}
        return self.http.post("/1/oauth/token", data=form)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def _texts(values: dict[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def error_of(response: httpx.Response) -> str:
    """Return the error code; every API error is HTTP 400 with a description."""
    assert response.status_code == 400
    assert response.json()["error_description"]
    return str(response.json()["error"])


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
def base(sim: SimulatorClient) -> Iterator[Caller]:
    shop = sim.seed(carts=["thebase"], orders=0, items=10, variations=0.5)[0]
    caller = Caller(shop)
    with caller.http:
        yield caller


def add(sim: SimulatorClient, base: Caller, recipe: str, **fields: object) -> dict[str, Any]:
    """Add an order of a recipe and return it in BASE's shape."""
    order: dict[str, Any] = sim.add_order(base.shop.key, recipe, **fields)["order"]
    return order


def ship(base: Caller, line: dict[str, Any], **fields: object) -> httpx.Response:
    form: dict[str, object] = {"order_item_id": line["order_item_id"], "status": "dispatched"}
    return base.post("/1/orders/edit_status", **form | fields)


def detail(base: Caller, order: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = base.get(f"/1/orders/detail/{order['unique_key']}").json()["order"]
    return found


def test_the_detail_has_exactly_the_documented_fields(
    sim: SimulatorClient,
    base: Caller,
) -> None:
    recipes = ("card", "split_three_methods", "pay_id_blank_recipient", "cash_on_delivery")
    for recipe in recipes:
        order = detail(base, add(sim, base, recipe))

        assert set(order) == DETAIL_FIELDS
        assert set(order["order_receiver"]) == RECEIVER_FIELDS
        assert all(set(line) == LINE_FIELDS for line in order["order_items"])
        assert all(
            set(group) == {"shipping_method", "shipping_fee", "order_item_ids"}
            for group in order["shipping_lines"]
        )


def test_the_list_has_exactly_the_documented_fields(sim: SimulatorClient, base: Caller) -> None:
    add(sim, base, "card")

    summary = base.get("/1/orders").json()["orders"][0]

    assert set(summary) == SUMMARY_FIELDS


def test_every_seeded_order_is_consistent_in_itself(sim: SimulatorClient) -> None:
    shop = sim.seed(carts=["thebase"], orders=60, items=20)[0]
    for facts in sim.orders(shop.key):
        order = sim.order(shop.key, facts["key"])["order"]
        live = [line for line in order["order_items"] if line["status"] != "cancelled"]
        due = (
            sum(line["total"] for line in live)
            + order["shipping_fee"]
            + order["cod_fee"]
            - order["order_discount"]["discount"]
            - order["order_header_coin"]["discount"]
            + order["order_amount_adjustment"]["adjusted_amount"]
        )

        assert order["total"] == (due if live else 0)
        assert re.fullmatch(r"[0-9A-F]{16}", order["unique_key"])
        assert all(type(line["order_item_id"]) is int for line in order["order_items"])


def test_answers_are_ascii_with_escaped_slashes(base: Caller) -> None:
    response = base.get("/1/users/me")

    assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert response.content.isascii()
    assert b"https:\\/\\/" in response.content
    assert response.json()["user"]["shop_id"] == base.shop.key.replace("-", "")


def test_the_list_is_newest_first_and_pages_until_an_empty_page(
    sim: SimulatorClient,
    base: Caller,
) -> None:
    for age_s in (30, 10, 20):
        add(sim, base, "card", ordered_at=NOON - age_s)

    pages = [base.get("/1/orders", limit=2, offset=offset).json()["orders"] for offset in (0, 2, 4)]

    assert [[NOON - order["ordered"] for order in page] for page in pages] == [[10, 20], [30], []]


def test_both_ends_of_the_order_window_are_inclusive_and_in_tokyo(
    sim: SimulatorClient,
    base: Caller,
) -> None:
    for at in (NOON - 1, NOON, NOON + 60, NOON + 61):
        add(sim, base, "card", ordered_at=at)

    window = {"start_ordered": "2026-10-05 12:00:00", "end_ordered": "2026-10-05 12:01:00"}
    found = base.get("/1/orders", **window).json()["orders"]

    assert [order["ordered"] - NOON for order in found] == [60, 0]


@pytest.mark.parametrize(
    "query",
    [{"limit": 101}, {"limit": "many"}, {"start_ordered": "1759600000"}],
)
def test_a_list_query_outside_the_rules_is_refused(base: Caller, query: dict[str, Any]) -> None:
    assert error_of(base.get("/1/orders", **query)) == "bad_params"


def test_a_refresh_token_works_once_and_then_is_dead(sim: SimulatorClient, base: Caller) -> None:
    old = base.shop.secrets["refresh_token"]

    first = base.refresh(old)
    second = base.refresh(old)

    assert set(first.json()) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert first.json()["refresh_token"] != old
    assert error_of(second) == "invalid_request"
    assert second.json()["error_description"] == "不正なリフレッシュトークンです。"
    assert len(sim.effects(["token_refreshed"])) == 1


def test_redirect_uri_is_checked_on_refresh(base: Caller) -> None:
    token = base.shop.secrets["refresh_token"]

    assert error_of(base.refresh(token, redirect_uri="https://elsewhere.example.jp/")) == (
        "invalid_request"
    )
    assert error_of(base.refresh(token, redirect_uri="")) == "invalid_request"
    assert base.refresh(token).status_code == 200


def test_a_wrong_client_secret_is_an_unauthorized_client(base: Caller) -> None:
    token = base.shop.secrets["refresh_token"]

    assert error_of(base.refresh(token, client_secret="wrong")) == "unauthorized_client"


def test_an_ended_refresh_token_asks_for_a_new_consent(
    sim: SimulatorClient,
    base: Caller,
) -> None:
    sim.end_tokens(base.shop.key, "refresh")

    response = base.refresh(base.shop.secrets["refresh_token"])

    assert error_of(response) == "invalid_request"
    assert response.json()["error_description"] == "リフレッシュトークンの有効期限が切れています。"


def test_an_access_token_ends_when_its_time_is_over(sim: SimulatorClient, base: Caller) -> None:
    sim.settings(access_token_s=2)
    base.token = base.refresh(base.shop.secrets["refresh_token"]).json()["access_token"]
    assert base.get("/1/users/me").status_code == 200

    time.sleep(2.1)
    response = base.get("/1/users/me")

    assert error_of(response) == "invalid_request"
    assert response.json()["error_description"] == "アクセストークンが無効です。"


def test_ending_the_access_token_leaves_the_refresh_token_alive(
    sim: SimulatorClient,
    base: Caller,
) -> None:
    sim.end_tokens(base.shop.key)
    assert error_of(base.get("/1/orders")) == "invalid_request"

    base.token = base.refresh(base.shop.secrets["refresh_token"]).json()["access_token"]

    assert base.get("/1/orders").status_code == 200


def authorize(base: Caller, **changes: str) -> httpx.Response:
    query = {
        "response_type": "code",
        "client_id": base.shop.secrets["client_id"],
        "redirect_uri": base.shop.secrets["redirect_uri"],
        "scope": "read_users read_orders",
        "state": "abc",
    }
    return base.http.get("/1/oauth/authorize", params=query | changes)


def redeem(base: Caller, code: str) -> httpx.Response:
    return base.refresh("", grant_type="authorization_code", code=code)


def test_consent_redirects_with_a_code_that_works_once(base: Caller) -> None:
    response = authorize(base)
    target = urlsplit(response.headers["Location"])
    reply = parse_qs(target.query)

    assert response.status_code == 302
    assert response.headers["Location"].startswith(base.shop.secrets["redirect_uri"])
    assert reply["state"] == ["abc"]
    assert redeem(base, reply["code"][0]).status_code == 200
    second = redeem(base, reply["code"][0])
    assert error_of(second) == "invalid_request"
    assert second.json()["error_description"] == "不正な認可コードです。"


def test_a_token_reaches_only_as_far_as_its_scope(base: Caller) -> None:
    code = parse_qs(urlsplit(authorize(base).headers["Location"]).query)["code"][0]
    base.token = redeem(base, code).json()["access_token"]

    assert base.get("/1/orders").status_code == 200
    assert error_of(base.get("/1/items")) == "invalid_scope"
    assert error_of(base.post("/1/orders/edit_status")) == "invalid_scope"


def test_a_refused_consent_says_access_denied(sim: SimulatorClient, base: Caller) -> None:
    sim.change_shop(base.shop.key, consents=False)

    assert "error=access_denied" in authorize(base).headers["Location"]


def test_the_hour_limit_counts_per_shop_and_is_http_400(sim: SimulatorClient) -> None:
    first, second = (Caller(s) for s in sim.seed(carts=["thebase"], shops=2, orders=0))
    sim.change_shop(first.shop.key, hour_limit=2)
    with first.http, second.http:
        statuses = [first.get("/1/orders").status_code for _ in range(2)]

        assert statuses == [200, 200]
        assert error_of(first.get("/1/orders")) == "hour_api_limit"
        assert second.get("/1/orders").status_code == 200
        sim.change_shop(first.shop.key, hour_calls=0)
        assert first.get("/1/orders").status_code == 200


def test_the_day_limit_wins_over_the_hour_limit(sim: SimulatorClient, base: Caller) -> None:
    sim.change_shop(base.shop.key, hour_limit=0, day_limit=0)

    assert error_of(base.get("/1/orders")) == "day_api_limit"


def test_a_budget_turns_with_the_hour_and_the_day_of_tokyo() -> None:
    budget = Budget()
    late = int(datetime(2026, 10, 5, 23, 59, 59, tzinfo=TOKYO).timestamp())
    budget.turn(late - 3600)
    budget.hour_calls = budget.day_calls = 9

    budget.turn(late)
    at_23 = (budget.hour_calls, budget.day_calls)
    budget.turn(late + 1)

    assert at_23 == (0, 9)
    assert (budget.hour_calls, budget.day_calls) == (0, 0)


def test_a_partly_dispatched_order_stays_ordered_and_the_last_parcel_wins(
    sim: SimulatorClient,
    base: Caller,
) -> None:
    order = add(sim, base, "paypay")
    first, second = order["order_items"]

    ship(base, first, delivery_company_id=1, tracking_number="111111111111")
    between = detail(base, order)
    ship(base, second, delivery_company_id=2, tracking_number="222222222222")
    after = detail(base, order)

    assert (between["dispatch_status"], between["dispatched"]) == ("ordered", None)
    assert between["tracking_number"] == "111111111111"
    assert (after["dispatch_status"], after["terminated"]) == ("dispatched", True)
    assert after["dispatched"] is not None
    assert (after["delivery_company_id"], after["tracking_number"]) == (2, "222222222222")
    mails = sim.effects(["line_dispatched"])
    assert [mail["key"] for mail in mails] == [
        str(first["order_item_id"]),
        str(second["order_item_id"]),
    ]


def test_the_same_change_again_is_refused(sim: SimulatorClient, base: Caller) -> None:
    line = add(sim, base, "paypay")["order_items"][0]

    assert ship(base, line).status_code == 200
    assert error_of(ship(base, line)) == "not_change_status"
    assert len(sim.effects(["line_dispatched"])) == 1


@pytest.mark.parametrize(
    ("recipe", "error"),
    [
        pytest.param("convenience_unpaid", "not_change_status_cvs", id="convenience store"),
        pytest.param("bank_unpaid", "not_change_status_base_bt", id="bank transfer"),
        pytest.param("bank_shortage", "not_change_status_base_bt", id="too little paid"),
        pytest.param("unshippable", "not_change_status", id="not workable yet"),
        pytest.param("cancelled", "not_change_status", id="cancelled"),
        pytest.param("deferred", "not_change_status_atobarai", id="deferred payment by line"),
    ],
)
def test_an_order_that_cannot_leave_is_not_dispatched(
    sim: SimulatorClient,
    base: Caller,
    recipe: str,
    error: str,
) -> None:
    line = add(sim, base, recipe)["order_items"][0]

    assert error_of(ship(base, line)) == error


def test_a_paid_bank_transfer_can_leave(sim: SimulatorClient, base: Caller) -> None:
    order = add(sim, base, "bank_unpaid")
    sim.change_order(base.shop.key, order["unique_key"], "pay")

    assert detail(base, order)["dispatch_status"] == "ordered"
    assert ship(base, order["order_items"][0]).status_code == 200


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"tracking_number": "1234-5678-9012"}, id="hyphens"),
        pytest.param({"tracking_number": "\uff11\uff12\uff13"}, id="full-width digits"),
        pytest.param({"delivery_company_id": 99}, id="unknown company"),
        pytest.param({"add_comment": "あ" * 251}, id="long comment"),
        pytest.param({"status": "shipped"}, id="unknown status"),
    ],
)
def test_a_malformed_value_is_bad_params_and_changes_nothing(
    sim: SimulatorClient,
    base: Caller,
    form: dict[str, object],
) -> None:
    order = add(sim, base, "card")

    assert error_of(ship(base, order["order_items"][0], **form)) == "bad_params"
    assert detail(base, order) == order


def test_one_call_ships_a_deferred_payment_order_once(sim: SimulatorClient, base: Caller) -> None:
    order = add(sim, base, "deferred")
    parcel = {"delivery_company_id": 1, "tracking_number": "123456789012"}
    form = {
        "order_item_id": order["order_items"][1]["order_item_id"],
        "atobarai_status": "shipping",
    }

    assert error_of(base.post("/1/orders/edit_status", **form)) == "no_params"
    assert base.post("/1/orders/edit_status", **form, **parcel).status_code == 200
    again = base.post("/1/orders/edit_status", **form, **parcel)

    assert error_of(again) == "not_change_status_atobarai"
    assert detail(base, order)["dispatch_status"] == "shipping"
    assert detail(base, order)["atobarai_payment_transaction"]["status"] == "shipping"
    assert [each["key"] for each in sim.effects(["atobarai_shipping"])] == [order["unique_key"]]
    sim.change_order(base.shop.key, order["unique_key"], "arrive")
    assert detail(base, order)["dispatch_status"] == "dispatched"


def test_what_the_cart_overlooks_shows_twice(sim: SimulatorClient, base: Caller) -> None:
    sim.settings(repeat_blind_s=60)
    line = add(sim, base, "card")["order_items"][0]
    deferred = add(sim, base, "deferred")
    call = {
        "order_item_id": deferred["order_items"][0]["order_item_id"],
        "atobarai_status": "shipping",
        "delivery_company_id": 1,
        "tracking_number": "123456789012",
    }

    assert [ship(base, line).status_code for _ in range(2)] == [200, 200]
    answers = [base.post("/1/orders/edit_status", **call) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    mails = [effect["key"] for effect in sim.effects(["line_dispatched"])]
    assert mails == [str(line["order_item_id"])] * 2
    called = [effect["key"] for effect in sim.effects(["atobarai_shipping"])]
    assert called == [deferred["unique_key"]] * 2


def test_what_somebody_else_dispatched_is_refused_all_the_same(
    sim: SimulatorClient, base: Caller
) -> None:
    sim.settings(repeat_blind_s=60)
    order = add(sim, base, "card")
    sim.change_order(base.shop.key, order["unique_key"], "dispatch")

    assert error_of(ship(base, order["order_items"][0])) == "not_change_status"


def test_only_cash_on_delivery_can_be_cancelled_here(sim: SimulatorClient, base: Caller) -> None:
    cash, card = add(sim, base, "cash_on_delivery"), add(sim, base, "card")

    assert error_of(ship(base, card["order_items"][0], status="cancelled")) == (
        "not_cancel_credit_card"
    )
    assert ship(base, cash["order_items"][0], status="cancelled").status_code == 200
    left = cash["total"] - cash["order_items"][0]["total"]
    assert detail(base, cash)["total"] == left
    assert ship(base, cash["order_items"][1], status="cancelled").status_code == 200
    after = detail(base, cash)
    assert (after["dispatch_status"], after["total"]) == ("cancelled", 0)


def test_posts_have_to_be_forms_and_posts(sim: SimulatorClient, base: Caller) -> None:
    line = add(sim, base, "card")["order_items"][0]
    body = {"order_item_id": line["order_item_id"], "status": "dispatched"}
    headers = {"Authorization": f"Bearer {base.token}"}

    as_json = base.http.post("/1/orders/edit_status", json=body, headers=headers)

    assert error_of(as_json) == "no_params"
    assert error_of(base.get("/1/orders/edit_status")) == "not_post_method"


def test_another_shops_line_is_not_found(sim: SimulatorClient, base: Caller) -> None:
    other = sim.seed(carts=["thebase"], orders=1, items=3, prefix="other-")[0]
    order = sim.order(other.key, sim.orders(other.key)[0]["key"])["order"]

    assert error_of(ship(base, order["order_items"][0])) == "no_order"
    assert error_of(base.get(f"/1/orders/detail/{order['unique_key']}")) == "no_order"


def test_an_order_given_as_json_is_served_as_it_is(sim: SimulatorClient, base: Caller) -> None:
    template = add(sim, base, "card") | {"unique_key": "00000000000000AB", "x_new": [1]}

    sim.add_order(base.shop.key, order=template, ordered_at=NOON, overrides={"remark": "急ぎ"})
    order = base.get("/1/orders/detail/00000000000000AB").json()["order"]

    assert order == template | {"ordered": NOON, "remark": "急ぎ"}


def test_an_order_can_be_moved_in_time(sim: SimulatorClient, base: Caller) -> None:
    first, second = (add(sim, base, "card", ordered_at=NOON + at) for at in (0, 1))

    sim.change_order(base.shop.key, first["unique_key"], "set_time", ordered_at=NOON + 2)
    listed = base.get("/1/orders").json()["orders"]

    assert [each["unique_key"] for each in listed] == [first["unique_key"], second["unique_key"]]


def test_the_company_table_is_read_at_run_time(base: Caller) -> None:
    table = base.get("/1/delivery_companies").json()["delivery_companies"]

    assert {"delivery_company_id": 1, "name": "クロネコヤマト"} in table


def test_setting_a_variation_makes_the_item_the_sum(sim: SimulatorClient, base: Caller) -> None:
    row = next(row for row in base.shop.items if row["variation"])
    form = {"item_id": row["item"], "variation_id": row["variation"], "variation_stock": 7}

    item = base.post("/1/items/edit_stock", **form).json()["item"]

    stocks = {each["variation_id"]: each["variation_stock"] for each in item["variations"]}
    assert stocks[int(row["variation"])] == 7
    assert item["stock"] == sum(stocks.values())
    effect = sim.effects(["stock_set"])[0]
    assert (effect["old"], effect["new"], effect["sku"]) == (row["quantity"], 7, row["sku"])


def test_a_variations_code_is_item_code_and_variation_code(base: Caller) -> None:
    row = next(row for row in base.shop.items if row["variation"])

    item = base.get(f"/1/items/detail/{row['item']}").json()["item"]

    code = next(
        each["variation_identifier"]
        for each in item["variations"]
        if each["variation_id"] == int(row["variation"])
    )
    assert item["identifier"] + code == row["sku"]


def test_stock_that_makes_no_sense_is_refused(base: Caller) -> None:
    plain = next(row for row in base.shop.items if not row["variation"])
    varied = next(row for row in base.shop.items if row["variation"])
    cases = {
        "bad_item_id": {"item_id": 1, "stock": 1},
        "bad_variation_id": {"item_id": varied["item"], "variation_id": 1, "variation_stock": 1},
        "bad_params": {"item_id": varied["item"], "stock": 1},
        "validation_error": {"item_id": plain["item"], "stock": -1},
    }

    answers = {
        error: error_of(base.post("/1/items/edit_stock", **form)) for error, form in cases.items()
    }

    assert answers == {error: error for error in cases}


def test_item_lists_page_in_the_shops_own_order(base: Caller) -> None:
    first = base.get("/1/items", limit=6).json()["items"]
    rest = base.get("/1/items", limit=6, offset=6).json()["items"]

    assert [item["list_order"] for item in first + rest] == list(range(1, 11))
