"""Closed carts (CLS-1): known before a call, or found out by one and told to all shops."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.actions import Action
from domain.errors import ApiFamily
from simulator.client import Document
from tests.component.engine_bench import Bench, BenchShop
from workers.engine import planner

BOTH = pytest.mark.parametrize("cart", ["shopserve", "thebase"])
CLOSED = "メンテナンス期間中のためAPIは使用できません。"
ORDERS = 6


def _announce(bench: Bench, cart: str, api: str, *, hours: float = 2) -> Document:
    now = datetime.now(UTC)
    made: Document = bench.renkei.read(
        *("maintenance", "add", "--cart", cart, "--api", api),
        *("--from", (now - timedelta(hours=1)).isoformat()),
        *("--to", (now + timedelta(hours=hours)).isoformat()),
    )
    _notice(bench)
    return made


def _notice(bench: Bench) -> None:
    """Let the workers' copy of the closures, seconds old at most, end now."""
    bench.process.closures._read_at = float("-inf")


def _probe_is_due(bench: Bench) -> None:
    bench.sql("update closures set probe_at = now() where probe_at is not null")
    _notice(bench)


def _detected(bench: Bench) -> list[Document]:
    listed: list[Document] = bench.renkei.read("maintenance", "list")
    return [row for row in listed if row["source"] == "detected"]


def _probe_waits_s(bench: Bench) -> float:
    (waits,) = bench.column(
        "select extract(epoch from probe_at - now()) from closures where ended_at is null"
        " and source = 'detected'"
    )
    return float(waits)


def _stocked(bench: Bench, cart: str) -> BenchShop:
    shop = bench.shop(cart, "card")
    shop.map_items()
    shop.stock_up(20)
    return shop


@BOTH
def test_cls_1_an_announced_closure_ends_runs_closed_before_any_call(
    bench: Bench, cart: str
) -> None:
    shop = _stocked(bench, cart)
    closure = _announce(bench, cart, "all")

    closed = [shop.run(action) for action in ("import_orders", "sync_stock")]

    assert [run["state"] for run in closed] == ["closed", "closed"]
    assert shop.calls() == 0
    assert shop.cursor() is None
    assert shop.messages().count(CLOSED) == 2
    bench.renkei.ok("maintenance", "remove", str(closure["id"]))
    _notice(bench)
    assert [shop.run(action)["state"] for action in ("import_orders", "sync_stock")] == [
        "succeeded",
        "succeeded",
    ]


def test_cls_1_the_calendars_occurrence_closes_shopserve_before_any_call(bench: Bench) -> None:
    shop, other = bench.shop("shopserve", "card"), bench.shop("thebase", "card")
    bench.sql(
        "insert into closures (cart, api, starts_at, ends_at, source) values"
        " ('shopserve', 'all', now() - interval '1 hour', now() + interval '5 hours', 'calendar')"
    )
    _notice(bench)

    assert shop.run("import_orders")["state"] == "closed"
    assert shop.calls() == 0
    assert other.run("import_orders")["state"] == "succeeded"


@BOTH
def test_cls_1_what_one_shop_finds_out_stops_the_carts_other_shops_from_calling(
    bench: Bench, cart: str
) -> None:
    finder, other = bench.shop(cart, "card"), bench.shop(cart, "card")
    open_cart = bench.shop("thebase" if cart == "shopserve" else "shopserve", "card")
    bench.simulator.close(cart)

    found = finder.run("import_orders")
    kept = other.run("import_orders")

    assert (found["state"], kept["state"]) == ("closed", "closed")
    assert (finder.calls(), other.calls()) == (1, 0)
    assert CLOSED in other.messages()
    assert [(row["cart"], row["to"]) for row in _detected(bench)] == [(cart, None)]
    assert open_cart.run("import_orders")["state"] == "succeeded"


@BOTH
@pytest.mark.parametrize(
    ("api", "goes_on", "stops"),
    [("stock", "import_orders", "sync_stock"), ("orders", "sync_stock", "import_orders")],
)
def test_cls_1_the_api_of_orders_and_that_of_stock_close_separately(
    bench: Bench, cart: str, api: str, goes_on: str, stops: str
) -> None:
    shop = _stocked(bench, cart)
    bench.simulator.close(cart, api)

    assert shop.run(stops)["state"] == "closed"
    assert shop.run(goes_on)["state"] == "succeeded"
    assert len(_detected(bench)) == 1


def test_cls_1_many_answers_of_one_closing_are_one_closure_probed_after_half_a_minute(
    bench: Bench,
) -> None:
    """Calls already under way when the cart closed say nothing about how long it will last."""
    shop = bench.shop("thebase", orders=ORDERS, plain=True)
    other = bench.shop("thebase", "card")
    shop.run("import_orders")
    bench.simulator.close("thebase")
    (finder,) = bench.column("select id from shops where key = :key", key=shop.key)
    found = bench.process.directory.shop(finder)
    for _ in range(ORDERS):
        bench.process.closures.note(found, ApiFamily.ORDERS, probing=False)

    assert other.run("import_orders")["state"] == "closed"
    assert len(_detected(bench)) == 1
    assert 20 < _probe_waits_s(bench) <= 30


def test_cls_1_one_call_probes_and_a_cart_still_closed_is_probed_ever_more_rarely(
    bench: Bench,
) -> None:
    shops = [bench.shop("thebase", "card") for _ in range(3)]
    bench.simulator.close("thebase")
    shops[0].scheduled("import_orders")
    waits = [_probe_waits_s(bench)]
    for _ in range(2):
        _probe_is_due(bench)
        for shop in shops:
            assert shop.scheduled("import_orders")["state"] == "closed"
        waits.append(_probe_waits_s(bench))

    assert sum(shop.calls() for shop in shops) == 1 + 2
    assert [round(wait, -1) for wait in waits] == [30, 60, 120]


def test_cls_1_a_probe_that_is_answered_opens_the_cart_for_all_shops(bench: Bench) -> None:
    shops = [bench.shop("thebase", "card") for _ in range(3)]
    bench.simulator.close("thebase")
    assert {shop.scheduled("import_orders")["state"] for shop in shops} == {"closed"}
    bench.simulator.open("thebase")
    _probe_is_due(bench)

    opened = [shop.scheduled("import_orders") for shop in shops]

    assert {run["state"] for run in opened} == {"succeeded"}
    assert _detected(bench) == []
    assert [shop.only()["status"] for shop in shops] == ["awaiting_shipment"] * 3


def test_cls_1_what_a_closure_left_is_carried_into_the_next_run_and_spends_no_attempt(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase", orders=ORDERS, plain=True)
    asked = bench.renkei.read("run", "import_orders", "--shop", shop.key)
    planner.plan_run(bench.process, asked["id"])
    bench.simulator.close("thebase", "orders")
    bench.drain()
    closed = shop.shown(asked["id"])
    bench.simulator.open("thebase", "orders")
    _probe_is_due(bench)

    after = shop.scheduled("import_orders")

    assert (closed["state"], closed["carried_over"], closed["failed"]) == ("closed", ORDERS, 0)
    assert {item["state"] for item in closed["items"]} == {"carried"}
    assert (after["state"], after["succeeded"]) == ("succeeded", ORDERS)
    assert {item["attempts"] for item in after["items"]} == {1}
    assert len(shop.orders()) == ORDERS
    assert bench.renkei.read("dead", "list") == []


@BOTH
def test_cls_1_numbers_that_could_not_be_told_are_pushed_after_the_closure(
    bench: Bench, cart: str
) -> None:
    shop = _stocked(bench, cart)
    bench.simulator.close(cart, "stock")
    closed = shop.run("sync_stock")
    bench.simulator.open(cart, "stock")
    _probe_is_due(bench)

    after = shop.run("sync_stock")

    assert (closed["state"], closed["failed"]) == ("closed", 0)
    assert after["succeeded"] == len(shop.simulated.items)
    assert {row["quantity"] for row in bench.simulator.stock(shop.key)} == {20}
    assert bench.renkei.read("dead", "list") == []


@BOTH
def test_cls_1_nothing_is_planned_for_a_closed_cart(bench: Bench, cart: str) -> None:
    """A shop of 50,000 changed SKUs would write them all anew every five minutes."""
    shop = _stocked(bench, cart)
    _announce(bench, cart, "all")

    closed = [shop.run("sync_stock") for _ in range(3)]

    assert {run["state"] for run in closed} == {"closed"}
    assert bench.column("select count(*) from run_items") == [0]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, '{"error": "access_denied"}'),
        (400, '{"error": "no_order"}'),
        (400, '{"error": "hour_api_limit"}'),
    ],
)
def test_cls_1_a_probe_that_is_refused_opens_the_cart_too(
    bench: Bench, status: int, body: str
) -> None:
    prober, other = bench.shop("thebase", "card"), bench.shop("thebase", "card")
    bench.simulator.close("thebase")
    prober.scheduled("import_orders")
    bench.simulator.open("thebase")
    _probe_is_due(bench)
    with bench.fault("respond", shop=prober.key, status=status, body=body):
        prober.scheduled("import_orders")

    assert other.scheduled("import_orders")["state"] == "succeeded"


def test_cls_1_a_shop_without_calls_does_not_use_up_the_probe(bench: Bench) -> None:
    spent, other = bench.shop("thebase", "card"), bench.shop("thebase", "card")
    bench.simulator.close("thebase")
    spent.scheduled("import_orders")
    bench.simulator.open("thebase")
    (shop_id,) = bench.column("select id from shops where key = :key", key=spent.key)
    bench.process.budget.fill(shop_id, "hour", 5_000)
    _probe_is_due(bench)

    spent.scheduled("import_orders")

    assert other.scheduled("import_orders")["state"] == "succeeded"


def test_cls_1_a_person_who_tries_again_and_again_makes_nobody_wait_longer(bench: Bench) -> None:
    shop = bench.shop("thebase", "card")
    bench.simulator.close("thebase")

    for _ in range(5):
        assert shop.run("import_orders")["state"] == "closed"

    assert shop.calls() == 5
    assert bench.column("select closed_answers from closures where source = 'detected'") == [1]


def test_cls_1_a_daily_robot_runs_again_after_a_closure_not_only_tomorrow(bench: Bench) -> None:
    shop = bench.shop("thebase", "card")
    shop.ready_to_return()
    bench.sql(
        "update robots set enabled = true, next_due_at = now() - interval '1 s'"
        " where action = 'return_shipments'"
    )
    bench.simulator.close("thebase")
    planner.start_due_runs(bench.process, Action.RETURN_SHIPMENTS)
    bench.drain()
    bench.simulator.open("thebase")
    _probe_is_due(bench)
    (waits_s,) = bench.column(
        "select extract(epoch from next_due_at - now()) from robots"
        " where action = 'return_shipments'"
    )
    bench.sql("update robots set next_due_at = now() where action = 'return_shipments'")

    planner.start_due_runs(bench.process, Action.RETURN_SHIPMENTS)
    bench.drain()

    assert 0 < waits_s < 120
    assert len(shop.effects("line_dispatched")) == 1
