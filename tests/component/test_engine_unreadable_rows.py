"""Rows of a list that do not tell whose they are: nobody else suffers, and nothing is lost.

CLS-3: a clear failure of that order or a correct result. IMP-4: the cursor does not move past it.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from simulator.client import Document
from tests.component.engine_bench import Bench, BenchShop, figures, reasons

BOTH = pytest.mark.parametrize("cart", ["shopserve", "thebase"])
LIST = {"shopserve": "orders.search", "thebase": "orders.list"}
KEY = {"shopserve": "serial_code", "thebase": "unique_key"}
SUMMARY = ("unique_key", "ordered", "payment", "total", "dispatch_status", "modified")


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def row_of(shop: BenchShop, key: str) -> Document:
    order = shop.order(key)
    if shop.simulated.cart == "shopserve":
        return {"serial_code": key, **order}
    return {name: order[name] for name in SUMMARY}


def answered(shop: BenchShop, rows: Sequence[object]) -> Document:
    """Import with a list of our own; the calls behind it are answered as ever."""
    body = json.dumps({"total_count": len(rows), "orders": rows})
    cart = shop.simulated.cart
    with shop.bench.fault("respond", endpoint=LIST[cart], count=1, status=200, body=body):
        return shop.run("import_orders")


def imported(shop: BenchShop) -> set[str]:
    return {order["cart_order_key"] for order in shop.orders()}


def alarms(shop: BenchShop) -> list[str]:
    """Return the lines about rows nobody can read."""
    lines = [line["message"] for line in shop.log() if line["needs_person"]]
    return [line for line in lines if line.startswith("注文一覧の")]


@BOTH
@pytest.mark.parametrize("spoilt", [None, "", ["?"], {"x": 1}])
def test_cls_3_a_row_without_its_key_fails_alone_and_is_read_again_later(
    bench: Bench, cart: str, spoilt: object
) -> None:
    shop = bench.shop(cart)
    lost, good = (shop.add("card", ordered_at=ago(hours=hours)) for hours in (30, 20))
    nameless = {**row_of(shop, lost), KEY[cart]: spoilt}

    run = answered(shop, [nameless, row_of(shop, good)])
    first, told = imported(shop), alarms(shop)
    again = shop.run("import_orders")

    assert figures(run) == ("succeeded", 1, 0, 0)
    assert first == {good}
    assert [message for message in told if "注文一覧の1件目" in message and KEY[cart] in message]
    assert figures(again)[:3] == ("succeeded", 1, 0)
    assert imported(shop) == {lost, good}


def test_log_2_the_line_of_a_row_without_key_names_what_can_be_read(bench: Bench) -> None:
    shop = bench.shop("shopserve")
    key = shop.add("card", ordered_at="2026-01-05T03:00:00+00:00")
    row = row_of(shop, key)

    answered(shop, [{**row, "serial_code": None}])

    (line,) = alarms(shop)
    assert row["basic"]["order_number"] in line
    assert "2026-01-05 12:00:00" in line
    assert "serial_code: not a key" in line


@BOTH
@pytest.mark.parametrize("row", [None, "?", [], {}])
def test_cls_3_a_row_that_tells_nothing_holds_the_cursor_where_the_window_began(
    bench: Bench, cart: str, row: object
) -> None:
    shop = bench.shop(cart)
    lost = shop.add("card", ordered_at=ago(days=6))
    good = shop.add("card", ordered_at=ago(hours=1))

    answered(shop, [row_of(shop, good), row])
    first = imported(shop)
    shop.run("import_orders")

    assert first == {good}
    assert imported(shop) == {lost, good}
    assert len(alarms(shop)) == 1


@BOTH
def test_imp_4_the_cursor_moves_on_once_the_row_can_be_read(bench: Bench, cart: str) -> None:
    shop = bench.shop(cart)
    lost = shop.add("card", ordered_at=ago(days=3))
    newest = shop.add("card", ordered_at=ago(days=1))
    rows = [{**row_of(shop, lost), KEY[cart]: 5.5}, row_of(shop, newest)]

    answered(shop, rows)
    held = shop.cursor()
    shop.run("import_orders")
    moved = shop.cursor()

    assert held is not None
    assert moved is not None
    assert datetime.now(UTC) - held >= timedelta(days=3) > datetime.now(UTC) - moved


def test_imp_4_an_order_time_of_the_far_future_does_not_move_the_cursor(bench: Bench) -> None:
    shop = bench.shop("shopserve")
    key = shop.add("card", ordered_at=ago(days=1))
    row = row_of(shop, key)

    answered(shop, [{**row, "basic": {**row["basic"], "order_date": "2190-01-01 00:00:00"}}])
    late = shop.add("card", ordered_at=ago(hours=2))
    shop.run("import_orders")

    assert late in imported(shop)


@BOTH
def test_cls_3_an_order_without_lines_fails_and_is_imported_from_a_later_answer(
    bench: Bench, cart: str
) -> None:
    shop = bench.shop(cart)
    key = shop.add("card", ordered_at=ago(hours=5))
    place, whole = {
        "shopserve": ("orders.search", {**row_of(shop, key), "deliveries": []}),
        "thebase": ("orders.detail", {**shop.order(key), "order_items": []}),
    }[cart]
    answer = {"total_count": 1, "orders": [whole]} if cart == "shopserve" else {"order": whole}
    with bench.fault("respond", endpoint=place, count=1, status=200, body=json.dumps(answer)):
        failed = shop.run("import_orders")
    bench.later(hours=1)

    healed = shop.scheduled("import_orders")

    assert figures(failed) == ("failed", 0, 1, 0)
    assert "not there" in reasons(failed)[key]
    assert figures(healed)[:2] == ("succeeded", 1)
    assert imported(shop) == {key}


def denied(shop: BenchShop, key: str) -> Document:
    """Run while the cart says that it knows no such order."""
    if shop.simulated.cart == "thebase":
        no_order = json.dumps({"error": "no_order"})
        with shop.bench.fault("respond", path=f"/detail/{key}$", status=400, body=no_order):
            return shop.run("import_orders")
    nothing = json.dumps({"total_count": 0, "orders": []})
    with shop.bench.fault("respond", endpoint="orders.search", status=200, body=nothing):
        return shop.run("import_orders")


def waiting_for_a_read(bench: Bench, cart: str) -> tuple[BenchShop, str]:
    """A shop one of whose orders could not be read, and lies before the next run's window."""
    shop = bench.shop(cart)
    key, newer = (shop.add("card", ordered_at=ago(days=days)) for days in (3, 1))
    if cart == "shopserve":
        answered(shop, [{**row_of(shop, key), "deliveries": None}, row_of(shop, newer)])
    else:
        denied(shop, key)
    return shop, key


@BOTH
def test_imp_8_an_order_the_cart_denies_once_is_asked_for_again(bench: Bench, cart: str) -> None:
    shop, key = waiting_for_a_read(bench, cart)
    if cart == "shopserve":
        denied(shop, key)

    run = shop.run("import_orders")

    assert figures(run)[:3] == ("succeeded", 1, 0)
    assert key in imported(shop)


@BOTH
def test_imp_8_an_order_the_cart_denies_twice_is_left_for_good(bench: Bench, cart: str) -> None:
    shop, key = waiting_for_a_read(bench, cart)
    denied(shop, key)
    run = denied(shop, key)

    assert cart == "thebase" or "does not know" in reasons(run)[key]
    assert {task["state"] for task in shop.tasks() if task["key"] == key} == {"skipped"}
    assert key not in imported(shop)


def test_cls_3_a_status_sync_reads_an_order_by_key_whose_row_lost_it(bench: Bench) -> None:
    shop = bench.shop("thebase", *["convenience_unpaid"] * 5)
    shop.run("import_orders")
    keys = sorted(imported(shop))
    for key in keys:
        shop.place(key, change="pay")
    rows: list[object] = [row_of(shop, key) for key in keys[1:]]
    body = json.dumps({"orders": [{**row_of(shop, keys[0]), "unique_key": None}, *rows, None]})

    with bench.fault("respond", endpoint="orders.list", count=1, status=200, body=body):
        run = shop.run("sync_status")

    assert figures(run) == ("succeeded", 5, 0, 0)
    assert {order["payment"] for order in shop.orders()} == {"paid"}
    assert shop.calls("orders.detail") == 5 + 1


def test_cls_3_a_nameless_row_of_a_batch_is_not_taken_for_an_order_that_is_gone(
    bench: Bench,
) -> None:
    shop = bench.shop("shopserve", *["bank_unpaid"] * 3)
    shop.run("import_orders")
    keys = sorted(imported(shop))
    for key in keys:
        shop.place(key, change="pay")
    lost, *others = keys
    rows = [{**row_of(shop, lost), "serial_code": ["?"]}, *(row_of(shop, key) for key in others)]
    body = json.dumps({"total_count": 3, "orders": rows})

    with bench.fault("respond", endpoint="orders.search", count=1, status=200, body=body):
        run = shop.run("sync_status")
    healed = shop.run("sync_status")

    assert figures(run) == ("partly_failed", 2, 1, 0)
    assert "serial_code" in reasons(run)[lost]
    assert figures(healed)[:3] == ("succeeded", 1, 0)
    assert {order["payment"] for order in shop.orders()} == {"paid"}
