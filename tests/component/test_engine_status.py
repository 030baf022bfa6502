"""Sync status against a real database and both carts (STS-1 to STS-8)."""

import pytest

from simulator.client import Document
from tests.component.engine_bench import Bench, BenchShop, figures, reasons
from workers.engine import planner

BOTH = pytest.mark.parametrize("cart", ["shopserve", "thebase"])
PAID_LATER = {
    "bank_unpaid": {},
    "convenience_unpaid": {},
    "slip_unpaid": {},
    "postal_unpaid": {},
    "bank_atm_paid": {"basic": {"payment_status": "Unpaid"}},
    "free_payment_paid": {"basic": {"payment_status": "Unpaid"}},
}


def imported(bench: Bench, cart: str, *recipes: str) -> BenchShop:
    shop = bench.shop(cart, *recipes)
    shop.run("import_orders")
    return shop


def standing(order: Document) -> tuple[str, str, list[str]]:
    return order["payment"], order["status"], order["hold_reasons"]


def secured(bench: Bench) -> int:
    return sum(row["secured"] for row in bench.renkei.read("stock", "list"))


def test_sts_01_every_prepaid_method_of_the_table_becomes_paid(bench: Bench) -> None:
    shop = bench.shop("shopserve")
    keys = [shop.add(recipe, overrides=wish) for recipe, wish in PAID_LATER.items()]
    shop.run("import_orders")
    before = {order["payment"] for order in shop.orders()}
    for key in keys:
        shop.place(key, change="pay")

    run = shop.run("sync_status")

    assert before == {"unpaid"}
    assert figures(run) == ("succeeded", len(keys), 0, 0)
    assert all(standing(o) == ("paid", "awaiting_shipment", []) for o in shop.orders())


@pytest.mark.parametrize("method", ["DeferredPayment", "NpDeferred"])
def test_sts_01_deferred_methods_become_paid_once_credit_is_granted(
    bench: Bench, method: str
) -> None:
    shop = bench.shop("shopserve")
    key = shop.add("deferred_unauthorised", overrides={"payment": {"method_code": method}})
    shop.run("import_orders")
    shop.run("sync_status")
    waiting = standing(shop.only())
    shop.place(key, change="set_settlement", status="Authorized")

    shop.run("sync_status")

    assert waiting == ("unpaid", "hold", ["入金確認"])
    assert standing(shop.only()) == ("paid", "awaiting_shipment", [])


def test_sts_02_a_base_order_that_left_unpaid_is_paid(bench: Bench) -> None:
    shop = imported(bench, "thebase", "convenience_unpaid", "bank_unpaid")
    for order in shop.orders():
        shop.place(order["cart_order_key"], change="pay")

    run = shop.run("sync_status")

    assert figures(run) == ("succeeded", 2, 0, 0)
    assert all(standing(o) == ("paid", "awaiting_shipment", []) for o in shop.orders())


def test_sts_02_a_transfer_that_fell_short_or_an_unworkable_order_changes_nothing(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase")
    short, unworkable = shop.add("bank_unpaid"), shop.add("convenience_unpaid")
    shop.run("import_orders")
    shop.place(short, change="pay_short")
    shop.place(short, change="patch", overrides={"dispatch_status": "ordered"})
    shop.place(unworkable, change="patch", overrides={"dispatch_status": "unshippable"})

    shop.run("sync_status")

    assert all(standing(o) == ("unpaid", "hold", ["入金確認"]) for o in shop.orders())


def test_sts_03_another_hold_reason_keeps_a_paid_instruction_on_hold(bench: Bench) -> None:
    shop = bench.shop("shopserve")
    key = shop.add("bank_unpaid", overrides={"deliveries": {"0": {"tracking_numbers": []}}})
    shop.run("import_orders")
    shop.place(key, change="pay")

    shop.run("sync_status")

    assert standing(shop.only()) == ("paid", "hold", ["要確認"])


@pytest.mark.parametrize("folder", ["Canceled", "Trash"])
def test_sts_04_a_cancelled_shopserve_order_gives_its_stock_back_in_the_same_transaction(
    bench: Bench, folder: str
) -> None:
    shop = imported(bench, "shopserve", "card")
    shop.place(shop.only()["cart_order_key"], change="cancel", folder=folder)
    before = secured(bench)

    run = shop.run("sync_status")

    assert figures(run) == ("succeeded", 1, 0, 0)
    assert (before > 0, secured(bench)) == (True, 0)
    assert shop.only()["status"] == "cancelled"


def test_sts_04_an_allocation_is_released_and_the_log_says_so(bench: Bench) -> None:
    shop = imported(bench, "shopserve", "card")
    order = shop.only()
    bench.renkei.ok("stock", "set", order["lines"][0]["sku"], "10")
    shop.command("orders", "allocate", order["number"])
    shop.place(order["cart_order_key"], change="cancel")
    written = shop.calls()

    shop.run("sync_status")

    assert (shop.only()["status"], shop.only()["allocated"]) == ("cancelled", False)
    assert "引当を解除" in shop.messages()
    assert shop.calls() - written == shop.calls("orders.search") - 1  # the cart is only read


def test_sts_04_an_order_the_cart_lost_is_only_reported(bench: Bench) -> None:
    shop = imported(bench, "shopserve", "card")
    key = shop.only()["cart_order_key"]
    shop.place(key, change="remove")

    run = shop.run("sync_status")

    assert figures(run) == ("succeeded", 0, 0, 1)
    assert "does not know it" in reasons(run)[key]
    assert shop.only()["status"] == "awaiting_shipment"


def test_sts_05_a_cancelled_base_order_is_cancelled_and_its_stock_counted_anew(
    bench: Bench,
) -> None:
    shop = imported(bench, "thebase", "card")
    shop.place(shop.only()["cart_order_key"], change="cancel")

    shop.run("sync_status")

    assert shop.only()["status"] == "cancelled"
    assert secured(bench) == 0  # the bench counts queued recalculations as beat does


def test_sts_05_an_allocated_base_order_stays_and_needs_attention(bench: Bench) -> None:
    shop = imported(bench, "thebase", "card")
    order = shop.only()
    bench.renkei.ok("stock", "set", order["lines"][0]["sku"], "10")
    shop.command("orders", "allocate", order["number"])
    shop.place(order["cart_order_key"], change="cancel")
    before = secured(bench)

    shop.run("sync_status")

    assert (shop.only()["status"], shop.only()["allocated"]) == ("awaiting_shipment", True)
    assert secured(bench) == before
    (line,) = [line for line in shop.log() if "引当済み" in line["message"]]
    assert line["needs_person"]
    assert order["number"] in line["message"]


@BOTH
def test_sts_06_a_partly_cancelled_order_is_reported_and_other_changes_are_not_taken_over(
    bench: Bench, cart: str
) -> None:
    recipe = "card_points_options" if cart == "shopserve" else "split_two_methods"
    shop = imported(bench, cart, recipe)
    before = shop.orders()
    key = before[0]["cart_order_key"]
    shop.place(key, change="cancel_line")

    run = shop.run("sync_status")

    after = shop.orders()
    assert after == before
    assert run["succeeded"] == 0
    if cart == "thebase":  # ShopServe's lines vanish and have no state of their own
        assert "lines cancelled in the cart" in reasons(run)[key]
        assert any(line["needs_person"] for line in shop.log())


@BOTH
def test_sts_07_an_answer_read_before_the_warehouse_began_undoes_nothing(
    bench: Bench, cart: str
) -> None:
    shop = imported(bench, cart, "card")
    order = shop.only()
    shop.place(order["cart_order_key"], change="cancel")
    asked = bench.renkei.read("run", "sync_status", "--shop", shop.key)
    planner.plan_run(bench.process, asked["id"])  # the cart's answer is read
    shop.stock_up()
    shop.ship(order)

    bench.drain()

    assert shop.only()["status"] == "shipped"
    assert shop.shown(asked["id"])["state"] == "succeeded"


@BOTH
def test_sts_07_a_paid_flag_never_goes_back(bench: Bench, cart: str) -> None:
    shop = imported(bench, cart, "bank_unpaid")
    key = shop.only()["cart_order_key"]
    unpaid = shop.order(key)
    shop.place(key, change="pay")
    shop.run("sync_status")
    shop.place(key, change="patch", overrides=unpaid)

    shop.run("sync_status")

    assert shop.only()["payment"] == "paid"


def test_sts_08_two_hundred_open_base_orders_cost_at_most_five_calls(bench: Bench) -> None:
    shop = bench.shop("thebase", orders=200, recipes=["convenience_unpaid"])
    shop.run("import_orders")
    changed = [order["cart_order_key"] for order in shop.orders()[:3]]

    unchanged = shop.run("sync_status")
    for key in changed:
        shop.place(key, change="pay")
    second = shop.run("sync_status")

    assert (unchanged["calls"], unchanged["succeeded"]) <= (5, 0)
    assert second["succeeded"] == 3
    assert second["calls"] <= 5 + 3
    assert shop.calls("orders.list") <= 13


def test_sts_08_a_changed_bank_transfer_costs_one_detail_more(bench: Bench) -> None:
    shop = bench.shop("thebase", orders=200, recipes=["bank_unpaid"])
    shop.run("import_orders")
    details = shop.calls("orders.detail")
    for order in shop.orders()[:4]:
        shop.place(order["cart_order_key"], change="pay")

    run = shop.run("sync_status")

    assert run["succeeded"] == 4
    assert shop.calls("orders.detail") - details <= 4
    assert run["calls"] <= 5 + 4


def test_sts_08_two_hundred_open_shopserve_orders_cost_at_most_three_calls(bench: Bench) -> None:
    shop = bench.shop("shopserve", orders=200, recipes=["bank_unpaid"])
    shop.run("import_orders")

    run = shop.run("sync_status")

    assert (run["state"], run["items"]) == ("succeeded", [])
    assert run["calls"] <= 3


def test_sts_08_a_few_open_orders_of_a_busy_base_shop_are_read_one_by_one(bench: Bench) -> None:
    shop = bench.shop("thebase", orders=400, plain=True, spread_s=86_400)
    shop.run("import_orders")
    kept = shop.orders()[200]["number"]
    bench.sql("update instructions set status = 'cancelled' where number <> :kept", kept=kept)

    run = shop.run("sync_status")

    assert run["calls"] == 1
