"""Import orders against a real database and both carts (IMP-1 to IMP-18)."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from simulator.client import Document
from tests.component.engine_bench import Bench, BenchShop, figures, reasons
from workers.engine import planner

BOTH = pytest.mark.parametrize("cart", ["shopserve", "thebase"])


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def length(run: Document) -> timedelta:
    return moment(run["window"]["to"]) - moment(run["window"]["from"])


def set_cursor(shop: BenchShop, age: str) -> None:
    shop.bench.sql(
        "insert into cursors (shop_id, action, position)"
        " select id, 'import_orders', now() - cast(:age as interval) from shops where key = :key",
        key=shop.key,
        age=age,
    )


def imported(shop: BenchShop) -> set[str]:
    return {order["cart_order_key"] for order in shop.orders()}


def test_imp_01_a_first_shopserve_run_takes_seven_days_and_the_next_begins_at_its_newest_order(
    bench: Bench,
) -> None:
    shop = bench.shop("shopserve")
    shop.add("card", ordered_at=ago(days=8))
    newest = shop.add("card", ordered_at=ago(days=1))

    first = shop.run("import_orders")
    late = shop.add("card", ordered_at=ago(hours=23))
    second = shop.run("import_orders")

    assert length(first) == timedelta(days=7)
    assert imported(shop) == {newest, late}
    ordered_at = moment(
        next(o["ordered_at"] for o in shop.orders() if o["cart_order_key"] == newest)
    )
    assert moment(second["window"]["from"]) == ordered_at - timedelta(minutes=10)


def test_imp_01_a_quiet_shop_is_read_in_calls_of_seven_days_oldest_first(bench: Bench) -> None:
    shop = bench.shop("shopserve")
    set_cursor(shop, "20 days")
    keys = [shop.add("card", ordered_at=ago(days=age)) for age in (19, 12, 2)]

    run = shop.run("import_orders")

    assert imported(shop) == set(keys)
    assert shop.calls("orders.search") == run["calls"] == 3
    assert [item["key"] for item in run["items"]] == keys


def test_imp_01_nothing_before_two_years_is_asked_for(bench: Bench) -> None:
    shop = bench.shop("shopserve")
    set_cursor(shop, "800 days")

    run = shop.run("import_orders")

    assert run["state"] == "succeeded"  # the cart refuses anything older
    assert shop.calls("orders.search") == 105


@pytest.mark.parametrize("ordered", [None, ago(days=3)], ids=["no order yet", "an order"])
def test_imp_02_a_base_run_begins_at_the_start_of_the_last_one_or_at_the_newest_order(
    bench: Bench, ordered: str | None
) -> None:
    """At the earlier of both: an order's time is the cart's, whose clock may be behind ours."""
    shop = bench.shop("thebase")
    if ordered is not None:
        shop.add("card", ordered_at=ordered)

    first = shop.run("import_orders")
    second = shop.run("import_orders")

    assert length(first) == timedelta(days=7, hours=9)
    began = moment(ordered) if ordered is not None else moment(first["window"]["to"])
    gap = began - timedelta(minutes=10) - moment(second["window"]["from"])
    assert timedelta(0) <= gap <= timedelta(seconds=3)  # a Date tells whole seconds


@BOTH
def test_imp_03_a_longer_range_is_cut_into_requests_of_seven_days_and_moves_no_cursor(
    bench: Bench, cart: str
) -> None:
    shop = bench.shop(cart)
    keys = {shop.add("card", ordered_at=ago(days=age)) for age in (24, 15, 3)}

    run = shop.run("import_orders", "--from", ago(days=25), "--to", ago(days=1))

    assert figures(run) == ("succeeded", 3, 0, 0)
    assert imported(shop) == keys
    assert shop.cursor() is None
    assert shop.calls("orders.search") in {4, 0}


@pytest.mark.parametrize(
    ("cart", "since", "until"),
    [
        pytest.param("shopserve", {"days": 1}, {"days": 2}, id="reversed"),
        pytest.param("thebase", {"days": -1}, {"days": -2}, id="in the future"),
        pytest.param("shopserve", {"days": 740}, {"days": 735}, id="older than two years"),
    ],
)
def test_imp_03_a_senseless_range_is_refused_before_a_call_with_the_reason(
    bench: Bench, cart: str, since: dict[str, float], until: dict[str, float]
) -> None:
    shop = bench.shop(cart)
    words = ("--from", ago(**since), "--to", ago(**until), "--json")

    answer = bench.renkei("run", "import_orders", "--shop", shop.key, *words)

    assert answer.code == 2
    assert "range" in answer.err or "2 years" in answer.err
    assert len(answer.err.strip().splitlines()) == 1
    assert (shop.calls(), bench.renkei.read("runs", "list")) == (0, [])


def test_imp_04_a_list_that_was_not_read_to_its_end_moves_nothing(bench: Bench) -> None:
    shop = bench.shop("thebase", orders=150, plain=True)

    with bench.fault("respond", endpoint="orders.list", skip=1, status=400, body='{"error":"x"}'):
        run = shop.run("import_orders")

    assert run["state"] == "failed"
    assert (run["items"], shop.cursor(), shop.orders()) == ([], None, [])
    assert figures(shop.run("import_orders")) == ("succeeded", 150, 0, 0)


@BOTH
def test_imp_04_the_cursor_moves_with_the_list_whatever_becomes_of_its_orders(
    bench: Bench, cart: str
) -> None:
    shop = bench.shop(cart, "card", "card")
    broken = shop.add("card")
    blank = {"deliveries": {"0": {"items": {"0": {"item_code": ""}}}}}
    item = {"order_items": {"0": {"item_identifier": ""}}}
    shop.place(broken, change="patch", overrides=blank if cart == "shopserve" else item)

    run = shop.run("import_orders")

    assert figures(run) == ("partly_failed", 2, 1, 0)
    assert shop.cursor() is not None


@BOTH
def test_imp_04_an_order_of_the_overlap_is_read_again_and_dropped_by_its_key(
    bench: Bench, cart: str
) -> None:
    shop = bench.shop(cart, "card")
    shop.run("import_orders")
    late = shop.add("card", ordered_at=ago(minutes=5))  # it became visible late

    run = shop.run("import_orders")

    assert figures(run) == ("succeeded", 1, 0, 1)
    assert late in imported(shop)
    assert len(shop.orders()) == 2


def test_imp_04_one_run_per_shop_and_action_at_a_time(bench: Bench) -> None:
    shop = bench.shop("thebase", "card")
    words = ("run", "import_orders", "--shop", shop.key)
    first, second = (bench.renkei.read(*words)["id"] for _ in range(2))

    planner.plan_run(bench.process, first)  # its item is not handled yet
    planner.plan_run(bench.process, second)
    assert bench.column("select state from runs order by id") == ["open", "pending"]
    bench.drain()

    assert [run["state"] for run in bench.renkei.read("runs", "list")] == ["succeeded"] * 2
    assert len(shop.orders()) == 1


@pytest.mark.parametrize(
    ("cart", "refused"),
    [
        ("shopserve", ["confirmed_already", "cancelled", "test_order", "completed"]),
        ("thebase", ["partly_dispatched", "dispatched", "cancelled", "unshippable"]),
    ],
)
def test_imp_05_only_open_orders_are_imported_and_imp_08_the_others_listed(
    bench: Bench, cart: str, refused: list[str]
) -> None:
    shop = bench.shop(cart)
    taken = shop.add("card")
    left = [shop.add(recipe) for recipe in refused]

    run = shop.run("import_orders")

    assert imported(shop) == {taken}
    assert reasons(run).keys() <= {taken, *left}
    listed = [item for item in run["items"] if item["key"] in left]
    assert all(item["state"] == "skipped" and item["reason"] for item in listed)
    if cart == "thebase":  # ShopServe's search leaves other folders and confirmed orders out
        assert len(listed) == len(left)
        assert "対応中" in reasons(run)[left[0]]


def test_imp_05_an_order_not_workable_yet_is_looked_at_again_by_its_key(bench: Bench) -> None:
    shop = bench.shop("thebase", "card")
    waiting = shop.add("unshippable", ordered_at=ago(days=2))
    shop.run("import_orders")
    shop.place(waiting, change="make_workable")

    run = shop.run("import_orders")  # its window begins long after the order

    assert figures(run)[:2] == ("succeeded", 1)
    assert waiting in imported(shop)


def take_partly_cancelled(shop: BenchShop) -> None:
    shop.command("shop", "set", shop.key, "import_partly_cancelled=on")


@pytest.mark.parametrize("recipe", ["partly_cancelled", "bank_partly_cancelled"])
def test_imp_05_a_partly_cancelled_order_is_listed_and_taken_once_the_shop_wants_it(
    bench: Bench, recipe: str
) -> None:
    shop = bench.shop("thebase")
    key = shop.add(recipe, ordered_at=ago(days=2))
    first, again = (shop.scheduled("import_orders") for _ in range(2))
    listed = [line for line in shop.log() if key in line["message"]]

    take_partly_cancelled(shop)
    run = shop.scheduled("import_orders")

    assert [figures(each) for each in (first, again, run)] == [
        ("succeeded", 0, 0, 1),
        ("succeeded", 0, 0, 1),  # listed: its window begins at the newest order
        ("succeeded", 1, 0, 0),
    ]
    assert "一部キャンセル" in reasons(first)[key]
    assert [(line["level"], line["needs_person"]) for line in listed] == [("warning", True)]
    assert "import_partly_cancelled=on" in listed[0]["message"]
    assert imported(shop) == {key}


def test_imp_05_a_partly_cancelled_order_is_said_once_and_looked_at_again(bench: Bench) -> None:
    shop = bench.shop("thebase")
    key = shop.add("partly_cancelled", ordered_at=ago(days=2))
    shop.run("import_orders")

    again = shop.run("import_orders")
    for line in shop.order(key)["order_items"]:
        if line["status"] == "ordered":
            shop.place(key, change="dispatch", order_item_id=line["order_item_id"])
    later = shop.run("import_orders")

    assert figures(again) == ("succeeded", 0, 0, 1)
    assert len([line for line in shop.log() if line["needs_person"]]) == 1
    assert "対応済" in reasons(later)[key]
    assert figures(shop.run("import_orders")) == ("succeeded", 0, 0, 1)
    assert len([line for line in shop.log() if line["needs_person"]]) == 1


def test_imp_05_a_line_cancelled_in_the_cart_is_not_taken_over_and_needs_no_code(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase")
    take_partly_cancelled(shop)
    key = shop.add("partly_cancelled")
    shop.place(key, change="patch", overrides={"order_items": {"2": {"item_identifier": None}}})

    shop.run("import_orders")

    live = [line for line in shop.order(key)["order_items"] if line["status"] == "ordered"]
    assert [line["custom"]["1"] for line in shop.only()["lines"]] == [
        str(line["order_item_id"]) for line in live
    ]


def test_imp_05_an_order_imported_before_its_partial_cancellation_goes_on_as_sts_6_says(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase")
    key = shop.add("free_shipping_blank_method")
    shop.run("import_orders")
    gone = shop.order(key)["order_items"][1]["order_item_id"]
    shop.place(key, change="cancel_line", order_item_id=gone)

    shop.run("sync_status")
    again = shop.run("import_orders")
    shop.command(
        "method", "set", "--shop", shop.key, "--method", "送料無料", "--carrier", "クロネコヤマト"
    )
    shop.stock_up()
    shop.ship_all()
    shop.run("return_shipments")

    assert "lines cancelled in the cart" in shop.messages()
    assert figures(again) == ("succeeded", 0, 0, 1)
    sent = [effect["key"] for effect in shop.effects("line_dispatched")]
    assert str(gone) not in sent
    assert len(sent) == 1
    assert shop.only()["api_status"] == "tracking_returned"


@BOTH
def test_imp_06_every_order_is_a_task_with_its_raw_answer(bench: Bench, cart: str) -> None:
    shop = bench.shop(cart, "card")

    shop.run("import_orders")

    (task,) = shop.tasks()
    raw = bench.renkei.read("tasks", "show", str(task["id"]))["raw"]
    assert task["instructions"] == [shop.only()["number"]]
    assert raw == shop.order(task["key"]) | (
        {"serial_code": task["key"]} if cart == "shopserve" else {}
    )


def test_imp_06_a_conversion_is_repeated_from_the_stored_raw_answer(bench: Bench) -> None:
    shop = bench.shop("shopserve", "card", variations=1)
    shop.run("import_orders")
    (task,) = shop.tasks()
    calls = shop.calls()
    shop.place(task["key"], change="remove")
    shop.map_items()

    bench.renkei.read("tasks", "convert", str(task["id"]))
    bench.drain()

    assert shop.only()["cart_order_key"] == task["key"]
    assert shop.calls() == calls


def test_imp_06_what_waited_for_a_setting_is_converted_from_the_stored_answer(
    bench: Bench,
) -> None:
    """IMP-5, IMP-10 and IMP-19 need nothing that the raw answer does not tell."""
    shop = bench.shop("thebase")
    key = shop.add("split_partly_cancelled")
    wished = {"delivery_date": "2026-12-24", "delivery_time_zone": "1416", "remark": "玄関先に"}
    shop.place(key, change="patch", overrides=wished)
    shop.run("import_orders")
    set_company(shop, "宅配便60サイズ", "ネコポス")
    take_partly_cancelled(shop)
    calls, (task,) = shop.calls(), shop.tasks()

    bench.renkei.read("tasks", "convert", str(task["id"]))
    bench.drain()

    one = shop.only()
    assert (task["state"], shop.calls()) == ("waiting", calls)
    assert (one["number"], one["methods"]) == (key, ["宅配便60サイズ", "ネコポス"])
    told = (one["wished_date"], one["wished_time"], one["remarks"])
    assert told == ("2026-12-24", "1416", "玄関先に")


@BOTH
def test_imp_07_an_order_imported_before_is_skipped_and_not_overwritten(
    bench: Bench, cart: str
) -> None:
    shop = bench.shop(cart, "card")
    shop.run("import_orders")
    before = shop.only()
    address = {"deliveries": {"0": {"name": "別人"}}, "last_name": "別人"}
    shop.place(before["cart_order_key"], change="patch", overrides=_of(cart, address))

    run = shop.run("import_orders")

    assert figures(run) == ("succeeded", 0, 0, 1)
    assert shop.only() == before


def _of(cart: str, overrides: Document) -> Document:
    ours = {"deliveries"} if cart == "shopserve" else overrides.keys() - {"deliveries"}
    return {name: value for name, value in overrides.items() if name in ours}


@BOTH
def test_imp_08_nothing_seen_is_left_out_of_the_run(bench: Bench, cart: str) -> None:
    shop = bench.shop(cart, orders=60)

    run = shop.run("import_orders")

    facts = {fact["key"]: fact for fact in bench.simulator.orders(shop.key)}
    seen = {item["key"]: item for item in run["items"]}
    taken = {key for key, fact in facts.items() if not fact["refusal"]}
    assert taken <= seen.keys()
    assert {key for key, item in seen.items() if item["state"] == "succeeded"} == taken
    assert all(item["reason"] for item in seen.values() if item["state"] == "skipped")


def test_imp_09_a_pay_id_order_goes_to_its_buyer(bench: Bench) -> None:
    shop = bench.shop("thebase", "pay_id_blank_recipient")

    shop.run("import_orders")

    order = shop.only()
    assert order["recipient"]["name"]
    assert order["recipient"] == {name: order["buyer"][name] for name in order["recipient"]}


def test_imp_10_each_unknown_method_is_an_instruction_numbered_by_its_first_line(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase")
    whole, split = shop.add("card"), shop.add("split_three_methods")

    shop.run("import_orders")

    parts = [order for order in shop.orders() if order["cart_order_key"] == split]
    assert [order["number"] for order in parts] == [f"{split}-{part}" for part in (1, 2, 3)]
    assert len({order["delivery_method"] for order in parts}) == 3
    assert [order["number"] for order in shop.orders() if order["cart_order_key"] == whole] == [
        whole
    ]


def test_imp_10_a_remaining_second_group_keeps_its_number(bench: Bench) -> None:
    shop = bench.shop("thebase")
    take_partly_cancelled(shop)
    key = shop.add("split_two_methods")
    first = shop.order(key)["shipping_lines"][0]["order_item_ids"]
    for line in first:
        shop.place(key, change="cancel_line", order_item_id=int(line))

    shop.run("import_orders")

    assert [(order["number"], order["part"]) for order in shop.orders()] == [(f"{key}-2", 2)]


def set_company(shop: BenchShop, *methods: str, company: str = "クロネコヤマト") -> None:
    for method in methods:
        words = ("method", "set", "--shop", shop.key, "--method", method)
        shop.command(*words, "--carrier", company)


def methods_of(shop: BenchShop, key: str) -> list[tuple[str, str, list[str]]]:
    return [
        (order["number"].removeprefix(key), order["delivery_method"], order["methods"])
        for order in shop.orders()
        if order["cart_order_key"] == key
    ]


def test_imp_10_methods_of_one_company_make_one_instruction_with_all_fees(bench: Bench) -> None:
    shop = bench.shop("thebase")
    set_company(shop, "宅配便60サイズ", "ネコポス")
    key = shop.add("split_two_methods")

    shop.run("import_orders")

    assert methods_of(shop, key) == [("", "宅配便60サイズ", ["宅配便60サイズ", "ネコポス"])]
    one, cart = shop.only(), shop.order(key)
    assert (one["total_yen"], one["shipping_fee_yen"]) == (cart["total"], cart["shipping_fee"])
    assert one["shipping_fee_yen"] == 1280
    assert f"{key}: 配送方法は 宅配便60サイズ" in shop.messages()
    assert "ネコポス" in shop.messages()


def test_imp_10_a_shop_may_split_by_method_from_the_next_run_on(bench: Bench) -> None:
    shop = bench.shop("thebase")
    set_company(shop, "宅配便60サイズ", "ネコポス")
    whole = shop.add("split_two_methods")
    shop.run("import_orders")
    shop.command("shop", "set", shop.key, "split_by=method")
    split = shop.add("split_two_methods")

    shop.run("import_orders")

    assert [number for number, _, _ in methods_of(shop, whole)] == [""]
    assert [number for number, _, _ in methods_of(shop, split)] == ["-1", "-2"]


@pytest.mark.parametrize("kept", ["with its task", "with its instructions"])
def test_imp_10_a_split_once_used_is_used_again_whatever_the_table_says_now(
    bench: Bench, kept: str
) -> None:
    shop = bench.shop("thebase")
    key = shop.add("split_three_methods")
    shop.run("import_orders")
    before = methods_of(shop, key)
    bench.sql(
        "delete from instruction_lines where instruction_id = any(select id from instructions"
        " where part > 1)"
    )
    bench.sql("delete from instructions where part > 1")
    bench.sql("update import_tasks set state = 'listed'")
    if kept == "with its instructions":
        bench.sql("update import_tasks set split = null")
    set_company(shop, "ネコポス", "クール便", company="日本郵便")
    (task,) = shop.tasks()

    bench.renkei.read("tasks", "convert", str(task["id"]))
    bench.drain()

    if kept == "with its task":
        assert methods_of(shop, key) == before
    else:  # what is left tells the rest apart: part 1 is never split or joined again
        assert [number for number, _, _ in methods_of(shop, key)] == ["-1", "-2"]


def test_imp_10_an_order_whose_split_was_lost_and_depends_on_the_table_is_on_hold(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase")
    set_company(shop, "宅配便60サイズ", "ネコポス")
    shop.add("no_item_code")
    shop.run("import_orders")
    bench.sql("update import_tasks set lost_time = true")  # as `db restored` finds it (PLC-2)
    key = shop.tasks()[0]["key"]
    lines = shop.order(key)["order_items"]
    cart = {"order_items": {"0": {"item_identifier": "X-1", "shipping_method": "ネコポス"}}}
    shop.place(key, change="patch", overrides=cart)

    shop.run("import_orders")

    assert len(lines) == 2
    (one,) = shop.orders()
    assert (one["status"], one["hold_reasons"]) == ("hold", ["要確認"])
    assert "lost" in one["holds"][0]["text"]


def test_imp_11_a_blank_method_is_filled_unless_the_shop_does_not_want_it(bench: Bench) -> None:
    shop = bench.shop("thebase", "free_shipping_blank_method")
    shop.run("import_orders")
    shop.command("shop", "set", shop.key, "default_method=")
    shop.add("free_shipping_blank_method")

    shop.run("import_orders")

    assert [order["delivery_method"] for order in shop.orders()] == ["送料無料", ""]


def test_imp_12_a_line_without_code_fails_its_order_only_and_is_named(bench: Bench) -> None:
    shop = bench.shop("thebase", "card")
    broken = shop.add("no_item_code")

    run = shop.run("import_orders")

    title = shop.order(broken)["order_items"][0]["title"]
    assert figures(run) == ("partly_failed", 1, 1, 0)
    assert title in reasons(run)[broken]
    assert broken in shop.messages()


def test_imp_12_a_broken_order_is_tried_at_most_once_an_hour_and_at_once_by_hand(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase")
    broken = shop.add("no_item_code")

    states = [shop.scheduled("import_orders")["state"] for _ in range(2)]
    by_hand = shop.run("import_orders")
    bench.later(hours=1.1)
    shop.place(broken, change="patch", overrides={"order_items": {"0": {"item_identifier": "X-1"}}})
    healed = shop.scheduled("import_orders")

    assert states == ["failed", "succeeded"]
    assert figures(by_hand) == ("failed", 0, 1, 0)
    assert figures(healed) == ("succeeded", 1, 0, 0)
    assert shop.only()["lines"][0]["sku"] == "X-1"


def test_imp_12_a_base_sku_is_item_code_and_variation_code_without_separator(bench: Bench) -> None:
    shop = bench.shop("thebase", variations=1)
    key = shop.add("card")

    shop.run("import_orders")

    line = shop.order(key)["order_items"][0]
    assert shop.only()["lines"][0]["sku"] == line["item_identifier"] + line["variation_identifier"]


def test_imp_12_a_variation_without_code_and_two_lines_of_one_code_are_warnings(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase", variations=1)
    key = shop.add("free_shipping_blank_method")
    same = {"item_identifier": "A-1", "variation_identifier": None}
    shop.place(key, change="patch", overrides={"order_items": {"0": same, "1": same}})

    run = shop.run("import_orders")

    assert figures(run) == ("succeeded", 1, 0, 0)
    assert [line["sku"] for line in shop.only()["lines"]] == ["A-1", "A-1"]
    warnings = [line for line in shop.log() if line["level"] == "warning"]
    assert sum("A-1" in line["message"] and key in line["message"] for line in warnings) >= 2


def test_imp_12_the_same_item_on_two_lines_is_nothing_to_report(bench: Bench) -> None:
    shop = bench.shop("thebase")
    key = shop.add("free_shipping_blank_method")
    first = shop.order(key)["order_items"][0]
    same = {"item_id": first["item_id"], "item_identifier": first["item_identifier"]}
    shop.place(key, change="patch", overrides={"order_items": {"1": same}})

    shop.run("import_orders")

    skus = {line["sku"] for line in shop.only()["lines"]}
    assert len(skus) == 1
    assert "give the code" not in shop.messages()


def test_imp_13_deferred_payment_and_line_ids_are_kept_in_custom_fields(bench: Bench) -> None:
    shop = bench.shop("thebase")
    key = shop.add("deferred")

    shop.run("import_orders")

    order = shop.only()
    assert order["custom"] == {"1": "atobarai"}
    assert [line["custom"]["1"] for line in order["lines"]] == [
        str(line["order_item_id"]) for line in shop.order(key)["order_items"]
    ]


@pytest.mark.parametrize(
    ("cart", "recipes"),
    [
        ("thebase", ["split_three_methods", "split_cash", "split_partly_cancelled", "adjusted"]),
        ("shopserve", ["three_destinations", "two_destinations", "card_points_options"]),
    ],
)
def test_imp_14_the_parts_of_an_order_add_up_to_its_total(
    bench: Bench, cart: str, recipes: list[str]
) -> None:
    shop = bench.shop(cart, *recipes)
    if cart == "thebase":
        take_partly_cancelled(shop)

    shop.run("import_orders")

    totals: Counter[str] = Counter()
    for order in shop.orders():
        totals[order["cart_order_key"]] += order["total_yen"]
        assert order["total_yen"] >= 0
        assert 0 <= order["tax_yen"] <= order["total_yen"]
    facts = bench.simulator.orders(shop.key)
    assert totals == {fact["key"]: fact["total_yen"] for fact in facts}


def test_imp_14_a_gap_to_the_carts_total_is_borne_by_part_1_with_a_warning(bench: Bench) -> None:
    shop = bench.shop("thebase")
    key = shop.add("split_two_methods")
    total = shop.order(key)["total"] + 7
    shop.place(key, change="patch", overrides={"total": total})

    shop.run("import_orders")

    assert sum(order["total_yen"] for order in shop.orders()) == total
    assert [order["adjustment_yen"] for order in shop.orders()] == [7, 0]
    assert "+7 yen" in shop.messages()


def test_imp_15_each_destination_is_an_instruction(bench: Bench) -> None:
    shop = bench.shop("shopserve")
    key = shop.add("two_destinations")

    shop.run("import_orders")

    number = shop.order(key)["basic"]["order_number"]
    places = shop.order(key)["deliveries"]
    assert [order["number"] for order in shop.orders()] == [f"{number}-1", f"{number}-2"]
    assert [order["recipient"]["name"] for order in shop.orders()] == [
        place["name"] for place in places
    ]


def test_imp_16_an_order_without_provisional_number_is_held_until_the_cart_has_it(
    bench: Bench,
) -> None:
    shop = bench.shop("shopserve")
    key = shop.add("no_tracking_number")
    shop.run("import_orders")
    held = shop.only()
    shop.place(key, change="set_tracking", carrier_code="SAGAWA")

    shop.run("sync_status")

    assert (held["status"], held["hold_reasons"], held["delivery_method"]) == (
        "hold",
        ["要確認"],
        "",
    )
    order = shop.only()
    assert (order["status"], order["hold_reasons"]) == ("awaiting_shipment", [])
    assert order["delivery_method"] == "佐川急便"


@pytest.mark.parametrize(
    ("cart", "expected"),
    [
        (
            "shopserve",
            {
                "card": ("paid", "awaiting_shipment", []),
                "bank_paid": ("paid", "awaiting_shipment", []),
                "bank_unpaid": ("unpaid", "hold", ["入金確認"]),
                "slip_unpaid": ("unpaid", "hold", ["入金確認"]),
                "deferred": ("paid", "awaiting_shipment", []),
                "deferred_unauthorised": ("unpaid", "hold", ["入金確認"]),
                "free_payment_paid": ("paid", "awaiting_shipment", []),
                "cash_on_delivery": ("paid", "awaiting_shipment", []),
                "card_error": ("unpaid", "hold", ["要確認"]),
                "unknown_method": ("unpaid", "hold", ["要確認"]),
            },
        ),
        (
            "thebase",
            {
                "card": ("paid", "awaiting_shipment", []),
                "bank_unpaid": ("unpaid", "hold", ["入金確認"]),
                "convenience_unpaid": ("unpaid", "hold", ["入金確認"]),
                "unknown_payment": ("paid", "awaiting_shipment", []),
                "cash_on_delivery": ("paid", "awaiting_shipment", []),
            },
        ),
    ],
)
def test_imp_17_an_instruction_starts_by_its_payment(
    bench: Bench, cart: str, expected: dict[str, tuple[str, str, list[str]]]
) -> None:
    shop = bench.shop(cart)
    recipe_of = {shop.add(recipe): recipe for recipe in expected}

    shop.run("import_orders")

    found = {
        recipe_of[order["cart_order_key"]]: (
            order["payment"],
            order["status"],
            order["hold_reasons"],
        )
        for order in shop.orders()
    }
    assert found == expected
    assert {order["api_status"] for order in shop.orders()} == {"awaiting_print"}


@BOTH
def test_imp_17_every_instruction_secures_its_stock(bench: Bench, cart: str) -> None:
    shop = bench.shop(cart, orders=25)

    shop.run("import_orders")

    wanted: Counter[str] = Counter()
    for fact in bench.simulator.orders(shop.key):
        if not fact["refusal"]:
            wanted.update(fact["skus"])
    stock = {row["sku"]: row["secured"] for row in bench.renkei.read("stock", "list")}
    assert stock == wanted


@BOTH
def test_imp_18_numbers_keys_and_skus_are_the_carts(bench: Bench, cart: str) -> None:
    shop = bench.shop(cart)
    key = shop.add("card")

    shop.run("import_orders")

    order, (fact,) = shop.only(), bench.simulator.orders(shop.key)
    assert (order["number"], order["cart_order_key"]) == (fact["number"], key)
    assert {line["sku"]: line["quantity"] for line in order["lines"]} == fact["skus"]
    (sku,) = fact["skus"]
    assert f"品番 {sku}" in shop.messages()
    assert bench.renkei.read("stock", "list", sku)[0]["on_hand"] is None  # STK-8


def test_imp_18_choices_nobody_mapped_fail_that_order_and_a_mapping_heals_it(bench: Bench) -> None:
    shop = bench.shop("shopserve", variations=1)
    key = shop.add("card")
    failed = shop.run("import_orders")
    shop.map_items()

    healed = shop.run("import_orders")

    assert figures(failed) == ("failed", 0, 1, 0)
    assert "map" in reasons(failed)[key]
    assert figures(healed) == ("succeeded", 1, 0, 0)
    (fact,) = bench.simulator.orders(shop.key)
    assert {line["sku"] for line in shop.only()["lines"]} == fact["skus"].keys()
    (letter,) = bench.renkei.read("dead", "list")
    assert letter["state"] == "closed"


def test_imp_03_a_range_cut_short_by_a_closure_goes_on_where_it_was(bench: Bench) -> None:
    shop = bench.shop("shopserve")
    shop.add("card", ordered_at=ago(days=20))
    shop.add("card", ordered_at=ago(days=2))
    words = ("--from", ago(days=21), "--to", ago(days=1))
    with bench.fault(
        "respond", endpoint="orders.search", skip=1, status=503, body="メンテナンス中"
    ):
        closed = shop.run("import_orders", *words)
    asked = shop.calls("orders.search")
    bench.cancel_closures()

    again = shop.run("import_orders", *words)

    assert closed["state"] == "closed"
    assert (again["state"], len(shop.orders())) == ("succeeded", 2)
    # Two of the three weeks, and the order that was left of the first.
    assert shop.calls("orders.search") - asked == 3
