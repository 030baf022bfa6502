"""Shops that are removed and come back, with orders under way (STK-8, SHP-1)."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.postgres.engine import items
from adapters.postgres.engine.items import Ending
from domain.engine.runs import ItemState
from domain.errors import LeaseLost
from simulator.client import Document
from tests.component.command_line import Answer
from tests.component.engine_bench import CARRIER, Bench, BenchShop, figures
from workers.engine import executor, planner

CARTS = ("shopserve", "thebase")
RECIPE = {"shopserve": "card", "thebase": "paypay"}
TOLD = {"shopserve": "delivery_shipped", "thebase": "line_dispatched"}
ABANDON = ("--abandon", "--reason", "it moves")


def add(shop: BenchShop, key: str, *words: str) -> Answer:
    """Add the shop's account once more."""
    seen = shop.simulated
    given = ("shop", "add", key, "--cart", seen.cart, "--name", key, "--api-url", seen.api_url)
    return shop.bench.renkei(
        *given, "--secrets-stdin", "--json", *words, stdin=json.dumps(seen.secrets)
    )


def paid_orders(bench: Bench, cart: str, count: int) -> BenchShop:
    """Open a shop whose orders are imported, confirmed and ready to ship."""
    shop = bench.shop(cart, *[RECIPE[cart]] * count)
    shop.run("import_orders")
    if cart == "shopserve":
        shop.run("confirm_orders")
    shop.carries(CARRIER[cart])
    shop.stock_up()
    return shop


def told_of(cart: str, order: Document) -> list[Document]:
    """Return what the cart is told of a shipped order: BASE hears of every line."""
    return list(order["lines"]) if cart == "thebase" else [order]


@pytest.mark.parametrize("cart", CARTS)
def test_shp_01_a_shop_with_open_work_is_removed_with_a_reason_only(
    bench: Bench, cart: str
) -> None:
    shop = paid_orders(bench, cart, 3)
    shop.ship(shop.orders()[0])

    refused = bench.renkei("shop", "remove", shop.key)
    gone = bench.renkei.read("shop", "remove", shop.key, *ABANDON)

    assert refused.code == 1
    assert "waiting for shipment: 2, orders shipped that the cart does not know: 1;" in refused.err
    assert gone["abandoned"] == {"runs": 0, "waiting": 2, "unreturned": 1, "effects": 0}
    assert {order["shop_removed"] for order in shop.orders()} == {True}
    secured = sum(row["secured"] for row in bench.renkei.read("stock", "list"))
    assert secured == sum(line["quantity"] for o in shop.orders()[1:] for line in o["lines"])


@pytest.mark.parametrize("cart", CARTS)
def test_shp_01_a_shop_comes_back_with_its_orders_and_cursor(bench: Bench, cart: str) -> None:
    """Nothing stands twice, what came meanwhile is there, what was shipped is told."""
    shop = paid_orders(bench, cart, 2)
    before, cursor = shop.orders(), shop.cursor()
    bench.renkei.ok("shop", "remove", shop.key, *ABANDON)
    warned = shop.ship(before[0], "--json").json
    meanwhile = shop.add(RECIPE[cart])

    back = add(shop, shop.key).json
    run = shop.run("import_orders")
    shown = shop.command("orders", "show", before[1]["number"])
    shop.ship(before[1])
    told = shop.run("return_shipments")

    assert "its cart will not hear of" in warned["warnings"][0]
    assert back["key"] == shop.key
    assert run["succeeded"] == 1
    keys = [order["cart_order_key"] for order in shop.orders()]
    assert sorted(keys) == sorted({*(order["cart_order_key"] for order in before), meanwhile})
    assert shown.code == 0
    assert figures(told)[:3] == ("succeeded", 2, 0)
    assert len(shop.effects(TOLD[cart])) == sum(len(told_of(cart, order)) for order in before)
    assert cursor is not None
    assert (shop.cursor() or cursor) >= cursor
    assert {order["shop_removed"] for order in shop.orders()} == {False}
    assert bench.renkei.read("shop", "list", "--removed") == []
    assert shop.messages().count("再登録されました") == 1


@pytest.mark.parametrize("cart", CARTS)
def test_shp_01_a_new_key_renames_the_shop_with_its_history(bench: Bench, cart: str) -> None:
    shop = paid_orders(bench, cart, 1)
    before = shop.only()
    bench.renkei.ok("shop", "remove", shop.key, *ABANDON)

    assert add(shop, "renamed").code == 0
    run = BenchShop(bench, replace(shop.simulated, key="renamed")).run("import_orders")

    (order,) = bench.renkei.read("orders", "list")
    assert (order["shop"], order["number"]) == ("renamed", before["number"])
    assert run["shop"] == "renamed"
    assert {line["shop"] for line in bench.renkei.read("log", "list")} == {"renamed"}
    assert {one["shop"] for one in bench.renkei.read("runs", "list")} == {"renamed"}


def test_stk_08_a_second_shop_with_tokens_of_the_first_never_works(bench: Bench) -> None:
    """One of another merchant is not told whose the account is; one of the same is."""
    shop = paid_orders(bench, "thebase", 1)
    bench.renkei.ok("merchant", "add", "rival", "--name", "R")
    add(shop, "twin")
    add(shop, "theirs", "--merchant", "rival")
    before = shop.calls()

    twin = asked(bench, "twin", "import_orders")
    theirs = asked(bench, "theirs", "sync_stock", "--merchant", "rival")

    assert twin["state"] == theirs["state"] == "failed"
    assert f"added already, as {shop.key}" in twin["reason"]
    assert "added to this installation already" in theirs["reason"]
    assert shop.key not in theirs["reason"]
    assert shop.calls() == before + shop.calls("users.me") == before + 2
    assert bench.renkei.read("shop", "show", "twin")["parked"] is True
    assert [o["shop"] for o in bench.renkei.read("orders", "list")] == [shop.key]
    log = bench.renkei.read("log", "list", "--shop", "twin")
    assert [line["level"] for line in log if line["needs_person"]] == ["error"]
    tested = bench.renkei("shop", "test", "twin")
    assert (tested.code, f"as {shop.key}" in tested.err) == (1, True)


def test_stk_08_the_first_of_two_can_be_removed_for_the_second(bench: Bench) -> None:
    shop = paid_orders(bench, "thebase", 1)
    add(shop, "twin")
    asked(bench, "twin", "import_orders")
    bench.renkei.ok("shop", "remove", shop.key, *ABANDON)

    tested = bench.renkei.read("shop", "test", "twin")
    bench.renkei.ok("shop", "unpark", "twin")
    run = asked(bench, "twin", "import_orders")

    assert tested["ok"] is True
    assert (run["state"], run["succeeded"]) == ("succeeded", 0)
    assert [order["shop"] for order in bench.renkei.read("orders", "list")] == ["twin"]


def test_shp_01_what_is_said_of_a_base_shop_before_it_is_known_counts(bench: Bench) -> None:
    """The rest is what it was; what was switched off or parked stays so."""
    shop = paid_orders(bench, "thebase", 1)
    one, two, three = (str(row["item"]) for row in shop.simulated.items[:3])
    shop.map_items(shop.simulated.items[:2])
    for words in (
        ("robot", "set", shop.key, "sync_status", "--off", "--every", "90s"),
        ("shop", "set", shop.key, "overlap_s=60", "default_method=古い便"),
        ("method", "set", "--shop", shop.key, "--method", "m", "--carrier", "佐川急便"),
        ("shop", "remove", shop.key, *ABANDON),
    ):
        bench.renkei.ok(*words)
    add(shop, "back")
    for words in (
        ("shop", "set", "back", "overlap_s=30", "split_by=method"),
        ("robot", "set", "back", "sync_stock", "--every", "77s"),
        ("shop", "park", "back", "--action", "return_shipments"),
        ("mapping", "set", "--shop", "back", "--item", two, "--sku", "NEW"),
        ("mapping", "set", "--shop", "back", "--item", three, "--sku", "NEW"),
    ):
        bench.renkei.ok(*words)

    asked(bench, "back", "import_orders")

    now = bench.renkei.read("shop", "show", "back")
    assert (now["overlap_s"], now["split_by"], now["default_method"]) == (30, "method", "古い便")
    assert now["parked_actions"] == ["return_shipments"]
    robots = {robot["action"]: robot for robot in now["robots"]}
    assert (robots["sync_status"]["cadence"], robots["sync_status"]["enabled"]) == ("90s", False)
    assert robots["sync_stock"]["cadence"] == "77s"
    mapped = {row["item"]: row["sku"] for row in bench.renkei.read("mapping", "list")}
    assert mapped == {one: shop.simulated.items[0]["sku"], two: "NEW", three: "NEW"}
    assert "m" in {row["method"] for row in bench.renkei.read("method", "list")}


def test_ret_07_a_carrier_nobody_could_check_stays_unchecked_when_a_base_shop_is_back(
    bench: Bench,
) -> None:
    shop = paid_orders(bench, "thebase", 1)
    words = ("method", "set", "--method", "m", "--shop")
    bench.renkei.ok(*words, shop.key, "--carrier", "佐川急便")
    bench.renkei.ok("shop", "remove", shop.key, *ABANDON)
    add(shop, "back")
    with bench.fault("drop", when="before", endpoint="delivery_companies"):
        bench.renkei.ok(*words, "back", "--carrier", "ペリカン便")

    asked(bench, "back", "import_orders")

    (row,) = [row for row in bench.renkei.read("method", "list") if row["method"] == "m"]
    assert (row["shop"], row["carrier"], row["checked"]) == ("back", "ペリカン便", False)


def test_shp_01_what_a_worker_held_of_a_removed_shop_is_void_when_it_is_back(bench: Bench) -> None:
    shop = bench.shop("shopserve", "card")
    asked_run = bench.renkei.read("run", "import_orders", "--shop", shop.key)
    planner.plan_run(bench.process, asked_run["id"])
    (item_id,) = bench.column("select id from run_items where state = 'queued'")
    with bench.process.autocommit.connect() as connection:
        held = items.claim(connection, item_id)
    assert held is not None
    bench.renkei.ok("shop", "remove", shop.key, *ABANDON)
    add(shop, shop.key)

    with pytest.raises(LeaseLost), bench.process.database.begin() as connection:
        items.end(connection, held, Ending(ItemState.SUCCEEDED))
    executor.work_on(bench.process, item_id)
    run = shop.run("import_orders")

    assert (run["succeeded"], len(shop.orders())) == (1, 1)


def test_shp_01_a_charge_in_doubt_is_counted_and_not_made_again_when_the_shop_is_back(
    bench: Bench,
) -> None:
    shop = paid_orders(bench, "shopserve", 1)
    shop.ship_all()
    with bench.fault("drop", when="before", endpoint="settlement.request", count=1):
        shop.run("return_shipments")  # whether the request arrived cannot be told for a while

    refused = bench.renkei("shop", "remove", shop.key)
    bench.renkei.ok("shop", "remove", shop.key, *ABANDON)
    add(shop, shop.key)
    shop.run("return_shipments")
    early = shop.calls("settlement.request")
    bench.later(seconds=120)

    assert "calls whose outcome is not known: 1;" in refused.err
    assert (early, len(shop.effects("settlement_requested"))) == (1, 1)
    assert shop.only()["api_status"] == "tracking_returned"


def test_shp_01_a_base_shop_does_not_come_back_in_the_middle_of_a_refresh(bench: Bench) -> None:
    """The worker that refreshes would not find the row it stores the new token in."""
    shop = paid_orders(bench, "thebase", 1)
    bench.renkei.ok("shop", "remove", shop.key, *ABANDON)
    add(shop, "back")
    bench.sql(
        "update shops set refresh_until = now() + interval '1 hour', refresh_holder = 'w'"
        " where key = 'back'"
    )

    run = asked(bench, "back", "import_orders")
    bench.sql("update shops set refresh_until = null, refresh_holder = null")
    bench.later(seconds=10)

    assert run["state"] == "running"
    assert "is refreshing the token" in run["reason"]
    assert [order["shop"] for order in bench.renkei.read("orders", "list")] == ["back"]
    assert bench.renkei.read("runs", "show", str(run["id"]))["state"] == "succeeded"


@pytest.mark.parametrize("cart", CARTS)
def test_shp_01_a_number_of_a_removed_shop_refuses_no_file(bench: Bench, cart: str) -> None:
    """The same numbers stand in a shop that was removed, under another account, and a live one."""
    shop = bench.shop(cart, RECIPE[cart])
    shop.run("import_orders")
    shop.stock_up()
    number, key = shop.only()["number"], shop.key
    bench.renkei.ok("shop", "remove", key, *ABANDON)
    bench.sql("update shops set account = 'another' where key = :key", key=key)
    add(shop, key)
    shop.run("import_orders", "--from", ago(1), "--to", ago(0))
    assert [o["shop_removed"] for o in shop.orders() if o["number"] == number] == [True, False]

    rows = f"number,method,tracking,date\n{number},宅配便,400000000001,\n"
    done = bench.renkei.read("orders", "import-shipments", "-", stdin=rows)

    assert (done["shipped"], "removed" in str(done["warnings"])) == (1, False)
    assert bench.renkei.read("orders", "show", number)["shop_removed"] is False
    shipped = {o["shop_removed"] for o in shop.orders() if o["status"] == "shipped"}
    assert shipped == {False}


def test_stk_08_a_shop_with_orders_keeps_its_account(bench: Bench) -> None:
    kura, tote = paid_orders(bench, "shopserve", 1), paid_orders(bench, "thebase", 1)
    others = {cart: bench.shop(cart) for cart in CARTS}

    for shop in (kura, tote):
        other = others[shop.simulated.cart].simulated
        words = ("shop", "set", shop.key, "--secrets-stdin")
        refused = bench.renkei(*words, stdin=json.dumps(other.secrets))
        same = bench.renkei(*words, stdin=json.dumps(shop.simulated.secrets))

        assert refused.code == 1
        assert "add it as a shop of its own" in refused.err
        assert same.code == 0, same.err
        shop.run("import_orders")
    moved = bench.renkei("shop", "set", tote.key, "api_url=http://127.0.0.1:1")
    assert moved.code == 1


def asked(bench: Bench, key: str, action: str, *words: str) -> Document:
    """Run an action of a shop and return the run."""
    run = bench.renkei.read("run", action, "--shop", key, *words)
    bench.drain()
    found: Document = bench.renkei.read("runs", "show", str(run["id"]), *words)
    return found


def ago(hours: int) -> str:
    """Return a time that long before now."""
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
