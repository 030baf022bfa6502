"""Cancelled in the cart while the warehouse works on it (STS-10); granted later (STS-9)."""

import pytest

from simulator.client import Document
from tests.component.engine_bench import CARRIER, Bench, BenchShop, figures, reasons

BOTH = pytest.mark.parametrize("cart", ["shopserve", "thebase"])
SENT = ("settlement_requested", "delivery_shipped", "line_dispatched", "deferred_shipped")


def under_way(bench: Bench, cart: str, status: str, recipe: str = "card") -> BenchShop:
    """Return a shop with one order that is worked on, inspected or shipped here."""
    shop = bench.shop(cart, recipe)
    shop.run("import_orders")
    if cart == "shopserve":
        shop.run("confirm_orders")
    shop.carries(CARRIER[cart])
    shop.stock_up()
    numbers = [order["number"] for order in shop.orders()]
    if status in {"working", "inspected"}:
        shop.command("orders", "work", *numbers)
    if status == "inspected":
        shop.command("orders", "inspect", *numbers)
    if status == "shipped":
        shop.ship_all()
    assert {order["status"] for order in shop.orders()} == {status}
    return shop


def cancel(shop: BenchShop) -> None:
    shop.place(shop.orders()[0]["cart_order_key"], change="cancel")


def alarms(shop: BenchShop) -> list[Document]:
    return [line for line in shop.log() if "is cancelled in the cart" in line["message"]]


@pytest.mark.parametrize("status", ["working", "inspected"])
def test_sts_06_a_line_cancelled_while_the_parcel_is_made_is_reported_once(
    bench: Bench, status: str
) -> None:
    shop = under_way(bench, "thebase", status, "free_shipping_blank_method")
    before = shop.only()
    gone = shop.order(before["cart_order_key"])["order_items"][1]["order_item_id"]
    shop.place(before["cart_order_key"], change="cancel_line", order_item_id=gone)

    shop.scheduled("sync_status")
    shop.scheduled("sync_status")

    told = [line for line in shop.log() if "lines cancelled in the cart" in line["message"]]
    assert [(line["needs_person"], str(gone) in line["message"]) for line in told] == [(True, True)]
    assert shop.only() == before


def release(shop: BenchShop, number: str) -> None:
    shop.command("orders", "release", number, "--reason", "the buyer wants it after all")


@BOTH
@pytest.mark.parametrize("status", ["working", "inspected", "shipped"])
def test_sts_10_a_late_cancellation_changes_nothing_and_is_alarmed_once(
    bench: Bench, cart: str, status: str
) -> None:
    shop = under_way(bench, cart, status)
    before = shop.only()
    cancel(shop)

    first = shop.scheduled("sync_status")
    shop.scheduled("sync_status")
    shop.run("sync_status")

    (alarm,) = alarms(shop)
    assert (alarm["level"], alarm["needs_person"]) == ("error", True)
    assert f"renkei orders cancel {before['number']}" in alarm["message"]
    assert figures(first)[1:3] == (0, 0)
    assert shop.only() == {**before, "cart_cancel": "waiting"}


@BOTH
@pytest.mark.parametrize("seen", [True, False], ids=["sync saw it", "the return finds it"])
def test_sts_10_it_is_not_returned_before_a_person_decided(
    bench: Bench, cart: str, seen: bool
) -> None:
    shop = under_way(bench, cart, "shipped")
    cancel(shop)
    if seen:
        shop.run("sync_status")

    runs = [shop.run("return_shipments") for _ in range(2)]
    shop.run("sync_status")

    assert [figures(run) for run in runs] == [("succeeded", 0, 0, 1)] * 2
    assert "orders release" in reasons(runs[0])[shop.only()["cart_order_key"]]
    assert len(alarms(shop)) == 1
    assert shop.effects(*SENT) == []
    assert shop.only()["api_status"] != "tracking_returned"
    assert bench.renkei.read("dead", "list") == []


@BOTH
def test_sts_10_a_person_may_cancel_what_was_shipped_and_nothing_is_sent(
    bench: Bench, cart: str
) -> None:
    shop = under_way(bench, cart, "shipped")
    early = bench.renkei("orders", "cancel", shop.only()["number"])
    cancel(shop)
    shop.run("sync_status")
    on_hand = [row["on_hand"] for row in bench.renkei.read("stock", "list")]

    shop.command("orders", "cancel", shop.only()["number"])

    assert early.code == 1
    assert shop.only()["status"] == "cancelled"
    assert [row["on_hand"] for row in bench.renkei.read("stock", "list")] == on_hand
    assert shop.run("return_shipments")["items"] == []
    assert shop.effects(*SENT) == []


def test_sts_10_released_it_goes_to_the_cart_but_is_never_settled(bench: Bench) -> None:
    shop = under_way(bench, "shopserve", "working")
    cancel(shop)
    shop.run("sync_status")
    number = shop.only()["number"]
    silent = bench.renkei("orders", "release", number)
    release(shop, number)
    shop.ship(shop.only())

    run = shop.run("return_shipments")

    assert silent.code == 1
    assert "say why" in silent.err
    assert shop.calls("settlement.request") == 0
    assert shop.calls("deliveries.shipping") == 1  # the cart refuses it, and says so
    assert "キャンセルされた注文" in reasons(run)[shop.only()["cart_order_key"]]
    (entry,) = bench.column("select detail from audit where did = 'orders.release'")
    assert (entry["cart_cancel"], entry["why"]) == ("overruled", "the buyer wants it after all")
    assert len(alarms(shop)) == 1


def test_sts_10_base_is_told_nothing_of_what_it_cancelled_itself(bench: Bench) -> None:
    shop = under_way(bench, "thebase", "shipped")
    cancel(shop)
    shop.run("sync_status")
    release(shop, shop.only()["number"])

    run = shop.run("return_shipments")

    assert figures(run) == ("succeeded", 1, 0, 0)
    assert shop.only()["api_status"] == "tracking_returned"
    assert shop.effects(*SENT) == []
    assert "is cancelled in BASE: nothing to return" in shop.messages()


def test_sts_10_a_cancellation_taken_back_lets_it_go_on(bench: Bench) -> None:
    shop = under_way(bench, "shopserve", "shipped")
    key = shop.only()["cart_order_key"]
    cancel(shop)
    shop.run("sync_status")
    alive = {"cancel": "No", "folder": "Ledger", "settlement_status": "Authorized"}
    shop.place(key, change="patch", overrides={"basic": alive})

    shop.run("sync_status")
    run = shop.run("return_shipments")

    assert figures(run) == ("succeeded", 1, 0, 0)
    assert len(shop.effects("settlement_requested", "delivery_shipped")) == 2
    assert "no longer cancelled" in shop.messages()


def test_sts_10_each_part_of_a_split_order_goes_its_own_way(bench: Bench) -> None:
    shop = under_way(bench, "shopserve", "awaiting_shipment", "three_destinations")
    first, second, third = shop.orders()
    shop.ship(first)
    shop.run("return_shipments")
    shop.command("orders", "work", second["number"])
    cancel(shop)

    shop.run("sync_status")
    shop.command("orders", "ship", second["number"], "--method", "m", "--tracking", "400012345678")
    shop.run("return_shipments")

    assert [order["status"] for order in shop.orders()] == ["shipped", "shipped", "cancelled"]
    assert [alarm["message"].split()[1] for alarm in alarms(shop)] == [second["number"]]
    assert len(shop.effects("settlement_requested")) == len(shop.effects("delivery_shipped")) == 1
    assert third["status"] == "awaiting_shipment"


def test_sts_10_shipping_what_nobody_decided_about_says_so(bench: Bench) -> None:
    shop = under_way(bench, "shopserve", "working")
    cancel(shop)
    shop.run("sync_status")
    number = shop.only()["number"]

    told = bench.renkei(
        "orders", "ship", number, "--method", "m", "--tracking", "400012345678", "--json"
    )

    assert f"renkei orders cancel {number} --shop {shop.key}" in told.err


@BOTH
@pytest.mark.parametrize("end", ["cancel", "return"])
def test_cls_4_what_failed_about_an_order_is_closed_when_a_person_ends_it(
    bench: Bench, cart: str, end: str
) -> None:
    """CLS-4, STS-10: nobody tries it again, so it would stay open for good."""
    shop = under_way(bench, cart, "shipped")
    bench.sql("update instructions set shipped_method = 'nobody knows it'")
    shop.run("return_shipments")
    failed = [letter["action"] for letter in bench.renkei.read("dead", "list")]
    if end == "cancel":
        cancel(shop)
        shop.run("sync_status")

    shop.command("orders", end, shop.only()["number"])

    assert failed == ["return_shipments"]
    assert [letter["state"] for letter in bench.renkei.read("dead", "list")] == ["closed"]


@pytest.mark.parametrize("hold", [False, True], ids=["only that", "and a person's"])
def test_sts_09_a_card_in_error_that_is_granted_later_is_paid_and_released(
    bench: Bench, hold: bool
) -> None:
    shop = bench.shop("shopserve")
    key = shop.add("card_error")
    shop.run("import_orders")
    waiting = shop.only()
    if hold:
        shop.command("orders", "hold", waiting["number"], "--reason", "要確認", "--note", "ask")
    shop.run("sync_status")
    assert (shop.only()["payment"], shop.only()["status"]) == ("unpaid", "hold")
    shop.place(key, change="set_settlement", status="Authorized")

    shop.run("sync_status")

    after = shop.only()
    assert after["payment"] == "paid"
    expected = ("hold", ["要確認"]) if hold else ("awaiting_shipment", [])
    assert (after["status"], after["hold_reasons"]) == expected
