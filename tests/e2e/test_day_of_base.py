"""A day of a BASE shop through the command line, judged by the cart's own effect log."""

from collections import Counter

from simulator.client import Document
from simulator.seed.thebase_recipes import EVERYDAY
from tests.e2e.coming_back import go_and_come_back
from tests.e2e.installation import Merchant, Shop, tracking_of, wait_for

ON_HAND = 500
WRITES = ("orders.edit_status", "items.edit_stock")
ACTIONS = ("import_orders", "sync_status", "return_shipments", "sync_stock")
ONE_COMPANY = "two_methods_of_one_company"


def test_a_day_of_base_is_what_the_cart_says_it_is(merchant: Merchant) -> None:
    """IMP-5, IMP-9 to IMP-14, IMP-17, IMP-19, STS-2, STS-5, RET-3, STK-1, STK-3, SHP-1."""
    recipes = (*EVERYDAY, ONE_COMPANY)
    shop = merchant.shop("thebase", orders=len(recipes), recipes=recipes, variations=0.3)
    shop.map_items()
    merchant.stock_up(shop.simulated.items, ON_HAND)
    for method in ("宅急便コンパクト", "宅急便80サイズ"):
        shop.translate(method, "クロネコヤマト")
    facts = shop.facts()

    import_everything(shop, facts)
    facts += import_partly_cancelled(shop)
    what_the_warehouse_needs(shop)
    go_and_come_back(shop)
    cancelled = pay_and_cancel(shop, facts)
    ship_everything(shop, cancelled)
    push_stock(shop)
    nothing_is_left_to_write(shop)


def import_everything(shop: Shop, facts: list[Document]) -> None:
    run = shop.run("import_orders")

    orders = shop.orders()
    assert run["succeeded"] == len(facts) > 20
    assert Counter(order["cart_order_key"] for order in orders) == {
        fact["key"]: 1 if fact["recipe"] == ONE_COMPANY else fact["instructions"] for fact in facts
    }
    assert sum(o["total_yen"] for o in orders) == sum(fact["total_yen"] for fact in facts)
    paid = {o["cart_order_key"] for o in orders if o["payment"] == "paid"}
    assert paid == {fact["key"] for fact in facts if fact["paid"]}
    assert all(order["recipient"]["name"] for order in orders)
    secured = {r["sku"]: r["secured"] for r in shop.merchant.quick("stock", "list") if r["secured"]}
    assert secured == sum((Counter(fact["skus"]) for fact in facts), Counter())
    listed = {item["key"] for item in run["items"] if item["state"] == "skipped"}
    assert listed == {f["key"] for f in shop.simulator.orders(shop.key) if f["refusal"]}


def import_partly_cancelled(shop: Shop) -> list[Document]:
    """The merchant wants partly cancelled orders, too: the next run takes them."""
    waiting = [f for f in shop.simulator.orders(shop.key) if f["refusal"] == "partly_cancelled"]
    shop.merchant.ok("shop", "set", shop.key, "import_partly_cancelled=on")

    run = shop.run("import_orders")

    taken = {fact["key"]: fact for fact in waiting}
    assert run["succeeded"] == len(taken) == 2
    orders = [order for order in shop.orders() if order["cart_order_key"] in taken]
    assert sum(order["total_yen"] for order in orders) == sum(f["total_yen"] for f in waiting)
    pieces = Counter({key: sum(fact["skus"].values()) for key, fact in taken.items()})
    for order in orders:
        pieces[order["cart_order_key"]] -= sum(line["quantity"] for line in order["lines"])
    assert not +pieces
    return waiting


def what_the_warehouse_needs(shop: Shop) -> None:
    """Day, slot and remarks are the cart's; two methods of one company are one parcel."""
    for order in shop.orders():
        told = shop.simulator.order(shop.key, order["cart_order_key"])["order"]
        assert order["wished_date"] == (told["delivery_date"] or "")
        assert order["wished_time"] == (told["delivery_time_zone"] or "")
        assert order["remarks"] == told["remark"]
    (parcel,) = [o for o in shop.orders() if len(o["methods"]) > 1]
    assert parcel["number"] == parcel["cart_order_key"]
    assert parcel["methods"] == ["宅急便80サイズ", "宅急便コンパクト"]
    assert (parcel["delivery_method"], parcel["shipping_fee_yen"]) == ("宅急便80サイズ", 1800)


def pay_and_cancel(shop: Shop, facts: list[Document]) -> str:
    """Money comes in, one order is cancelled."""
    for fact in facts:
        if not fact["paid"]:
            shop.change(fact["key"], "pay")
    cancelled = str(next(fact["key"] for fact in facts if fact["recipe"] == "paypay"))
    shop.change(cancelled, "cancel")

    shop.run("sync_status")

    statuses = Counter(order["status"] for order in shop.orders())
    assert statuses == {"awaiting_shipment": len(shop.orders()) - 1, "cancelled": 1}
    assert {order["payment"] for order in shop.orders()} == {"paid"}
    return cancelled


def ship_everything(shop: Shop, cancelled: str) -> None:
    orders = [o for o in shop.orders() if o["cart_order_key"] != cancelled]
    shop.merchant.ok("orders", "allocate", *(o["number"] for o in orders), "--shop", shop.key)
    shop.carries("クロネコヤマト")
    shop.ship(orders[1:])
    shop.run("return_shipments")
    late_is_returned_by_the_next_run(shop, orders[0])

    deferred = {o["cart_order_key"] for o in orders if o["payment_method"] == "atobarai"}
    sent = {e["key"]: e["tracking_number"] for e in shop.effects("line_dispatched")}
    assert sent == {
        line["custom"]["1"]: tracking_of(order).replace("-", "")
        for order in orders
        for line in order["lines"]
        if order["cart_order_key"] not in deferred
    }
    assert len(shop.effects("line_dispatched")) == len(sent)
    assert Counter(e["key"] for e in shop.effects("atobarai_shipping")) == Counter(deferred)
    after = {
        o["cart_order_key"]: shop.simulator.order(shop.key, o["cart_order_key"])["order"]
        for o in orders
    }
    assert {key: order["dispatch_status"] for key, order in after.items()} == {
        key: "shipping" if key in deferred else "dispatched" for key in after
    }
    assert {o["api_status"] for o in shop.orders() if o["status"] == "shipped"} == {
        "tracking_returned"
    }


def late_is_returned_by_the_next_run(shop: Shop, order: Document) -> None:
    """RET-1: a parcel of three days ago, recorded when the runs of its days were long over."""
    shop.ship([order], days_ago=3)
    waiting = shop.merchant.quick("orders", "list", "--unreturned", "--shop", shop.key)

    run = shop.run("return_shipments")

    assert [row["number"] for row in waiting] == [order["number"]]
    assert run["succeeded"] == 1
    assert shop.merchant.quick("orders", "list", "--unreturned", "--shop", shop.key) == []


def push_stock(shop: Shop) -> None:
    # The cancelled BASE order's pieces come back by a recalculation that beat starts (STS-5).
    wait_for(lambda: all(r["secured"] == 0 for r in shop.merchant.quick("stock", "list")))
    shop.run("sync_stock")

    free = {row["sku"]: row["free"] for row in shop.merchant.quick("stock", "list")}
    held = {row["sku"]: row["quantity"] for row in shop.simulator.stock(shop.key)}
    sold: Counter[str] = Counter()
    for order in shop.orders():
        for line in order["lines"]:
            sold[line["sku"]] += line["quantity"] if order["status"] == "shipped" else 0
    assert held == free == {sku: ON_HAND - sold[sku] for sku in held}


def nothing_is_left_to_write(shop: Shop) -> None:
    before = writes(shop)

    runs = [shop.run(action) for action in ACTIONS]

    assert writes(shop) == before
    assert [(run["succeeded"], run["failed"]) for run in runs] == [(0, 0)] * len(ACTIONS)
    assert shop.merchant.quick("dead", "list") == []


def writes(shop: Shop) -> Document:
    return {endpoint: shop.simulator.calls(shop.key, endpoint) for endpoint in WRITES}
