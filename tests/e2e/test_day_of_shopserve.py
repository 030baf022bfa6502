"""A day of a ShopServe shop through the command line, judged by the cart's own effect log."""

from collections import Counter

from simulator.client import Document
from simulator.seed.shopserve_recipes import EVERYDAY
from tests.e2e.coming_back import go_and_come_back
from tests.e2e.installation import Merchant, Shop, tracking_of
from tests.e2e.unknown_payment import known_by_nobody

ON_HAND = 500
WRITES = (
    "orders.status",
    "deliveries.shipping",
    "settlement.request",
    "orders.complete",
    "stock.write",
)
ACTIONS = (
    "import_orders",
    "confirm_orders",
    "sync_status",
    "return_shipments",
    "complete_orders",
    "sync_stock",
)
NEEDS_REQUEST = {"deferred", "deferred_unauthorised", "np_deferred", "paidy"}


def test_a_day_of_shopserve_is_what_the_cart_says_it_is(merchant: Merchant) -> None:
    """IMP-17, IMP-18, CNF-1, CNF-3, STS-1, STS-4, RET-2, CMP-2, STK-1, SHP-1, PAY-1: every kind."""
    shop = merchant.shop("shopserve", orders=len(EVERYDAY), recipes=EVERYDAY, variations=0.3)
    shop.simulator.settings(settlement_requested_after_s=0.0, settlement_scheduled_after_s=0.0)
    shop.map_items()
    merchant.stock_up(shop.simulated.items, ON_HAND)

    facts = shop.facts()

    import_everything(shop, facts)
    go_and_come_back(shop)
    what_the_warehouse_needs(shop)
    cancelled = pay_and_cancel(shop, facts)
    ship_everything(shop, facts, cancelled)
    complete_everything(shop, facts, cancelled)
    known_by_nobody(shop)
    push_stock(shop)
    nothing_is_left_to_write(shop)


def import_everything(shop: Shop, facts: list[Document]) -> None:
    run = shop.run("import_orders")
    confirmed = shop.run("confirm_orders")

    orders = shop.orders()
    keys = {fact["key"] for fact in facts}
    assert run["succeeded"] == confirmed["succeeded"] == len(facts) > 15
    assert Counter(order["cart_order_key"] for order in orders) == {
        fact["key"]: fact["instructions"] for fact in facts
    }
    assert sum(o["total_yen"] for o in orders) == sum(fact["total_yen"] for fact in facts)
    paid = {o["cart_order_key"] for o in orders if o["payment"] == "paid"}
    assert paid == {fact["key"] for fact in facts if fact["paid"]}
    assert Counter(e["key"] for e in shop.effects("order_confirmed")) == Counter(keys)


def what_the_warehouse_needs(shop: Shop) -> None:
    """Day, slot and gift notes are those of the instruction's own destination (IMP-19)."""
    days: Counter[str] = Counter()
    for order in shop.orders():
        told = shop.simulator.order(shop.key, order["cart_order_key"])["order"]
        place = told["deliveries"][order["part"] - 1]
        assert order["wished_date"] == (place["desired_delivery_date"] or "")
        assert order["wished_time"] == (place["desired_delivery_time"] or "")
        assert order["gift"] == (f"のし: {place['noshi']}" if place["noshi"] else "")
        assert order["remarks"] == told["memo"]["customer_note"]
        days[order["cart_order_key"]] += bool(order["wished_date"])
    assert max(days.values()) > 1


def pay_and_cancel(shop: Shop, facts: list[Document]) -> str:
    """Money comes in, credit is granted, numbers are set, one order is cancelled."""
    recipes = {fact["recipe"]: fact for fact in facts}
    for recipe, fact in recipes.items():
        if recipe == "deferred_unauthorised":
            shop.change(fact["key"], "set_settlement", status="Authorized")
        elif not fact["paid"]:
            shop.change(fact["key"], "pay")
        if fact["without_method"]:
            shop.change(fact["key"], "set_tracking")
    cancelled = str(recipes["au_pay"]["key"])
    shop.change(cancelled, "cancel")

    shop.run("sync_status")

    statuses = Counter(order["status"] for order in shop.orders())
    assert statuses == {"awaiting_shipment": len(shop.orders()) - 1, "cancelled": 1}
    assert {order["payment"] for order in shop.orders()} == {"paid"}
    return cancelled


def ship_everything(shop: Shop, facts: list[Document], cancelled: str) -> None:
    orders = [o for o in shop.orders() if o["cart_order_key"] != cancelled]
    shop.merchant.ok("orders", "allocate", *(o["number"] for o in orders), "--shop", shop.key)
    shop.carries("YAMATO")
    shop.ship(orders[1:])
    shop.run("return_shipments")
    late_is_returned_by_the_next_run(shop, orders[0])

    written = {
        (e["key"], e["delivery_no"]): e["tracking_numbers"]
        for e in shop.effects("delivery_shipped")
    }
    assert written == {(o["cart_order_key"], o["part"]): [tracking_of(o)] for o in orders}
    assert len(shop.effects("delivery_shipped", "delivery_shipped_again")) == len(orders)
    cards = {fact["key"] for fact in facts if fact["payment"] == "CreditCard"}
    charged = shop.effects("settlement_requested")
    assert Counter(e["key"] for e in charged) == Counter(cards - {cancelled})
    assert {e["by"] for e in charged} == {"api"}
    first_parcel = {e["key"]: e["seq"] for e in reversed(shop.effects("delivery_shipped"))}
    assert all(e["seq"] < first_parcel[e["key"]] for e in charged)


def late_is_returned_by_the_next_run(shop: Shop, order: Document) -> None:
    """RET-1: a parcel of three days ago, recorded when the runs of its days were long over."""
    shop.ship([order], days_ago=3)
    waiting = shop.merchant.quick("orders", "list", "--unreturned", "--shop", shop.key)

    run = shop.run("return_shipments")

    assert [row["number"] for row in waiting] == [order["number"]]
    assert run["succeeded"] == 1
    assert shop.merchant.quick("orders", "list", "--unreturned", "--shop", shop.key) == []


def complete_everything(shop: Shop, facts: list[Document], cancelled: str) -> None:
    shop.run("complete_orders")
    waiting = {fact["key"] for fact in facts if fact["recipe"] in NEEDS_REQUEST}
    done = {order["cart_order_key"] for order in shop.orders() if order["completed_at"]}
    assert done.isdisjoint(waiting)
    for key in waiting:
        shop.change(key, "set_settlement", status="Requested")

    shop.run("complete_orders")

    everything = {order["cart_order_key"] for order in shop.orders()} - {cancelled}
    assert Counter(e["key"] for e in shop.effects("order_completed")) == Counter(everything)


def push_stock(shop: Shop) -> None:
    shop.run("sync_stock")

    free = {row["sku"]: row["free"] for row in shop.merchant.quick("stock", "list")}
    held = {row["sku"]: row["quantity"] for row in shop.simulator.stock(shop.key)}
    sold: Counter[str] = Counter()
    for order in shop.orders():
        if order["status"] == "shipped":
            sold.update({line["sku"]: 0 for line in order["lines"]})
            for line in order["lines"]:
                sold[line["sku"]] += line["quantity"]
    assert held == free == {sku: ON_HAND - sold[sku] for sku in held}


def nothing_is_left_to_write(shop: Shop) -> None:
    before = writes(shop)

    runs = [shop.run(action) for action in ACTIONS]

    assert writes(shop) == before
    assert [run["failed"] for run in runs] == [0] * len(ACTIONS)
    assert [run["succeeded"] for run in runs] == [0] * len(ACTIONS)
    lines = shop.merchant.quick("log", "list", "--shop", shop.key)
    ends = [line["message"] for line in lines if "アクションが終了しました。" in line["message"]]
    assert len(ends) == len(shop.merchant.quick("runs", "list", "--shop", shop.key))


def writes(shop: Shop) -> Document:
    return {endpoint: shop.simulator.calls(shop.key, endpoint) for endpoint in WRITES}
