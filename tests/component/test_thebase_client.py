"""The BASE client on the wire: what it sends, and what it makes of each answer."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl

import httpx
import pytest

from adapters.thebase.client import Pages, TheBaseCart
from adapters.thebase.oauth import OAuthClient
from domain.carts.ports import CartParcel, ItemKey, StockLevel
from domain.engine.runs import Window
from domain.errors import (
    AlreadyDone,
    ApiFamily,
    AuthenticationFailed,
    BudgetSpent,
    Closed,
    NotFound,
    OutcomeUnknown,
    Postponed,
    Rejected,
    RemoteBusy,
    RemoteDown,
    SyncError,
    Undecodable,
    Unserved,
    Unserving,
)
from tests.component.cart_doubles import FixedTokens, OpenGate
from tests.component.cart_samples import base_item, base_order, base_row

NOW = datetime(2026, 10, 3, 14, 20, tzinfo=UTC)  # 23:20 in Tokyo
WEEK = Window(NOW - timedelta(days=7), NOW)
PARCEL = CartParcel("2", "4470-1234-5678", date(2026, 10, 6))
TOKEN_ENDED = {"error": "invalid_request", "error_description": "アクセストークンが無効です。"}
Answers = Callable[[], httpx.Response | Exception]


class Wire:
    """A client whose requests land in a list and whose answers a test chooses."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)
        self.gate = OpenGate()
        self.tokens = FixedTokens("sesame", "tahini")
        self.http = httpx.Client(transport=httpx.MockTransport(self._answer))
        self.cart = TheBaseCart(
            self.http,
            base_url="https://api.example.jp",
            tokens=self.tokens,
            gate=self.gate,
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def forms(self) -> list[dict[str, str]]:
        return [dict(parse_qsl(request.content.decode())) for request in self.requests]


def refused(code: str, text: str = "") -> httpx.Response:
    return httpx.Response(400, json={"error": code, "error_description": text})


def html(status: int, text: str) -> httpx.Response:
    return httpx.Response(status, html=text)


def orders(*keys: str) -> httpx.Response:
    return httpx.Response(200, json={"orders": [{**base_row(), "unique_key": key} for key in keys]})


def test_a_list_names_the_window_in_tokyo_and_ends_at_an_empty_page() -> None:
    wire = Wire(orders("a", "b"), orders())

    assert [row.key for rows in wire.cart.list_orders(WEEK) for row in rows] == ["a", "b"]
    assert dict(wire.requests[0].url.params) == {
        "start_ordered": "2026-09-26 23:20:00",
        "end_ordered": "2026-10-03 23:20:00",
        "limit": "100",
        "offset": "0",
    }
    assert wire.requests[1].url.params["offset"] == "2"


def test_cls_3_a_row_without_its_key_is_apart_and_read_once() -> None:
    rows = [{**base_row(), "unique_key": key} for key in ("a", None, "b")]
    wire = Wire(httpx.Response(200, json={"orders": [*rows, 5]}), orders())

    (page,) = wire.cart.list_orders(WEEK)
    assert [row.key for row in page] == ["a", "b"]
    assert [row.position for row in page.unreadable] == [2, 4]
    assert page.unreadable[0].ordered_at is not None


def test_cls_3_pages_overlap_at_rows_nobody_can_read_too() -> None:
    first = [{**base_row(), "unique_key": f"k{at}"} for at in range(95)]
    more = [{**base_row(), "unique_key": f"l{at}"} for at in range(9)]
    pages: list[list[object]] = [[*first, None, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, *more], []]
    wire = Wire(*(httpx.Response(200, json={"orders": rows}) for rows in pages))

    read = list(wire.cart.list_orders(WEEK))
    assert sum(len(page) for page in read) == 95 + 9
    assert sum(len(page.unreadable) for page in read) == 6


@pytest.mark.parametrize("key", [None, "", "another", 7])
def test_cls_3_another_orders_detail_is_not_the_order_asked_for(key: object) -> None:
    wire = Wire(httpx.Response(200, json={"order": {**base_order(), "unique_key": key}}))

    with pytest.raises(Undecodable, match="unique_key"):
        wire.cart.read_order("3C07A19F5B2E84D6")


def test_stk_6_an_item_that_cannot_be_read_is_apart_from_the_others() -> None:
    spoilt = [{**base_item(), "item_id": 5, "variations": [{}]}, None]
    answer = httpx.Response(200, json={"items": [base_item(), *spoilt]})
    wire = Wire(answer, httpx.Response(200, json={"items": []}))

    (page,) = wire.cart.list_stock()
    assert {item.key.item for item in page} == {"77001234"}
    assert [row.key for row in page.unreadable] == ["5", ""]


def test_writes_are_forms() -> None:
    wire = Wire(
        httpx.Response(200, json={"order": base_order()}),
        httpx.Response(200, json={"order": base_order()}),
        httpx.Response(200, json={"item": base_item()}),
        httpx.Response(200, json={"item": base_item()}),
    )
    wire.cart.dispatch_line("9", PARCEL)
    wire.cart.ship_deferred("9", PARCEL)
    wire.cart.set_stock(ItemKey("77001234", "410055"), StockLevel(4))
    wire.cart.set_stock(ItemKey("77001234"), StockLevel(9))

    parcel = {"delivery_company_id": "2", "tracking_number": "447012345678"}
    assert wire.forms == [
        {"order_item_id": "9", "status": "dispatched", **parcel},
        {"order_item_id": "9", "atobarai_status": "shipping", **parcel},
        {"item_id": "77001234", "variation_id": "410055", "variation_stock": "4"},
        {"item_id": "77001234", "stock": "9"},
    ]
    assert wire.requests[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert wire.requests[0].headers["authorization"] == "Bearer sesame"


def test_a_token_that_ended_is_renewed_once_and_the_call_repeated() -> None:
    wire = Wire(httpx.Response(400, json=TOKEN_ENDED), orders())

    assert list(wire.cart.list_orders(WEEK)) == []
    assert wire.tokens.renewals == 1
    assert [request.headers["authorization"] for request in wire.requests] == [
        "Bearer sesame",
        "Bearer tahini",
    ]
    assert len(wire.gate.admitted) == 2


READ_OR_WRITE: list[Callable[[TheBaseCart], object]] = [
    lambda cart: cart.read_order("A"),
    lambda cart: cart.dispatch_line("9", PARCEL),
]


@pytest.mark.parametrize("call", READ_OR_WRITE)
def test_cls_10_a_fresh_token_that_is_refused_is_the_carts_trouble_not_the_shops(
    call: Callable[[TheBaseCart], object],
) -> None:
    wire = Wire(*(httpx.Response(400, json=TOKEN_ENDED) for _ in range(2)))

    with pytest.raises(Unserved) as unserved:
        call(wire.cart)
    assert unserved.value.why is Unserving.TOKEN_REFUSED
    assert not unserved.value.may_have_happened
    assert wire.tokens.renewals == 1
    assert len(wire.requests) == 2


@pytest.mark.parametrize("answers", [[], [httpx.Response(400, json=TOKEN_ENDED)]])
def test_a_refresh_in_doubt_leaves_no_doubt_about_the_call(answers: list[httpx.Response]) -> None:
    def lose(*_: str) -> str:
        raise OutcomeUnknown("BASE: POST /1/oauth/token: ReadTimeout")

    wire = Wire(*answers)
    wire.tokens.renew = lose  # type: ignore[method-assign, assignment]
    if not answers:
        wire.tokens.access_token = lose  # type: ignore[method-assign]

    with pytest.raises(RemoteDown):
        wire.cart.dispatch_line("9", PARCEL)


def test_a_damaged_token_is_never_sent() -> None:
    wire = Wire()
    wire.tokens = FixedTokens("bad\ntoken")
    cart = TheBaseCart(wire.http, base_url="https://x.jp", tokens=wire.tokens, gate=wire.gate)

    with pytest.raises(AuthenticationFailed):
        cart.test_connection()
    assert wire.requests == []


@pytest.mark.parametrize(("code", "limit"), [("hour_api_limit", "hour"), ("day_api_limit", "day")])
def test_clk_1_a_spent_limit_is_named_and_its_end_left_to_who_knows_the_time(
    code: str, limit: str
) -> None:
    with pytest.raises(BudgetSpent) as spent:
        Wire(refused(code)).cart.dispatch_line("9", PARCEL)

    assert (spent.value.limit, spent.value.until) == (limit, None)
    assert spent.value.by_cart


CODES = [
    ("no_order", NotFound),
    ("not_change_status", AlreadyDone),
    ("not_change_status_atobarai", Rejected),
    ("not_change_status_cvs", Rejected),
    ("not_change_status_YamatoDelivery", Rejected),
    ("bad_params", Rejected),
    ("invalid_request", Rejected),
    ("never_heard_of", Rejected),
    ("db_error", OutcomeUnknown),
    ("invalid_scope", AuthenticationFailed),
    ("unauthorized", AuthenticationFailed),
]


@pytest.mark.parametrize(("code", "error"), CODES)
def test_codes_become_the_domains_errors(code: str, error: type[SyncError]) -> None:
    with pytest.raises(error) as caught:
        Wire(refused(code, "だめです。")).cart.dispatch_line("9", PARCEL)

    assert type(caught.value) is error
    if isinstance(caught.value, Rejected):
        assert caught.value.code == code
        assert "だめです。" in str(caught.value)


@pytest.mark.parametrize("code", ["bad_item_id", "bad_variation_id", "no_item"])
def test_an_item_the_shop_does_not_know_is_not_found(code: str) -> None:
    with pytest.raises(NotFound):
        Wire(refused(code)).cart.set_stock(ItemKey("1"), StockLevel(1))


@pytest.mark.parametrize("body", [[], {}, {"order": None}, "dispatched"])
def test_a_dispatch_answered_without_the_order_is_in_doubt(body: object) -> None:
    with pytest.raises(OutcomeUnknown):
        Wire(httpx.Response(200, json=body)).cart.dispatch_line("9", PARCEL)


def test_a_missing_order_is_none_but_a_wrong_address_is_not() -> None:
    assert Wire(refused("no_order")).cart.read_order("A") is None
    with pytest.raises(Unserved):  # CLS-9: not the cart's own words
        Wire(html(404, "nothing here")).cart.read_order("A")


LOST: list[Answers] = [
    lambda: refused("db_error"),
    lambda: httpx.Response(500),
    lambda: html(502, "bad gateway"),
    lambda: httpx.Response(200, content=b'{"order":{'),
    lambda: httpx.ReadTimeout("slow"),
    lambda: httpx.RemoteProtocolError("gone"),
]
# What stands in front of the cart, whatever it says (CLS-9).
IN_BETWEEN: list[Answers] = [
    lambda: html(200, "<p>Please prove that you are human"),
    lambda: html(401, "Unauthorized"),
    lambda: html(403, "Forbidden"),
    lambda: html(400, "Bad Request"),
    lambda: httpx.Response(403, json={"message": "Forbidden"}),
    lambda: httpx.Response(302, headers={"location": "https://x.jp/"}),
    lambda: httpx.Response(408),
    lambda: httpx.Response(413, json={"error": "too_large"}),
    lambda: httpx.Response(425),
    lambda: httpx.Response(503),
]
CLOSED: list[Answers] = [
    lambda: httpx.Response(503, json={"error": "x", "error_description": "メンテナンス中です"}),
    lambda: html(503, "メンテナンス中"),
    lambda: html(200, "ただいまメンテナンス中です"),
    lambda: html(500, "メインテナンス"),
]


@pytest.mark.parametrize("answer", LOST)
def test_lost_answers_leave_writes_in_doubt_and_reads_not(answer: Answers) -> None:
    with pytest.raises(RemoteDown):
        Wire(answer()).cart.read_order("A")
    with pytest.raises(OutcomeUnknown):
        Wire(answer()).cart.dispatch_line("9", PARCEL)
    with pytest.raises(OutcomeUnknown):
        Wire(answer()).cart.set_stock(ItemKey("1"), StockLevel(1))


@pytest.mark.parametrize("answer", IN_BETWEEN)
def test_cls_9_what_is_not_the_carts_own_words_postpones_the_shop_and_leaves_writes_in_doubt(
    answer: Answers,
) -> None:
    calls: list[tuple[bool, Callable[[TheBaseCart], object]]] = [
        (False, lambda cart: cart.read_order("A")),
        (False, lambda cart: cart.test_connection()),
        (True, lambda cart: cart.dispatch_line("9", PARCEL)),
        (True, lambda cart: cart.set_stock(ItemKey("1"), StockLevel(1))),
    ]
    for writes, call in calls:
        wire = Wire(answer())
        with pytest.raises(Unserved) as unserved:
            call(wire.cart)
        assert unserved.value.may_have_happened is writes
        assert wire.tokens.renewals == 0


def test_cls_9_a_challenge_counts_as_the_carts_own_word_and_leaves_a_write_in_doubt() -> None:
    challenge = httpx.Response(401, headers={"www-authenticate": "Bearer"})
    done = httpx.Response(200, json={"order": base_order()})

    assert Wire(challenge, done).cart.read_order(str(base_order()["unique_key"])) is not None
    wire = Wire(challenge)
    with pytest.raises(OutcomeUnknown):  # the next attempt reads first, with the new token
        wire.cart.dispatch_line("9", PARCEL)
    assert (len(wire.requests), wire.tokens.renewals) == (1, 1)


@pytest.mark.parametrize("answer", IN_BETWEEN)
def test_cls_9_the_token_address_is_judged_likewise(answer: Answers) -> None:
    client, _ = oauth(answer())

    with pytest.raises(Unserved) as unserved:
        client.refresh("r1")
    assert unserved.value.api is None  # it closes no family of calls


@pytest.mark.parametrize("answer", CLOSED)
def test_maintenance_closes_the_api_that_was_called(answer: Answers) -> None:
    with pytest.raises(Closed) as orders_closed:
        Wire(answer()).cart.dispatch_line("9", PARCEL)
    with pytest.raises(Closed) as stock_closed:
        Wire(answer()).cart.set_stock(ItemKey("1"), StockLevel(1))

    assert orders_closed.value.api is ApiFamily.ORDERS
    assert stock_closed.value.api is ApiFamily.STOCK


def test_a_write_that_never_left_is_not_in_doubt() -> None:
    with pytest.raises(RemoteDown):
        Wire(httpx.ConnectError("no route")).cart.dispatch_line("9", PARCEL)


def test_a_busy_cart_names_its_seconds() -> None:
    with pytest.raises(RemoteBusy) as busy:
        Wire(httpx.Response(429, headers={"retry-after": "3"})).cart.read_order("A")
    assert busy.value.retry_after_s == 3


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 500, 503])
def test_no_error_shows_the_token(status: int) -> None:
    wire = Wire(*(httpx.Response(status) for _ in range(2)))
    with pytest.raises(SyncError) as caught:
        wire.cart.dispatch_line("9", PARCEL)

    shown = repr(caught.value) + str(caught.value.__dict__) + repr(caught.value.__cause__)
    assert "sesame" not in shown
    assert "tahini" not in shown


class MovingList:
    """A list read by offset, which a test may change between two reads."""

    def __init__(self, rows: list[str], largest_page: int = 100) -> None:
        self.rows = rows
        self.calls: list[int] = []
        self._largest_page = largest_page
        self.moves: dict[int, Callable[[list[str]], list[str]]] = {}

    def fetch(self, start: int) -> list[str]:
        self.rows = self.moves.get(len(self.calls), list)(self.rows)
        self.calls.append(start)
        return self.rows[start : start + self._largest_page]

    def read(self) -> list[str]:
        return [row for rows in Pages(self.fetch, str) for row in rows]


def keys(count: int) -> list[str]:
    return [f"k{at}" for at in range(count)]


@pytest.mark.parametrize("count", [0, 1, 2, 5, 6, 99, 100, 101, 200, 1000])
@pytest.mark.parametrize("largest_page", [2, 20, 100])
def test_a_still_list_is_read_once_whatever_the_page(count: int, largest_page: int) -> None:
    assert MovingList(keys(count), largest_page).read() == keys(count)


def test_two_hundred_rows_cost_four_calls() -> None:
    still = MovingList(keys(200))
    still.read()

    assert still.calls == [0, 95, 190, 200]


@pytest.mark.parametrize("gone", [1, 5, 6, 60, 150])
@pytest.mark.parametrize("call", [1, 2, 3])
def test_rows_that_vanish_hide_no_other(gone: int, call: int) -> None:
    moving = MovingList(keys(300))
    moving.moves[call] = lambda rows: rows[gone:]

    assert set(moving.read()) >= set(keys(300)[gone:])


@pytest.mark.parametrize("more", [1, 5, 100, 230])
def test_rows_that_appear_hide_no_other(more: int) -> None:
    moving = MovingList(keys(300))
    moving.moves[1] = lambda rows: [f"n{at}" for at in range(more)] + rows

    read = moving.read()
    assert set(read) >= set(keys(300))
    assert len(read) == len(set(read))


def test_a_list_that_ignores_the_offset_ends_in_an_error() -> None:
    with pytest.raises(RemoteDown):
        list(Pages(lambda _: keys(100), str))


def test_a_list_that_always_moves_ends_in_an_error() -> None:
    counter = iter(range(10**9))

    with pytest.raises(RemoteDown):
        list(Pages(lambda _: [f"k{next(counter)}" for _ in range(100)], str))


def oauth(*answers: httpx.Response | Exception) -> tuple[OAuthClient, Wire]:
    wire = Wire(*answers)
    return (
        OAuthClient(
            wire.http,
            base_url="https://api.example.jp/",
            client_id="id",
            client_secret="sesame",
            redirect_uri="https://hub.example.jp/cb",
        ),
        wire,
    )


def test_the_address_of_consent_names_every_scope() -> None:
    url = httpx.URL(oauth()[0].authorize_url("xyz"))

    assert url.path == "/1/oauth/authorize"
    assert dict(url.params) == {
        "response_type": "code",
        "client_id": "id",
        "redirect_uri": "https://hub.example.jp/cb",
        "scope": "read_users read_items write_items read_orders write_orders",
        "state": "xyz",
    }


def test_a_refresh_sends_everything_the_cart_asks_for() -> None:
    body = {"access_token": "a2", "refresh_token": "r2", "expires_in": 3600}
    client, wire = oauth(httpx.Response(200, content=json.dumps(body)))

    tokens = client.refresh("r1")
    assert (tokens.access_token, tokens.refresh_token) == ("a2", "r2")
    assert wire.forms == [
        {
            "grant_type": "refresh_token",
            "refresh_token": "r1",
            "client_id": "id",
            "client_secret": "sesame",
            "redirect_uri": "https://hub.example.jp/cb",
        }
    ]


OAUTH_REFUSALS = [
    ("invalid_request", "不正なリフレッシュトークンです。", AuthenticationFailed),
    ("invalid_request", "リフレッシュトークンの有効期限が切れています。", AuthenticationFailed),
    ("unauthorized_client", "", AuthenticationFailed),
    ("access_denied", "ユーザーが存在しません。", AuthenticationFailed),
    ("invalid_request", "", AuthenticationFailed),
    ("invalid_request", "redirect_uriが一致しません。", AuthenticationFailed),
    ("no_such_code", "", Rejected),
    ("server_error", "DB error", OutcomeUnknown),
]


@pytest.mark.parametrize(("code", "text", "error"), OAUTH_REFUSALS)
def test_a_refused_refresh_says_whether_to_authorise_again(
    code: str, text: str, error: type[SyncError]
) -> None:
    client, _ = oauth(refused(code, text))

    with pytest.raises(error) as caught:
        client.refresh("r1")
    assert type(caught.value) is error
    assert "r1" not in str(caught.value)


def test_a_code_that_is_refused_is_no_failed_authentication() -> None:
    client, _ = oauth(refused("invalid_request", "不正な認可コードです。"))

    with pytest.raises(Rejected) as caught:
        client.exchange_code("c1")
    assert type(caught.value) is Rejected


@pytest.mark.parametrize("status", [503, 200, 502])
def test_maintenance_of_the_token_address_is_no_closure_of_the_orders_api(status: int) -> None:
    """It belongs to no family of calls: only this shop waits a minute."""
    client, _ = oauth(httpx.Response(status, content="ただいまメンテナンス中です"))

    with pytest.raises(Postponed) as caught:
        client.refresh("r1")
    assert type(caught.value) is Postponed
