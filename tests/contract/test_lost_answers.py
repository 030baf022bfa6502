"""What clients say when the cart or the line to it fails, held against what really happened."""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from adapters.thebase.oauth import OAuthClient
from domain.carts.ports import CartParcel, StockLevel
from domain.engine.runs import Window
from domain.errors import (
    ApiFamily,
    AuthenticationFailed,
    BudgetSpent,
    Closed,
    OutcomeUnknown,
    Rejected,
    RemoteBusy,
    RemoteDown,
    Undecodable,
    Unserved,
    Unserving,
)
from simulator.client import SimulatorClient
from tests.contract.benches import NOW, BaseBench, ShopServeBench

WEEK = Window(NOW - timedelta(days=7), NOW)
PARCEL = CartParcel("1", "447012345678", NOW.date())
Trouble = Callable[..., None]


@pytest.fixture
def trouble(simulator: SimulatorClient) -> Iterator[Trouble]:
    """Have the next call of a shop go wrong."""
    rules: list[int] = []

    def add(shop: str, action: str, **rule: object) -> None:
        rules.append(simulator.add_fault(action, **{"shop": shop, "count": 1, **rule}))

    yield add
    for rule in rules:
        simulator.remove_fault(rule)


LOST = [
    pytest.param("drop", {}, id="dropped"),
    pytest.param("respond", {"status": 500}, id="500"),
    pytest.param("respond", {"status": 502}, id="502"),
    pytest.param("malformed", {"form": "html"}, id="html"),
]


@pytest.mark.parametrize(("action", "rule"), LOST)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_settlement_whose_answer_is_lost_is_in_doubt(
    shopserve: ShopServeBench,
    trouble: Trouble,
    action: str,
    rule: dict[str, object],
    when: str,
) -> None:
    key = shopserve.place()
    trouble(shopserve.shop.key, action, when=when, **rule)

    with pytest.raises((OutcomeUnknown, Unserved)) as lost:
        shopserve.cart.request_settlement(key)
    assert lost.value.may_have_happened

    happened = when == "after" or action == "malformed"
    assert shopserve.effects() == ([("settlement_requested", key)] if happened else [])


@pytest.mark.parametrize(("action", "rule"), LOST)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_dispatch_whose_answer_is_lost_is_in_doubt(
    thebase: BaseBench,
    trouble: Trouble,
    action: str,
    rule: dict[str, object],
    when: str,
) -> None:
    line = str(thebase.document(thebase.place())["order_items"][0]["order_item_id"])
    trouble(thebase.shop.key, action, when=when, **rule)

    with pytest.raises((OutcomeUnknown, Unserved)) as lost:
        thebase.cart.dispatch_line(line, PARCEL)
    assert lost.value.may_have_happened

    happened = when == "after" or action == "malformed"
    assert thebase.effects() == ([("line_dispatched", line)] if happened else [])


@pytest.mark.parametrize(("action", "rule"), LOST)
def test_a_lost_read_is_only_a_reason_to_try_again(
    shopserve: ShopServeBench,
    thebase: BaseBench,
    trouble: Trouble,
    action: str,
    rule: dict[str, object],
) -> None:
    for bench in (shopserve, thebase):
        key = bench.place()
        trouble(bench.shop.key, action, **rule)
        with pytest.raises((RemoteDown, Unserved)):
            bench.cart.read_order(key)
        assert bench.cart.read_order(key) is not None


def test_a_busy_cart_names_its_seconds(shopserve: ShopServeBench, trouble: Trouble) -> None:
    trouble(shopserve.shop.key, "respond", status=429, headers={"Retry-After": "12"})

    with pytest.raises(RemoteBusy) as busy:
        shopserve.cart.confirm_order(shopserve.place())
    assert busy.value.retry_after_s == 12


@pytest.mark.parametrize("form", ["missing_fields", "wrong_types"])
def test_spoilt_documents_are_read_or_undecodable(
    shopserve: ShopServeBench, thebase: BaseBench, trouble: Trouble, form: str
) -> None:
    for bench in (shopserve, thebase):
        key = bench.place()
        for _ in range(20):
            trouble(bench.shop.key, "mutate", form=form)
            try:
                raw = bench.cart.read_order(key)
                if raw is not None:
                    bench.cart.decode(raw)
            except Undecodable:
                continue


@pytest.mark.parametrize("closed", list(ApiFamily))
def test_a_closed_api_is_told_apart_from_the_open_one(
    shopserve: ShopServeBench, thebase: BaseBench, closed: ApiFamily
) -> None:
    for bench in (shopserve, thebase):
        calls: dict[ApiFamily, Callable[[], object]] = {
            ApiFamily.ORDERS: partial(bench.cart.read_order, bench.place()),
            ApiFamily.STOCK: partial(bench.cart.set_stock, bench.item(), StockLevel(1)),
        }
        bench.simulator.close(bench.kind, api=closed.value, shop=bench.shop.key)
        for api, call in calls.items():
            if api is not closed:
                call()
        with pytest.raises(Closed) as told:
            calls[closed]()
        assert told.value.api is closed


def test_cls_10_a_token_refused_after_its_renewal_makes_the_shop_wait(thebase: BaseBench) -> None:
    thebase.simulator.end_tokens(thebase.shop.key)

    with pytest.raises(Unserved) as unserved:
        thebase.cart.test_connection()
    assert unserved.value.why is Unserving.TOKEN_REFUSED
    assert thebase.tokens.renewals == 1


@pytest.mark.parametrize("limit", ["hour", "day"])
def test_a_spent_budget_names_its_limit(thebase: BaseBench, limit: str) -> None:
    thebase.simulator.change_shop(thebase.shop.key, **{f"{limit}_limit": 0})

    with pytest.raises(BudgetSpent) as spent:
        thebase.cart.read_order("0000000000000000")
    assert (spent.value.limit, spent.value.by_cart) == (limit, True)
    assert spent.value.until is None  # its reset is told by PostgreSQL's clock, not here (CLK-1)


def test_two_hundred_orders_cost_five_calls_at_most(thebase: BaseBench) -> None:
    for at in range(200):
        thebase.place(NOW - timedelta(minutes=at))
    before = thebase.simulator.calls(shop=thebase.shop.key, endpoint="orders.list")

    rows = [row for page in thebase.cart.list_orders(WEEK) for row in page]

    calls = thebase.simulator.calls(shop=thebase.shop.key, endpoint="orders.list") - before
    assert len(rows) == 200
    assert calls <= 5


def test_orders_that_vanish_or_appear_while_reading_hide_no_other(
    thebase: BaseBench,
) -> None:
    keys = [thebase.place(NOW - timedelta(minutes=at + 1)) for at in range(250)]

    pages = thebase.cart.list_orders(WEEK)
    seen = [row.key for row in next(pages)]
    for gone in keys[:30]:
        thebase.simulator.change_order(thebase.shop.key, gone, "remove")
    seen += [row.key for row in next(pages)]
    for _ in range(12):
        thebase.place(NOW)
    seen += [row.key for page in pages for row in page]

    assert set(keys) <= set(seen)
    assert len(seen) == len(set(seen))


def test_orders_that_vanish_while_reading_hide_no_other_on_shopserve(
    shopserve: ShopServeBench,
) -> None:
    keys = [shopserve.place(NOW - timedelta(minutes=at + 1)) for at in range(250)]

    pages = shopserve.cart.list_orders(WEEK)
    seen = {row.key for row in next(pages)}
    for gone in keys[-30:]:  # the oldest come first
        shopserve.simulator.change_order(shopserve.shop.key, gone, "remove")
    seen |= {row.key for page in pages for row in page}

    assert set(keys) <= seen


class TestOAuth:
    @pytest.fixture
    def oauth(self, thebase: BaseBench, http: httpx.Client) -> OAuthClient:
        secrets = thebase.shop.secrets
        return OAuthClient(
            http,
            base_url=thebase.shop.api_url,
            client_id=secrets["client_id"],
            client_secret=secrets["client_secret"],
            redirect_uri=secrets["redirect_uri"],
        )

    def test_consent_gives_a_code_and_the_code_tokens(self, oauth: OAuthClient) -> None:
        state = uuid.uuid4().hex
        answer = httpx.get(oauth.authorize_url(state), trust_env=False)
        told = parse_qs(urlsplit(answer.headers["location"]).query)

        tokens = oauth.exchange_code(told["code"][0])
        assert told["state"] == [state]
        assert tokens.expires_in_s == 3600
        with pytest.raises(Rejected):
            oauth.exchange_code(told["code"][0])

    def test_a_refresh_token_works_once(self, oauth: OAuthClient, thebase: BaseBench) -> None:
        first = thebase.simulator.shop(thebase.shop.key).secrets["refresh_token"]

        second = oauth.refresh(first)
        with pytest.raises(AuthenticationFailed):
            oauth.refresh(first)
        assert oauth.refresh(second.refresh_token).access_token

    def test_a_refresh_whose_answer_is_lost_is_in_doubt(
        self, oauth: OAuthClient, thebase: BaseBench, trouble: Trouble
    ) -> None:
        first = thebase.simulator.shop(thebase.shop.key).secrets["refresh_token"]
        trouble(thebase.shop.key, "drop", when="after", endpoint="oauth.token")

        with pytest.raises(OutcomeUnknown):
            oauth.refresh(first)
