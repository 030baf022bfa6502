"""Return shipments against a real database and both carts (RET-1 to RET-6)."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from domain.engine.cadence import TOKYO
from simulator.client import Document
from tests.component.engine_bench import Bench, BenchShop, figures, reasons

BOTH = pytest.mark.parametrize("cart", ["shopserve", "thebase"])
SENT = {"shopserve": "delivery_shipped", "thebase": "line_dispatched"}


def ready(bench: Bench, cart: str, *recipes: str, **plan: object) -> BenchShop:
    shop = bench.shop(cart, *recipes, **plan)
    shop.ready_to_return()
    return shop


def day(days_ago: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days_ago)).astimezone(TOKYO).date().isoformat()


def api_statuses(shop: BenchShop) -> list[str]:
    return [order["api_status"] for order in shop.orders()]


def sent(shop: BenchShop) -> list[Document]:
    return shop.effects(SENT[shop.simulated.cart])


def by_key(effects: Iterable[Document]) -> Counter[str]:
    return Counter(effect["key"] for effect in effects)


def unreturned_and_doctor(bench: Bench, shop: BenchShop) -> tuple[int, str, int]:
    """Return what `orders list --unreturned`, `doctor` and `shop show` say of a shop."""
    checks = {row["name"]: row for row in bench.renkei("doctor", "--json").json["checks"]}
    listed = bench.renkei.read("orders", "list", "--unreturned", "--shop", shop.key)
    shown = bench.renkei.read("shop", "show", shop.key)
    return len(listed), checks["shipments"]["state"], shown["unreturned"]


def unshipped(bench: Bench, cart: str, *recipes: str) -> tuple[BenchShop, list[Document]]:
    shop = bench.shop(cart, *recipes)
    shop.run("import_orders")
    if cart == "shopserve":
        shop.run("confirm_orders")
    shop.carries("クロネコヤマト" if cart == "thebase" else "YAMATO")
    shop.stock_up()
    return shop, shop.orders()


@BOTH
def test_ret_01_a_shipment_recorded_after_its_days_run_goes_with_the_next(
    bench: Bench, cart: str
) -> None:
    """The day's run is over, no run ever fell on that day, or the shop is new: all the same."""
    shop, (late, old) = unshipped(bench, cart, "cash_on_delivery", "cash_on_delivery")
    shop.run("return_shipments")
    shop.ship(late, "--date", day(3))
    shop.ship(old, "--date", day(30))

    run = shop.scheduled("return_shipments")

    assert figures(run) == ("succeeded", 2, 0, 0)
    assert set(api_statuses(shop)) == {"tracking_returned"}


@BOTH
def test_ret_01_what_is_older_than_thirty_days_is_listed_until_a_person_names_its_date(
    bench: Bench, cart: str
) -> None:
    shop = ready(bench, cart, "cash_on_delivery")
    bench.sql("update instructions set shipped_on = :day", day=day(45))

    listed = [shop.scheduled("return_shipments") for _ in range(2)]
    told = unreturned_and_doctor(bench, shop)
    named = shop.run("return_shipments", "--ship-date", day(45))

    assert [figures(run) for run in listed] == [("succeeded", 0, 0, 1)] * 2
    assert told == (1, "warning", 1)
    assert unreturned_and_doctor(bench, shop) == (0, "ok", 0)
    for run in listed:
        (reason,) = reasons(run).values()
        assert f"--shop {shop.key} --ship-date {day(45)}" in reason
    alarms = [line for line in shop.log() if line["needs_person"] and day(45) in line["message"]]
    assert [alarm["message"] for alarm in alarms] == [reason]  # once a day, however often it runs
    assert figures(named) == ("succeeded", 1, 0, 0)


@BOTH
def test_ret_01_a_future_ship_date_waits_for_its_day(bench: Bench, cart: str) -> None:
    shop, (order,) = unshipped(bench, cart, "cash_on_delivery")
    shop.ship(order, "--date", day(-2))

    early = shop.run("return_shipments")
    bench.sql("update instructions set shipped_on = shipped_on - 2")  # that day comes
    run = shop.run("return_shipments")

    assert figures(early) == ("succeeded", 0, 0, 1)
    assert day(-2) in reasons(early)[order["cart_order_key"]]
    assert figures(run) == ("succeeded", 1, 0, 0)


@BOTH
def test_ret_01_a_shop_that_keeps_to_today_lists_the_others(bench: Bench, cart: str) -> None:
    shop, (today, late) = unshipped(bench, cart, "cash_on_delivery", "cash_on_delivery")
    shop.command("shop", "set", shop.key, "ship_dates=today")
    bench.process.directory.forget_all()
    shop.ship(today)
    shop.ship(late, "--date", day(1))

    run = shop.run("return_shipments")
    named = shop.run("return_shipments", "--ship-date", day(1))

    assert figures(run) == ("succeeded", 1, 0, 1)
    assert "ship_dates=today" in reasons(run)[late["cart_order_key"]]
    assert figures(named) == ("succeeded", 1, 0, 0)


@BOTH
def test_ret_01_a_manual_run_can_name_the_ship_date(bench: Bench, cart: str) -> None:
    shop, (today, old) = unshipped(bench, cart, "cash_on_delivery", "cash_on_delivery")
    shop.ship(today)
    shop.ship(old, "--date", day(30))

    run = shop.run("return_shipments", "--ship-date", day(30))

    assert [item["key"] for item in run["items"]] == [old["cart_order_key"]]
    assert figures(run) == ("succeeded", 1, 0, 0)


@BOTH
def test_ret_01_a_candidate_that_failed_or_met_a_closed_api_stays_one(
    bench: Bench, cart: str
) -> None:
    shop = ready(bench, cart, "cash_on_delivery")
    bench.simulator.close(cart, "orders")
    closed = shop.run("return_shipments")
    bench.simulator.open(cart, "orders")
    bench.cancel_closures()
    bench.sql("update instructions set shipped_on = shipped_on - 45")  # no run takes that day

    run = shop.run("return_shipments")

    assert closed["state"] == "closed"
    assert figures(run) == ("succeeded", 1, 0, 0)
    assert set(api_statuses(shop)) == {"tracking_returned"}


def test_ret_01_a_shipped_order_the_cart_was_not_told_of_is_listed(bench: Bench) -> None:
    shop = bench.shop("shopserve", "card")
    shop.run("import_orders")
    shop.stock_up()
    shop.ship_all()

    run = shop.run("return_shipments")

    assert figures(run) == ("succeeded", 0, 0, 1)
    (reason,) = reasons(run).values()
    assert "印刷待ち" in reason
    assert shop.effects("delivery_shipped", "settlement_requested") == []


@BOTH
def test_ret_01_a_second_run_calls_no_write(bench: Bench, cart: str) -> None:
    shop = ready(bench, cart, "card", "cash_on_delivery")
    shop.run("return_shipments")
    before = shop.calls()

    run = shop.run("return_shipments")

    assert (run["items"], run["calls"], shop.calls()) == ([], 0, before)


def test_ret_02_a_card_is_settled_before_its_parcel_is_written(bench: Bench) -> None:
    shop = ready(bench, "shopserve", "card")

    run = shop.run("return_shipments")

    order = shop.only()
    effects = shop.effects("settlement_requested", "delivery_shipped")
    assert figures(run) == ("succeeded", 1, 0, 0)
    assert [effect["kind"] for effect in effects] == ["settlement_requested", "delivery_shipped"]
    assert effects[1]["tracking_numbers"] == [order["tracking_number"]]
    assert effects[1]["carrier_code"] == "YAMATO"
    assert shop.order(order["cart_order_key"])["basic"]["shipping_status"] == "Shipped"
    assert order["api_status"] == "tracking_returned"


def test_ret_02_only_cards_are_settled(bench: Bench) -> None:
    shop = ready(bench, "shopserve", "cash_on_delivery", "bank_paid", "deferred", "paidy", "paypay")

    shop.run("return_shipments")

    assert shop.effects("settlement_requested") == []
    assert len(sent(shop)) == 5


def test_ret_02_a_split_card_order_is_one_request_before_its_first_part(bench: Bench) -> None:
    shop, parts = unshipped(bench, "shopserve", "three_destinations")
    for part in parts[:2]:
        shop.ship(part)
    shop.run("return_shipments")
    shop.ship(parts[2])

    shop.run("return_shipments")

    kinds = [e["kind"] for e in shop.effects("settlement_requested", "delivery_shipped")]
    assert kinds == ["settlement_requested"] + ["delivery_shipped"] * 3
    assert set(api_statuses(shop)) == {"tracking_returned"}


def test_ret_02_a_request_made_in_the_cart_is_not_made_again(bench: Bench) -> None:
    shop = ready(bench, "shopserve", "card")
    shop.place(shop.only()["cart_order_key"], change="request_settlement")

    shop.run("return_shipments")

    assert [effect["by"] for effect in shop.effects("settlement_requested")] == ["shop"]
    assert len(sent(shop)) == 1


def test_ret_02_a_refused_request_stops_the_parcel(bench: Bench) -> None:
    shop = ready(bench, "shopserve", "card")

    with bench.fault("respond", endpoint="settlement.request", status=422, body="{}"):
        run = shop.run("return_shipments")
    healed = shop.run("return_shipments")

    assert figures(run) == ("failed", 0, 1, 0)
    assert figures(healed) == ("succeeded", 1, 0, 0)
    assert len(shop.effects("settlement_requested")) == len(sent(shop)) == 1


def test_ret_03_each_base_line_is_dispatched_once_with_company_and_number(bench: Bench) -> None:
    shop, parts = unshipped(bench, "thebase", "split_two_methods")
    key = parts[0]["cart_order_key"]
    shop.ship(parts[0])
    shop.run("return_shipments")
    partly = shop.order(key)["dispatch_status"]
    shop.ship(parts[1])

    shop.run("return_shipments")

    lines = [line["custom"]["1"] for part in parts for line in part["lines"]]
    assert by_key(sent(shop)) == Counter(lines)
    assert {effect["delivery_company_id"] for effect in sent(shop)} == {1}
    assert all(effect["tracking_number"].isalnum() for effect in sent(shop))
    assert (partly, shop.order(key)["dispatch_status"]) == ("ordered", "dispatched")


@pytest.mark.parametrize("together", [True, False], ids=["shipped together", "one by one"])
def test_ret_03_a_deferred_order_is_exactly_one_call_split_or_not(
    bench: Bench, together: bool
) -> None:
    shop, parts = unshipped(bench, "thebase", "split_deferred")
    for part in parts:
        shop.ship(part)
        if not together:
            shop.run("return_shipments")
    shop.run("return_shipments")

    assert shop.calls("orders.edit_status") == 1
    assert by_key(shop.effects("atobarai_shipping")) == {parts[0]["cart_order_key"]: 1}
    assert api_statuses(shop) == ["tracking_returned"] * 2
    assert shop.order(parts[0]["cart_order_key"])["dispatch_status"] == "shipping"


def test_ret_03_a_deferred_order_of_one_parcel_is_one_call(bench: Bench) -> None:
    shop = ready(bench, "thebase", "deferred")

    run = shop.run("return_shipments")

    assert figures(run) == ("succeeded", 1, 0, 0)
    assert shop.calls("orders.edit_status") == len(shop.effects("atobarai_shipping")) == 1


def test_ret_03_a_line_found_dispatched_in_the_cart_counts_as_done(bench: Bench) -> None:
    shop = ready(bench, "thebase", "cash_on_delivery")
    order = shop.only()
    first, second = (line["custom"]["1"] for line in order["lines"])
    shop.place(order["cart_order_key"], change="dispatch", order_item_id=int(first))

    run = shop.run("return_shipments")

    assert figures(run) == ("succeeded", 1, 0, 0)
    assert by_key(sent(shop)) == {second: 1}


def test_ret_04_part_success_stays_a_candidate_and_only_the_missing_line_is_sent(
    bench: Bench,
) -> None:
    shop = ready(bench, "thebase", "cash_on_delivery")
    lines = [line["custom"]["1"] for line in shop.only()["lines"]]

    with bench.fault(
        "respond", endpoint="orders.edit_status", skip=1, status=400, body='{"error":"no_order"}'
    ):
        partly = shop.run("return_shipments")
    status = api_statuses(shop)
    calls = shop.calls("orders.edit_status")
    healed = shop.run("return_shipments")

    assert figures(partly) == ("failed", 0, 1, 0)
    assert status == ["awaiting_print"]
    assert figures(healed) == ("succeeded", 1, 0, 0)
    assert shop.calls("orders.edit_status") == calls + 1
    assert by_key(sent(shop)) == Counter(lines)
    assert [row["state"] for row in bench.renkei.read("dead", "list")] == ["closed"]


def test_ret_04_a_line_without_line_id_is_reported_and_not_retried(bench: Bench) -> None:
    shop = ready(bench, "thebase", "cash_on_delivery")
    bench.sql("update instruction_lines set custom = '{}' where position = 1")
    named = bench.column("select name from instruction_lines where position = 1")

    first, second = shop.run("return_shipments"), shop.run("return_shipments")

    assert figures(first) == ("failed", 0, 1, 0)
    assert named[0] in next(iter(reasons(first).values()))
    assert second["items"] == []
    assert len(sent(shop)) == 1
    assert api_statuses(shop) == ["awaiting_print"]


def test_ret_05_lost_answers_after_settlement_requests_are_a_hundred_charges(bench: Bench) -> None:
    shop = ready(bench, "shopserve", orders=100, plain=True)
    bench.simulator.settings(settlement_blind_s=3600.0)  # a second request would be a charge, too

    with bench.fault("drop", when="after", endpoint="settlement.request", count=100):
        run = shop.run("return_shipments")
        bench.later(seconds=120)

    assert figures(shop.shown(run["id"])) == ("succeeded", 100, 0, 0)
    assert sorted(by_key(shop.effects("settlement_requested")).values()) == [1] * 100
    assert shop.calls("settlement.request") == 100
    assert len(sent(shop)) == 100


def test_ret_05_a_request_lost_on_its_way_is_not_repeated_before_it_can_be_ruled_out(
    bench: Bench,
) -> None:
    shop = ready(bench, "shopserve", "card")

    with bench.fault("drop", when="before", endpoint="settlement.request", count=1):
        run = shop.run("return_shipments")
    bench.later(seconds=60)  # the call's 60 s and 30 s more are not over
    waiting = (shop.shown(run["id"])["state"], shop.calls("settlement.request"), sent(shop))
    bench.later(seconds=40)

    assert waiting == ("running", 1, [])
    assert figures(shop.shown(run["id"])) == ("succeeded", 1, 0, 0)
    assert len(shop.effects("settlement_requested")) == len(sent(shop)) == 1


@pytest.mark.parametrize("when", ["after", "before"])
def test_ret_05_a_lost_dispatch_happens_once(bench: Bench, when: str) -> None:
    shop = ready(bench, "thebase", "cash_on_delivery", "card", "card")
    lines = [line["custom"]["1"] for order in shop.orders() for line in order["lines"]]

    with bench.fault("drop", when=when, endpoint="orders.edit_status", count=3):
        run = shop.run("return_shipments")
        for _ in range(4):
            bench.later(seconds=80)

    assert figures(shop.shown(run["id"])) == ("succeeded", 3, 0, 0)
    assert by_key(sent(shop)) == Counter(lines)
    assert shop.calls("orders.edit_status") == len(lines) + (3 if when == "before" else 0)


def test_ret_05_a_lost_deferred_call_happens_once(bench: Bench) -> None:
    shop = ready(bench, "thebase", "split_deferred")

    with bench.fault("drop", when="after", endpoint="orders.edit_status", count=1):
        run = shop.run("return_shipments")
        bench.later(seconds=80)

    assert figures(shop.shown(run["id"])) == ("succeeded", 1, 0, 0)
    assert len(shop.effects("atobarai_shipping")) == 1


def test_ret_05_a_parcel_whose_answer_was_lost_is_written_without_a_second_charge(
    bench: Bench,
) -> None:
    shop = ready(bench, "shopserve", "card", "cash_on_delivery")

    with bench.fault("drop", when="after", endpoint="deliveries.shipping", count=2):
        run = shop.run("return_shipments")
        bench.later(seconds=120)

    assert figures(shop.shown(run["id"])) == ("succeeded", 2, 0, 0)
    assert len(shop.effects("settlement_requested")) == 1
    assert len(sent(shop)) == 2
    assert shop.effects("delivery_shipped_again") == []


@BOTH
def test_ret_06_an_unknown_delivery_method_fails_that_order_only_and_says_what_to_do(
    bench: Bench, cart: str
) -> None:
    shop, (known, unknown) = unshipped(bench, cart, "cash_on_delivery", "cash_on_delivery")
    shop.ship(known)
    shop.ship(unknown, method="飛脚クール便")

    run = shop.run("return_shipments")
    shop.command(
        "method",
        "set",
        "--shop",
        shop.key,
        "--method",
        "飛脚クール便",
        "--carrier",
        "佐川急便" if cart == "thebase" else "SAGAWA",
    )
    healed = shop.run("return_shipments")

    assert figures(run) == ("partly_failed", 1, 1, 0)
    assert "renkei method set" in reasons(run)[unknown["cart_order_key"]]
    assert "飛脚クール便" in shop.messages()
    assert figures(healed) == ("succeeded", 1, 0, 0)


def test_ret_06_companies_are_matched_by_name_and_hyphens_removed_on_base(bench: Bench) -> None:
    shop, (order,) = unshipped(bench, "thebase", "card")
    shop.command(
        "method",
        "set",
        "--shop",
        shop.key,
        "--method",
        order["delivery_method"],
        "--carrier",
        "日本郵便",
    )
    shop.ship(order)

    shop.run("return_shipments")

    (effect,) = sent(shop)
    assert effect["delivery_company_id"] == 4
    assert effect["tracking_number"] == shop.only()["tracking_number"].replace("-", "")
    assert shop.calls("delivery_companies") == 3  # two to set the table, one for the run


def test_ret_07_a_company_base_lists_no_more_is_an_error_naming_those_it_does(
    bench: Bench,
) -> None:
    shop, (order,) = unshipped(bench, "thebase", "card")
    shop.ship(order)
    bench.sql("update carriers set carrier = 'ペリカン便'")  # as if BASE had dropped it since

    run = shop.run("return_shipments")

    assert figures(run) == ("failed", 0, 1, 0)
    assert "クロネコヤマト" in reasons(run)[order["cart_order_key"]]
    assert sent(shop) == []


def test_ret_07_a_company_that_is_new_in_base_is_found_within_the_hour(bench: Bench) -> None:
    shop, (first, second) = unshipped(bench, "thebase", "card", "card")
    shop.ship(first)
    with bench.fault(
        "respond",
        endpoint="delivery_companies",
        count=1,
        status=200,
        body='{"delivery_companies": [{"delivery_company_id": 1, "name": "クロネコヤマト"}]}',
    ):
        shop.run("return_shipments")
    bench.sql("update carriers set carrier = '日本郵便'")
    shop.ship(second)

    run = shop.run("return_shipments")

    assert figures(run) == ("succeeded", 1, 0, 0)
    assert [effect["delivery_company_id"] for effect in sent(shop)][-1] == 4


BROKEN = {
    "carrier": "update carriers set carrier = 'yamato'",
    "number": "update instructions set tracking_number = '4.1E+11'",
    "second number": "update instructions set tracking_number = '4000-1 4000-2'",
    "destination": "update instructions set destination = 9",
    "method": "delete from carriers",
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_ret_07_nothing_is_charged_before_everything_that_can_be_known_is_right(
    bench: Bench, change: str
) -> None:
    """Rows as an older version, a restore or a person with SQL may have left them."""
    shop = ready(bench, "shopserve", "card")
    bench.sql(change)

    run = shop.run("return_shipments")

    assert figures(run) == ("failed", 0, 1, 0)
    assert shop.calls("settlement.request") == shop.calls("deliveries.shipping") == 0
    assert api_statuses(shop) == ["printed"]


def test_ret_07_settlement_waits_until_every_shipped_part_of_its_order_passes(
    bench: Bench,
) -> None:
    shop, parts = unshipped(bench, "shopserve", "three_destinations")
    for part in parts[:2]:
        shop.ship(part)
    shop.ship(parts[2], method="未定便")

    run = shop.run("return_shipments")
    charged = shop.calls("settlement.request"), shop.calls("deliveries.shipping")
    words = ("method", "set", "--shop", shop.key, "--method", "未定便", "--carrier", "SEINO")
    shop.command(*words)
    healed = shop.run("return_shipments")

    assert figures(run) == ("failed", 0, 1, 0)
    (reason,) = reasons(run).values()
    assert "renkei method set" in reason
    assert reason.count("決済依頼") == 2
    assert charged == (0, 0)
    assert figures(healed) == ("succeeded", 1, 0, 0)
    assert len(shop.effects("settlement_requested")) == 1
    assert set(api_statuses(shop)) == {"tracking_returned"}


def test_ret_07_a_base_part_that_fails_its_check_stops_nothing_of_the_others(
    bench: Bench,
) -> None:
    shop, (first, second) = unshipped(bench, "thebase", "split_two_methods")
    shop.ship(first, method="未定便")
    shop.ship(second)

    run = shop.run("return_shipments")

    assert figures(run) == ("failed", 0, 1, 0)
    assert by_key(sent(shop)) == Counter(line["custom"]["1"] for line in second["lines"])
    assert sorted(api_statuses(shop)) == ["awaiting_print", "tracking_returned"]


def test_ret_07_a_deferred_orders_later_parts_need_no_carrier(bench: Bench) -> None:
    shop, (first, second) = unshipped(bench, "thebase", "split_deferred")
    shop.ship(first)
    shop.ship(second, method="未定便")

    run = shop.run("return_shipments")

    assert figures(run) == ("succeeded", 1, 0, 0)
    assert shop.calls("orders.edit_status") == 1
    assert api_statuses(shop) == ["tracking_returned"] * 2
