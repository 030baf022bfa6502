"""The ShopServe client on the wire: what it sends, and what it makes of each answer."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from adapters.shopserve.client import ShopServeCart
from domain.carts.ports import CartParcel, ItemKey, StockLevel
from domain.engine.runs import Window
from domain.errors import (
    AlreadyDone,
    ApiFamily,
    AuthenticationFailed,
    Closed,
    NotFound,
    OutcomeUnknown,
    Rejected,
    RemoteBusy,
    RemoteDown,
    SyncError,
    Undecodable,
    Unserved,
    Unserving,
)
from tests.component.cart_doubles import OpenGate
from tests.component.cart_samples import shopserve_order

NOW = datetime(2026, 10, 3, 3, tzinfo=UTC)
WEEK = Window(NOW - timedelta(days=7), NOW)
PARCEL = CartParcel("YAMATO", "4000-0012", date(2026, 10, 6))
MAINTENANCE = "<html><body>現在メインテナンス中です</body></html>"
Handler = Callable[[httpx.Request], httpx.Response]


class Wire:
    """A client whose requests land in a list and whose answers a test chooses."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)
        self.gate = OpenGate()
        self.cart = ShopServeCart(
            httpx.Client(transport=httpx.MockTransport(self._answer)),
            base_url="https://management.example.jp/v2/",
            shop_id="abc.xy",
            manager_key="sesame",
            gate=self.gate,
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def bodies(self) -> list[object]:
        return [json.loads(request.content) for request in self.requests if request.content]


def page(total: int, *keys: str) -> httpx.Response:
    rows = [{**shopserve_order(), "serial_code": key} for key in keys]
    return httpx.Response(200, json={"total_count": total, "orders": rows})


def test_the_groups_are_joined_by_semicolons_as_they_are() -> None:
    wire = Wire(page(0))
    list(wire.cart.list_orders(WEEK))

    (request,) = wire.requests
    assert request.url.raw_path == b"/v2/orders/_retrieve/basic;payment;orderer;deliveries;memo"
    assert request.headers["authorization"] == "Basic YWJjLnh5OnNlc2FtZQ=="
    assert wire.bodies == [
        {
            "since": "2026-09-26 12:00:00",
            "until": "2026-10-03 12:00:00",
            "from": 0,
            "size": 100,
            "sort": {"type": "OrderDate", "order": "Asc"},
        }
    ]


def test_pages_follow_the_rows_received() -> None:
    wire = Wire(page(5, "a", "b"), page(5, "c", "d"), page(5, "e"))

    rows = [row.key for rows in wire.cart.list_orders(WEEK) for row in rows]
    assert rows == ["a", "b", "c", "d", "e"]
    assert [body["from"] for body in wire.bodies if isinstance(body, dict)] == [0, 2, 4]


def test_a_list_that_ends_before_its_total_is_not_read_to_its_end() -> None:
    wire = Wire(page(3, "a", "b"), page(3))

    with pytest.raises(RemoteDown, match="before its total"):
        list(wire.cart.list_orders(WEEK))


def test_a_list_without_a_total_ends_at_an_empty_page() -> None:
    rows = [{**shopserve_order(), "serial_code": "a"}]
    wire = Wire(*(httpx.Response(200, json={"orders": told}) for told in (rows, [])))

    assert [row.key for found in wire.cart.list_orders(WEEK) for row in found] == ["a"]


def test_a_total_smaller_than_what_came_is_not_believed() -> None:
    wire = Wire(page(1, "a", "b"), page(3, "c"))

    assert [row.key for found in wire.cart.list_orders(WEEK) for row in found] == ["a", "b", "c"]


def nameless(total: int, *keys: str) -> httpx.Response:
    rows = [{**shopserve_order(), "serial_code": key} for key in (None, *keys)]
    return httpx.Response(200, json={"total_count": total, "orders": rows})


def test_a_row_without_its_key_counts_for_the_paging() -> None:
    wire = Wire(nameless(3, "a"), page(3, "b"))

    pages = list(wire.cart.list_orders(WEEK))
    assert [row.key for rows in pages for row in rows] == ["a", "b"]
    assert [row.position for rows in pages for row in rows.unreadable] == [1]
    assert [body["from"] for body in wire.bodies if isinstance(body, dict)] == [0, 2]


def test_cls_3_an_order_that_may_be_a_row_without_key_is_not_said_to_be_unknown() -> None:
    found = Wire(nameless(2, "a")).cart.read_orders(["a", "b"])

    assert set(found) == {"a", "b"}
    with pytest.raises(Undecodable, match="serial_code"):
        Wire().cart.decode(found["b"])
    with pytest.raises(Undecodable, match="whether it is order b"):
        Wire(nameless(1)).cart.read_order("b")


def test_stk_6_an_item_that_cannot_be_read_is_apart_from_the_others() -> None:
    items = [{"item_code": code, "item_name": code} for code in ("A", "B", "C", None)]
    counted = {"management_type": "Item", "management_item": {"quantity": 4}}
    wire = Wire(
        httpx.Response(200, json={"total_count": 4, "contents": items}),
        httpx.Response(200, json={"stock": {**counted, "management_type": "New"}}),
        own(422),
        httpx.Response(200, json={"stock": counted}),
    )

    (page,) = wire.cart.list_stock()
    assert [item.key.item for item in page] == ["C"]
    assert [row.key for row in page.unreadable] == ["A", "B", ""]
    assert "management_type" in page.unreadable[0].reason


@pytest.mark.parametrize(
    "answer", [httpx.Response(401, json={"code": "E401"}), httpx.Response(500)]
)
def test_stk_6_trouble_of_the_whole_shop_is_not_the_items(answer: httpx.Response) -> None:
    items = [{"item_code": "A", "item_name": "A"}]
    wire = Wire(httpx.Response(200, json={"total_count": 1, "contents": items}), answer)

    with pytest.raises((AuthenticationFailed, RemoteDown)):
        list(wire.cart.list_stock())


def test_a_total_that_sinks_makes_it_read_those_places_again() -> None:
    wire = Wire(page(5, "a", "b"), page(4, "d", "e"), page(4, "c", "d"), page(4, "e"))

    rows = [row.key for rows in wire.cart.list_orders(WEEK) for row in rows]
    assert set(rows) == {"a", "b", "c", "d", "e"}
    assert [body["from"] for body in wire.bodies if isinstance(body, dict)] == [0, 2, 1, 3]


def test_every_call_passes_the_gate_with_its_deadline() -> None:
    wire = Wire(page(0), httpx.Response(200))
    list(wire.cart.list_orders(WEEK))
    wire.cart.set_stock(ItemKey("TS"), StockLevel(1, low_stock=2))

    assert wire.gate.admitted == [(ApiFamily.ORDERS, 60.0), (ApiFamily.STOCK, 20.0)]
    assert wire.gate.running == 0


def test_a_gate_that_says_no_stops_the_call() -> None:
    wire = Wire()

    def refuse(_api: ApiFamily, _deadline_s: float) -> None:
        raise Closed("closed", api=ApiFamily.ORDERS)

    wire.gate.admit = refuse  # type: ignore[method-assign, assignment]
    with pytest.raises(Closed):
        wire.cart.confirm_order("SC-1")
    assert wire.requests == []


def test_a_mapping_with_a_notice_number_needs_no_read() -> None:
    wire = Wire(httpx.Response(200, text="whatever"))
    wire.cart.set_stock(ItemKey("TS", "ネイビー/M"), StockLevel(8, low_stock=2))

    assert [request.method for request in wire.requests] == ["PUT"]
    assert wire.bodies == [
        {
            "variation_name1": "ネイビー",
            "variation_name2": "M",
            "unlimited": "No",
            "quantity": 8,
            "alert_threshold": 2,
        }
    ]


def test_a_mapping_of_the_wrong_kind_says_what_to_do() -> None:
    told = {"management_type": "Item", "management_item": {"quantity": 1, "alert_threshold": 0}}
    wire = Wire(httpx.Response(200, json={"stock": told}))

    with pytest.raises(NotFound, match="without a variation"):
        wire.cart.set_stock(ItemKey("TS", "ネイビー/M"), StockLevel(8))


def test_updates_go_to_their_order_and_destination() -> None:
    wire = Wire(*(httpx.Response(200, json={}) for _ in range(4)))
    wire.cart.confirm_order("SC 1")
    wire.cart.request_settlement("SC 1")
    wire.cart.ship_destination("SC 1", 2, PARCEL)
    wire.cart.complete_order("SC 1")

    assert [(request.method, request.url.raw_path.decode()) for request in wire.requests] == [
        ("PUT", "/v2/orders/SC%201/status"),
        ("POST", "/v2/orders/SC%201/settlement/_request"),
        ("PUT", "/v2/orders/SC%201/deliveries/2/shipping"),
        ("POST", "/v2/orders/SC%201/_complete"),
    ]


def html(status: int, text: str, encoding: str = "utf-8") -> httpx.Response:
    return httpx.Response(
        status, content=text.encode(encoding), headers={"content-type": "text/html"}
    )


def own(status: int) -> httpx.Response:
    """Return a refusal in the cart's own words."""
    return httpx.Response(status, json={"error_code": f"E{status}", "message": "不可"})


CHALLENGE = {"www-authenticate": 'Basic realm="api"'}
ANSWERS = [
    pytest.param(own(401), AuthenticationFailed, id="401"),
    pytest.param(own(403), AuthenticationFailed, id="403"),
    pytest.param(httpx.Response(401, headers=CHALLENGE), AuthenticationFailed, id="challenge"),
    pytest.param(own(404), NotFound, id="404"),
    pytest.param(own(400), Rejected, id="400"),
    pytest.param(own(422), Rejected, id="422"),
    pytest.param(httpx.Response(429), RemoteBusy, id="429"),
    pytest.param(html(503, MAINTENANCE), Closed, id="503 maintenance"),
    pytest.param(html(503, MAINTENANCE, "euc_jp"), Closed, id="503 maintenance in EUC-JP"),
    pytest.param(html(503, "メンテナンス", "shift_jis"), Closed, id="503 in Shift-JIS"),
]
# What stands in front of the cart, whatever it says (CLS-9).
IN_BETWEEN = [
    *(html(status, "<html>Forbidden</html>") for status in (400, 401, 403, 404, 409, 422)),
    *(httpx.Response(status, json={}) for status in (401, 403)),
    *(httpx.Response(status, headers={"location": "https://x.jp/"}) for status in (301, 302, 307)),
    *(own(status) for status in (408, 413, 425)),
    httpx.Response(403, headers=CHALLENGE),
    html(200, "<html>Please prove that you are human</html>"),
    html(503, "busy"),
]
LOST = [
    pytest.param(lambda: html(500, MAINTENANCE), id="500"),
    pytest.param(lambda: httpx.Response(502), id="502"),
    pytest.param(lambda: httpx.Response(504), id="504"),
    pytest.param(lambda: httpx.Response(200, content=b'{"ord'), id="200 cut off"),
    pytest.param(lambda: httpx.Response(200), id="200 without a body"),
    pytest.param(lambda: httpx.ReadTimeout("slow"), id="time-out"),
    pytest.param(lambda: httpx.ReadError("reset"), id="reset"),
]


@pytest.mark.parametrize(("answer", "error"), ANSWERS)
def test_answers_have_one_meaning_for_reads_and_writes(
    answer: httpx.Response, error: type[SyncError]
) -> None:
    calls: list[Callable[[ShopServeCart], object]] = [
        lambda cart: cart.read_orders(["SC-1"]),
        lambda cart: cart.confirm_order("SC-1"),
        lambda cart: cart.request_settlement("SC-1"),
        lambda cart: cart.set_stock(ItemKey("TS"), StockLevel(1, low_stock=1)),
    ]
    for call in calls:
        with pytest.raises(error) as caught:
            call(Wire(answer).cart)
        assert type(caught.value) is error


@pytest.mark.parametrize("answer", LOST)
def test_lost_answers_leave_writes_in_doubt_and_reads_not(
    answer: Callable[[], httpx.Response | Exception],
) -> None:
    with pytest.raises(RemoteDown):
        Wire(answer()).cart.read_order("SC-1")
    for write in ("confirm_order", "request_settlement", "complete_order"):
        with pytest.raises(OutcomeUnknown):
            getattr(Wire(answer()).cart, write)("SC-1")


@pytest.mark.parametrize("answer", IN_BETWEEN, ids=lambda it: f"{it.status_code}")
def test_cls_9_what_is_not_the_carts_own_words_postpones_the_shop_and_leaves_writes_in_doubt(
    answer: httpx.Response,
) -> None:
    calls: list[tuple[bool, Callable[[ShopServeCart], object]]] = [
        (False, lambda cart: cart.read_orders(["SC-1"])),
        (False, lambda cart: cart.test_connection()),
        (True, lambda cart: cart.confirm_order("SC-1")),
        (True, lambda cart: cart.request_settlement("SC-1")),
        (True, lambda cart: cart.set_stock(ItemKey("TS"), StockLevel(1, low_stock=1))),
    ]
    for writes, call in calls:
        with pytest.raises(Unserved) as unserved:
            call(Wire(answer).cart)
        assert unserved.value.may_have_happened is writes


@pytest.mark.parametrize(
    ("answer", "doubt"),
    [
        (own(401), False),
        (httpx.Response(401, headers=CHALLENGE), True),
        (own(429), False),
        (html(429, "slow down"), True),
        (html(503, MAINTENANCE), True),
        (own(422), False),
    ],
)
def test_cls_9_only_the_carts_own_json_says_that_a_settlement_was_not_requested(
    answer: httpx.Response, doubt: bool
) -> None:
    with pytest.raises(SyncError) as caught:
        Wire(answer).cart.request_settlement("SC-1")

    assert caught.value.may_have_happened is doubt


def test_cls_9_maintenance_is_told_from_a_503_of_another_kind() -> None:
    escaped = httpx.Response(503, content=json.dumps({"message": "ただいまメンテナンス中です"}))

    with pytest.raises(Closed):
        Wire(escaped).cart.read_order("SC-1")
    with pytest.raises(Unserved) as other:
        Wire(httpx.Response(503, headers={"retry-after": "20"})).cart.read_order("SC-1")
    assert (other.value.why, other.value.asked_s) == (Unserving.UNAVAILABLE, 20)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("7", 7),
        ("999999", 999_999),
        ("9" * 40, 10**9),
        ("Sat, 03 Oct 2026 03:01:30 GMT", 90),
        ("Sat, 03 Oct 2026 02:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_cls_9_a_wait_is_asked_for_in_seconds_or_with_a_date_by_the_carts_own_clock(
    asked: str, seconds: float | None
) -> None:
    headers = {"retry-after": asked, "date": "Sat, 03 Oct 2026 03:00:00 GMT"}

    with pytest.raises(RemoteBusy) as busy:
        Wire(httpx.Response(429, headers=headers)).cart.read_order("SC-1")
    assert busy.value.retry_after_s == seconds


def test_an_update_answered_with_something_else_is_in_doubt() -> None:
    with pytest.raises(OutcomeUnknown):
        Wire(httpx.Response(200, json=["Updated"])).cart.request_settlement("SC-1")


def test_cls_9_an_update_answered_with_an_empty_array_was_answered_with_an_object() -> None:
    Wire(httpx.Response(200, json=[])).cart.request_settlement("SC-1")


def test_a_conflict_is_the_wished_state_only_where_it_can_be() -> None:
    conflict = httpx.Response(409, json={"error_code": "E409", "message": "既に"})

    with pytest.raises(AlreadyDone) as done:
        Wire(conflict).cart.request_settlement("SC-1")
    assert done.value.code == "E409"
    with pytest.raises(Rejected) as refused:
        Wire(conflict).cart.confirm_order("SC-1")
    assert type(refused.value) is Rejected


def test_the_carts_reason_is_kept_short_and_plain() -> None:
    body = {"error_code": "E400-101", "message": "<b>不正</b>な\n値 " + "x" * 900}

    with pytest.raises(Rejected) as refused:
        Wire(httpx.Response(400, json=body)).cart.confirm_order("SC-1")
    assert refused.value.code == "E400-101"
    assert "不正 な 値 xxx" in str(refused.value)
    assert len(str(refused.value)) < 400


def test_a_page_of_another_shape_is_undecodable() -> None:
    with pytest.raises(Undecodable, match="contents"):
        Wire(httpx.Response(200, json={"rows": []})).cart.read_order("SC-1")


@pytest.mark.parametrize("url", ["management.example.jp", "ftp://x.jp", "https://", "http://[::1"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with httpx.Client() as http, pytest.raises(Rejected, match="address"):
        ShopServeCart(http, base_url=url, shop_id="a", manager_key="b", gate=OpenGate())


@pytest.mark.parametrize("status", [302, 400, 401, 404, 409, 429, 500, 503])
def test_no_error_shows_the_key(status: int) -> None:
    with pytest.raises(SyncError) as caught:
        Wire(httpx.Response(status)).cart.confirm_order("SC-1")

    shown = repr(caught.value) + str(caught.value.__dict__) + repr(caught.value.__cause__)
    assert "sesame" not in shown
    assert "YWJjLnh5OnNlc2FtZQ" not in shown
