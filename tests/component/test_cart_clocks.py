"""A cart whose clock is wrong loses no order, and is told (CLK-2)."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from sqlalchemy import event

from tests.component.engine_bench import Bench, BenchShop
from tests.component.processes import until
from workers.app import make_app
from workers.calls.cart_clocks import CartClocks
from workers.wiring import Process

BOTH = pytest.mark.parametrize("cart", ["shopserve", "thebase"])
QUARTER_S = 15 * 60
NEAR = timedelta(seconds=30)
ADDRESS = "https://cart.example"


@pytest.fixture
def wrong(bench: Bench) -> Iterator[Bench]:
    """Both carts' clocks may be set wrong; they are right again afterwards."""
    yield bench
    bench.simulator.settings(clock_ahead_s=0.0)


def _imported(shop: BenchShop) -> set[str]:
    return {order["cart_order_key"] for order in shop.orders()}


def _all_come(shop: BenchShop, keys: set[str]) -> None:
    """Run until every order is there: one of this very second may wait for the next run."""

    def come() -> bool:
        shop.run("import_orders")
        return _imported(shop) == keys

    until(come)


def _alarms(shop: BenchShop) -> list[tuple[str, bool]]:
    told = [line for line in shop.log() if "取込位置" in line["message"]]
    return [(line["level"], line["needs_person"]) for line in told]


@BOTH
@pytest.mark.parametrize("ahead_s", [-86_400, -QUARTER_S, QUARTER_S, 86_400])
def test_clk_2_a_cart_whose_clock_is_off_loses_no_order(
    wrong: Bench, cart: str, ahead_s: int
) -> None:
    """Fails on the code of before for BASE: what the overlap does not cover is in no window."""
    wrong.simulator.settings(clock_ahead_s=float(ahead_s))
    shop = wrong.shop(cart)
    keys = set()

    for _ in range(3):
        shop.run("import_orders")
        keys.add(shop.add("card"))

    _all_come(shop, keys)
    assert _alarms(shop) == []


@BOTH
@pytest.mark.parametrize(("before_s", "after_s"), [(0, -QUARTER_S), (QUARTER_S, 0), (0, QUARTER_S)])
def test_clk_2_a_cart_whose_clock_steps_loses_no_order(
    wrong: Bench, cart: str, before_s: int, after_s: int
) -> None:
    wrong.simulator.settings(clock_ahead_s=float(before_s))
    shop = wrong.shop(cart)
    keys = {shop.add("card")}
    shop.run("import_orders")

    wrong.simulator.settings(clock_ahead_s=float(after_s))
    keys.add(shop.add("card"))

    _all_come(shop, keys)


@BOTH
def test_clk_2_a_cursor_from_the_future_is_pulled_back_with_an_alarm(
    bench: Bench, cart: str
) -> None:
    """One run of a process whose clock was an hour ahead: nothing was imported for that hour."""
    shop = bench.shop(cart)
    bench.sql(
        "insert into cursors (shop_id, action, position)"
        " select id, 'import_orders', now() + interval '1 hour' from shops where key = :key",
        key=shop.key,
    )
    key = shop.add("card", ordered_at=(datetime.now(UTC) - timedelta(minutes=40)).isoformat())

    shop.run("import_orders")
    shop.run("import_orders")

    assert _imported(shop) == {key}
    position = shop.cursor()
    assert position is not None
    assert position < datetime.now(UTC)
    assert _alarms(shop) == [("error", True)]


def test_clk_2_a_process_that_heard_nothing_goes_by_what_another_one_heard(wrong: Bench) -> None:
    wrong.simulator.settings(clock_ahead_s=float(QUARTER_S))
    shop = wrong.shop("thebase")
    shop.run("import_orders")
    settings = wrong.process.settings
    other = Process(make_app(settings.redis_url), settings)

    ahead = other.cart_clocks.ahead(shop.simulated.api_url)
    other.close()

    assert abs(ahead - timedelta(seconds=QUARTER_S)) < NEAR


@pytest.fixture
def clocks(bench: Bench) -> CartClocks:
    return CartClocks(bench.process.autocommit, lambda: datetime.now(UTC))


def _answer(ahead: timedelta, **headers: str) -> httpx.Response:
    date = format_datetime(datetime.now(UTC) + ahead, usegmt=True)
    request = httpx.Request("GET", f"{ADDRESS}/1/orders")
    return httpx.Response(200, headers={"date": date, **headers}, request=request)


def test_clk_2_one_answer_that_lay_somewhere_changes_nothing(clocks: CartClocks) -> None:
    for ahead in (timedelta(0), timedelta(0), -timedelta(hours=1)):
        clocks.heard(_answer(ahead))

    assert clocks.ahead(ADDRESS) == timedelta(0)


@pytest.mark.parametrize(
    "answer",
    [
        _answer(timedelta(hours=1), date="soon"),
        _answer(timedelta(hours=1), date=""),
        _answer(timedelta(hours=1), age="3600"),
        _answer(timedelta(days=400)),
        _answer(timedelta(0), date=f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT"),
        _answer(timedelta(0), date="Fri, 31 Dec 9999 23:59:59 -2300"),
    ],
    ids=["no date", "blank", "cached", "further off than any clock", "no year", "no moment"],
)
def test_clk_2_what_tells_no_time_is_not_believed(
    clocks: CartClocks, answer: httpx.Response
) -> None:
    clocks.heard(answer)

    assert clocks.ahead(ADDRESS) == timedelta(0)


def test_clk_2_a_cart_that_tells_no_time_costs_no_statement_a_call(bench: Bench) -> None:
    asked = []
    event.listen(bench.process.database, "checkout", lambda *_: asked.append(1))
    clocks = CartClocks(bench.process.autocommit, lambda: datetime.now(UTC))

    for _ in range(50):
        assert clocks.ahead(ADDRESS) == timedelta(0)

    assert len(asked) == 1


def test_clk_1_a_carts_clock_that_is_off_is_told_once_an_hour(
    clocks: CartClocks, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        for _ in range(50):
            clocks.heard(_answer(timedelta(seconds=60)))

    (record,) = [one for one in caplog.records if "clock" in one.message]
    assert record.__dict__["fields"]["address"] == ADDRESS
    assert record.__dict__["fields"]["ahead_s"] == pytest.approx(60, abs=2)
