"""`db restored`: after going back to a backup, the carts say what became of the orders (PLC-2)."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator.client import Document
from tests.component.engine_bench import Bench, BenchShop
from workers.services.lost_time import drill

BOTH = pytest.mark.parametrize("cart", ["shopserve", "thebase"])
ONCE = {
    "shopserve": ("settlement_requested", "delivery_shipped", "order_completed"),
    "thebase": ("line_dispatched", "atobarai_shipping"),
}


@pytest.fixture(autouse=True)
def _settled_at_once(bench: Bench) -> None:
    bench.simulator.settings(settlement_requested_after_s=0.0, settlement_scheduled_after_s=0.0)


def process_of(shop: BenchShop, order: Document) -> None:
    """Do to one order whatever is done to an order, to its end."""
    shop.carries("YAMATO" if shop.simulated.cart == "shopserve" else "クロネコヤマト")
    shop.ship(order)
    shop.run("return_shipments")
    if shop.simulated.cart == "shopserve":
        shop.run("complete_orders")


def import_and_confirm(shop: BenchShop) -> None:
    shop.run("import_orders")
    if shop.simulated.cart == "shopserve":
        shop.run("confirm_orders")


def by_key(shop: BenchShop) -> dict[str, Document]:
    return {order["cart_order_key"]: order for order in shop.orders()}


def go_back(bench: Bench, backup: Path, at: str) -> list[Document]:
    """Stop, put the backup back, and return what `db restored` reports."""
    bench.process.database.dispose()
    bench.renkei.ok("db", "restore", str(backup), "--replace")
    reports: list[Document] = bench.renkei.read("db", "restored", "--at", at)
    start_anew(bench)
    return reports


def start_anew(bench: Bench) -> None:
    """Let the bench's process know as little as one that was just started."""
    bench.process.database.dispose()
    bench.process.directory.forget_all()
    bench.process.gate_tools.lost_time._highest.clear()


def times_done(shop: BenchShop) -> Counter[tuple[str, str]]:
    return Counter(
        (effect["kind"], effect["key"]) for effect in shop.effects(*ONCE[shop.simulated.cart])
    )


@BOTH
def test_plc_2_every_order_of_the_lost_time_comes_back_as_the_cart_shows_it(
    bench: Bench, cart: str, tmp_path: Path
) -> None:
    shop = bench.shop(cart, "card", "card")
    import_and_confirm(shop)
    shop.stock_up()
    waiting, shipped_later = sorted(by_key(shop))
    backup, at = tmp_path / "backup", datetime.now(UTC).isoformat()
    bench.renkei.ok("db", "backup", str(backup))
    confirmed, gone, cancelled = shop.add("card"), shop.add("card"), shop.add("card")
    import_and_confirm(shop)
    for key in (shipped_later, gone):
        process_of(shop, by_key(shop)[key])
    shop.place(cancelled, change="cancel")
    before = times_done(shop)

    (report,) = go_back(bench, backup, at)

    found = {key: (one["status"], one["api_status"]) for key, one in by_key(shop).items()}
    assert found.pop(waiting)[0] == "awaiting_shipment"
    assert found.pop(shipped_later) == ("shipped", "tracking_returned")
    assert found.pop(gone) == ("shipped", "tracking_returned")
    assert found.pop(confirmed)[0] == "hold"
    assert found == {}, "what the buyer cancelled meanwhile does not come back"
    assert by_key(shop)[confirmed]["hold_reasons"] == ["要確認"]
    assert by_key(shop)[gone]["tracking_number"]
    assert (report["on_hold"], report["shipped"]) == ([confirmed], [gone]) or cart == "shopserve"
    assert times_done(shop) == before, "nothing was sent"

    work_on(shop)

    assert set(times_done(shop).values()) == {1}, "nothing happens twice"
    assert times_done(shop) == before


def work_on(shop: BenchShop) -> None:
    for action in ("import_orders", "sync_status", "return_shipments"):
        assert shop.run(action)["state"] == "succeeded"
    if shop.simulated.cart == "shopserve":
        assert shop.run("complete_orders")["state"] == "succeeded"


def test_plc_2_pieces_that_left_are_off_the_shelf_and_others_are_secured(
    bench: Bench, tmp_path: Path
) -> None:
    shop = bench.shop("thebase", "card")
    import_and_confirm(shop)
    shop.stock_up(100)
    backup, at = tmp_path / "backup", datetime.now(UTC).isoformat()
    bench.renkei.ok("db", "backup", str(backup))
    shop.add("card")
    import_and_confirm(shop)
    for order in shop.orders():
        process_of(shop, order)
    before = [(row["sku"], row["free"]) for row in bench.renkei.read("stock", "list")]

    go_back(bench, backup, at)

    rows = bench.renkei.read("stock", "list")
    counted = [(row["sku"], row["free"]) for row in rows if row["on_hand"] is not None]
    assert set(counted) <= set(before)
    assert all(row["secured"] == 0 for row in rows)


@BOTH
def test_plc_2_no_stock_is_pushed_before_a_person_unparks_it_and_then_all_of_it(
    bench: Bench, cart: str, tmp_path: Path
) -> None:
    shop = bench.shop(cart, items=3)
    shop.map_items()
    shop.stock_up(7)
    shop.run("sync_stock")
    backup, at = tmp_path / "backup", datetime.now(UTC).isoformat()
    bench.renkei.ok("db", "backup", str(backup))
    shop.stock_up(5)
    shop.run("sync_stock")
    pushes = len(shop.effects("stock_set"))

    (report,) = go_back(bench, backup, at)
    parked = shop.run("sync_stock")

    assert len(report["stock"]) == 3
    assert {(one["shop_shows"], one["we_offer"]) for one in report["stock"]} == {(5, 7)}
    assert (parked["state"], len(shop.effects("stock_set"))) == ("parked", pushes)
    shop.command("shop", "unpark", shop.key, "--action", "sync_stock")
    bench.drain()
    assert len(shop.effects("stock_set")) == pushes + 3


def test_plc_2_a_shop_whose_cart_cannot_be_read_stays_silent_until_it_can(
    bench: Bench, tmp_path: Path
) -> None:
    shop, open_shop = bench.shop("thebase", "card"), bench.shop("thebase", "card")
    import_and_confirm(shop)
    backup, at = tmp_path / "backup", datetime.now(UTC).isoformat()
    bench.renkei.ok("db", "backup", str(backup))
    bench.process.database.dispose()
    bench.renkei.ok("db", "restore", str(backup), "--replace")

    with bench.fault("respond", shop=shop.key, endpoint="orders.list", status=500, body="{}"):
        first = bench.renkei("db", "restored", "--at", at)
    start_anew(bench)
    calls = shop.calls()
    shop.run("import_orders")

    assert (first.code, shop.calls()) == (1, calls)
    assert f"these send nothing yet: {shop.key}" in first.err
    assert open_shop.run("import_orders")["state"] == "succeeded"
    bench.process.database.dispose()
    again = bench.renkei.read("db", "restored", "--at", at)
    assert [report["shop"] for report in again] == [shop.key]
    start_anew(bench)
    bench.drain()
    assert shop.run("import_orders")["state"] == "succeeded"


def test_plc_2_a_drill_that_redis_cut_short_is_gone_on_with_and_then_it_is_over(
    bench: Bench, tmp_path: Path
) -> None:
    """Before, what was seen was forgotten by the first call only: workers marked all shops anew."""
    shop = bench.shop("thebase", "card")
    backup, at = tmp_path / "backup", datetime.now(UTC).isoformat()
    bench.renkei.ok("db", "backup", str(backup))
    import_and_confirm(shop)
    bench.process.database.dispose()
    bench.renkei.ok("db", "restore", str(backup), "--replace")
    no_redis = replace(
        bench.renkei,
        environment={**bench.renkei.environment, "RENKEI_REDIS_URL": "redis://127.0.0.1:1/0"},
    )

    first = no_redis("db", "restored", "--at", at)
    again = bench.renkei.read("db", "restored", "--at", at)
    start_anew(bench)
    bench.drain()

    assert first.code == 1
    assert "call `renkei db restored` again" in first.err
    assert [report["shop"] for report in again] == [shop.key]
    assert shop.run("import_orders")["state"] == "succeeded"
    assert bench.renkei.read("shop", "show", shop.key)["lost_time_at"] is None


def test_plc_2_a_shop_of_more_orders_than_calls_of_a_day_is_read_to_its_end(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, it gave up, and began anew at the first order each time it was called again."""
    shop = bench.shop("thebase", "card")
    import_and_confirm(shop)
    backup, at = tmp_path / "backup", datetime.now(UTC).isoformat()
    bench.renkei.ok("db", "backup", str(backup))
    (shop_id,) = bench.column("select id from shops where key = :key", key=shop.key)
    bench.process.budget.fill(shop_id, "day", 100_000)
    waited: list[float] = []

    def a_day_begins(seconds: float) -> None:
        waited.append(seconds)
        bench.process.redis.delete(f"renkei:budget:{shop_id}")

    monkeypatch.setattr(drill, "sleep", a_day_begins)

    (report,) = go_back(bench, backup, at)

    assert (report["waits"], report["open"]) == ("", 1)
    (seconds,) = waited
    assert 0 < seconds <= 86_400


def test_plc_2_a_base_shop_whose_tokens_were_renewed_meanwhile_is_named_to_be_authorised(
    bench: Bench, tmp_path: Path
) -> None:
    shop = bench.shop("thebase", "card")
    import_and_confirm(shop)
    backup, at = tmp_path / "backup", datetime.now(UTC).isoformat()
    bench.renkei.ok("db", "backup", str(backup))
    bench.simulator.end_tokens(shop.key, "both")
    bench.process.database.dispose()
    bench.renkei.ok("db", "restore", str(backup), "--replace")

    answer = bench.renkei("db", "restored", "--at", at)

    assert answer.code == 1
    assert f"renkei shop authorize {shop.key}" in answer.out


def test_plc_2_an_order_that_cannot_be_taken_over_is_named_and_tried_again(
    bench: Bench, tmp_path: Path
) -> None:
    shop = bench.shop("thebase", "card")
    import_and_confirm(shop)
    backup, at = tmp_path / "backup", datetime.now(UTC).isoformat()
    bench.renkei.ok("db", "backup", str(backup))
    key = shop.add("no_item_code")

    (report,) = go_back(bench, backup, at)
    shop.place(
        key,
        change="patch",
        overrides={"order_items": {"0": {"item_identifier": "X-1"}}},
    )
    shop.run("import_orders")

    assert [one for one in report["failed"] if one.startswith(key)]
    assert by_key(shop)[key]["status"] == "hold"


def test_plc_2_an_order_the_cart_refuses_to_tell_keeps_no_shop_from_work(
    bench: Bench, tmp_path: Path
) -> None:
    """Fails where one such order is taken for an unreadable cart: the shop waits for ever."""
    shop = bench.shop("thebase", "card")
    import_and_confirm(shop)
    backup, at = tmp_path / "backup", datetime.now(UTC).isoformat()
    bench.renkei.ok("db", "backup", str(backup))
    (refused, other) = (shop.add("card"), shop.add("card"))

    body = '{"error":"bad_params","error_description":"不正な値です"}'
    with bench.fault("respond", shop=shop.key, path=f"detail/{refused}", status=400, body=body):
        (report,) = go_back(bench, backup, at)

    assert (report["waits"], [one[: len(refused)] for one in report["failed"]]) == ("", [refused])
    assert by_key(shop)[other]["status"] == "hold"
    shop.run("import_orders")
    assert by_key(shop)[refused]["status"] == "hold"


def test_plc_2_the_drill_is_refused_while_a_worker_is_connected_or_for_a_time_to_come(
    bench: Bench,
) -> None:
    bench.shop("thebase", "card").run("import_orders")

    connected = bench.renkei("db", "restored", "--at", "2026-01-31T09:00")
    bench.process.database.dispose()
    ahead = bench.renkei("db", "restored", "--at", "2199-01-31T09:00")

    assert (connected.code, ahead.code) == (1, 1)
    assert "stop every process first; connected are: renkei worker" in connected.err
    assert "lies in the future" in ahead.err
