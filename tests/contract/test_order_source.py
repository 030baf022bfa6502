"""What reading orders must do, on both carts, and what each adds."""

import json
from datetime import timedelta

import pytest

from domain.engine.runs import Window
from domain.errors import Rejected, Undecodable
from domain.orders.cart_order import Dispatch
from tests.contract.benches import NOW, BaseBench, Bench, ShopServeBench

WEEK = Window(NOW - timedelta(days=7), NOW)


def listed(shop: Bench, window: Window = WEEK) -> list[str]:
    return [row.key for page in shop.cart.list_orders(window) for row in page]


def test_an_empty_window_lists_nothing(shop: Bench) -> None:
    assert listed(shop) == []


def test_both_ends_of_a_window_belong_to_it(shop: Bench) -> None:
    hour = timedelta(hours=1)
    times = [NOW - 3 * hour, NOW - 2 * hour, NOW - hour, NOW]
    keys = [shop.place(at) for at in times]

    assert set(listed(shop, Window(times[1], times[2]))) == {keys[1], keys[2]}


def test_the_list_tells_when_an_order_was_made(shop: Bench) -> None:
    at = NOW - timedelta(hours=5)
    key = shop.place(at)

    ((row,),) = shop.cart.list_orders(WEEK)
    assert (row.key, row.ordered_at) == (key, at)


@pytest.mark.parametrize("count", [99, 100, 101, 250])
def test_long_lists_are_read_to_the_end(shop: Bench, count: int) -> None:
    keys = {shop.place(NOW - timedelta(minutes=at)) for at in range(count)}

    assert set(listed(shop)) == keys


def test_an_order_is_read_and_decoded(shop: Bench) -> None:
    key = shop.place(NOW - timedelta(hours=2))

    raw = shop.cart.read_order(key)
    assert raw is not None
    order = shop.cart.decode(raw)
    assert (order.key, order.ordered_at) == (key, NOW - timedelta(hours=2))
    assert order.lines
    assert order.destinations


def test_a_raw_order_survives_being_stored(shop: Bench) -> None:
    raw = shop.cart.read_order(shop.place())
    assert raw is not None

    stored = json.loads(json.dumps(raw))
    assert shop.cart.decode(stored) == shop.cart.decode(raw)


@pytest.mark.parametrize("key", ["FFFFFFFFFFFFFFFF", "no such order?x=1", "..", "日本"])
def test_an_unknown_order_is_none(shop: Bench, key: str) -> None:
    assert shop.cart.read_order(key) is None


def test_what_is_no_order_is_undecodable(shop: Bench) -> None:
    with pytest.raises(Undecodable):
        shop.cart.decode({"serial_code": "x", "basic": 5})


def test_whole_rows_need_no_further_read(shopserve: ShopServeBench) -> None:
    key = shopserve.place()

    ((row,),) = shopserve.cart.list_orders(WEEK)
    assert row.whole
    assert shopserve.cart.decode(row.raw).key == key


def test_more_than_a_week_is_refused_before_anything_is_read(shopserve: ShopServeBench) -> None:
    with pytest.raises(Rejected):
        shopserve.cart.list_orders(Window(NOW - timedelta(days=7, seconds=1), NOW))


def test_a_batch_leaves_out_what_the_cart_does_not_know(shopserve: ShopServeBench) -> None:
    keys = [shopserve.place() for _ in range(3)]

    assert set(shopserve.cart.read_orders([*keys, "SC-NONE", keys[0]])) == set(keys)
    assert shopserve.cart.read_orders([]) == {}


def test_a_hundred_orders_make_a_batch_and_no_more(shopserve: ShopServeBench) -> None:
    keys = [shopserve.place() for _ in range(100)]

    assert len(shopserve.cart.read_orders(keys)) == 100
    with pytest.raises(Rejected):
        shopserve.cart.read_orders([*keys, "SC-101"])


def test_rows_of_base_are_summaries(thebase: BaseBench) -> None:
    key = thebase.place_paid("base_bt", 2, paid=False)

    ((row,),) = thebase.cart.list_orders(WEEK)
    summary = thebase.cart.summary(row.raw)
    assert not row.whole
    assert (summary.key, summary.dispatch) == (key, Dispatch.UNPAID)
    assert summary.payment_method == "base_bt"


def test_a_working_shop_tells_its_name(shop: Bench) -> None:
    told = shop.cart.test_connection()

    assert told.name
    assert told.account
