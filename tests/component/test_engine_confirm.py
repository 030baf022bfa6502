"""Confirm orders against a real database and the simulated cart (CNF-1 to CNF-3)."""

from tests.component.engine_bench import Bench, BenchShop, figures, reasons


def imported(bench: Bench, *recipes: str) -> BenchShop:
    shop = bench.shop("shopserve", *recipes)
    shop.run("import_orders")
    return shop


def api_statuses(shop: BenchShop) -> set[str]:
    return {order["api_status"] for order in shop.orders()}


def test_cnf_01_a_live_order_is_confirmed_and_becomes_printed(bench: Bench) -> None:
    shop = imported(bench, "card", "bank_unpaid", "cash_on_delivery")

    run = shop.run("confirm_orders")

    assert figures(run) == ("succeeded", 3, 0, 0)
    assert api_statuses(shop) == {"printed"}
    confirmed = [effect["key"] for effect in shop.effects("order_confirmed")]
    assert sorted(confirmed) == sorted(order["cart_order_key"] for order in shop.orders())


def test_cnf_01_a_cancelled_instruction_is_not_confirmed(bench: Bench) -> None:
    shop = imported(bench, "card")
    shop.command("orders", "cancel", shop.only()["number"])

    run = shop.run("confirm_orders")

    assert (run["items"], shop.effects("order_confirmed")) == ([], [])
    assert shop.only()["api_status"] == "awaiting_print"


def test_cnf_01_a_second_run_calls_no_write(bench: Bench) -> None:
    shop = imported(bench, "card", "two_destinations")
    shop.run("confirm_orders")

    run = shop.run("confirm_orders")

    assert (run["items"], run["calls"]) == ([], 0)
    assert shop.calls("orders.status") == 2


def test_cnf_02_an_order_confirmed_in_the_cart_is_printed_without_a_call(bench: Bench) -> None:
    shop = imported(bench, "card")
    shop.place(shop.only()["cart_order_key"], change="confirm")

    run = shop.run("confirm_orders")

    assert figures(run) == ("succeeded", 1, 0, 0)
    assert api_statuses(shop) == {"printed"}
    assert shop.calls("orders.status") == 0


def test_cnf_02_after_a_lost_answer_the_cart_is_read_before_sending_again(bench: Bench) -> None:
    shop = imported(bench, "card")

    with bench.fault("drop", when="after", endpoint="orders.status", count=1):
        run = shop.run("confirm_orders")

    assert figures(run) == ("succeeded", 1, 0, 0)
    assert [item["attempts"] for item in run["items"]] == [2]
    assert shop.calls("orders.status") == 1
    assert shop.effects("order_confirmed_again") == []
    assert api_statuses(shop) == {"printed"}


def test_cnf_02_a_call_that_was_lost_on_its_way_is_sent_again(bench: Bench) -> None:
    shop = imported(bench, "card")

    with bench.fault("drop", when="before", endpoint="orders.status", count=1):
        shop.run("confirm_orders")

    assert len(shop.effects("order_confirmed")) == 1
    assert api_statuses(shop) == {"printed"}


def test_cnf_03_an_order_of_three_instructions_is_one_call(bench: Bench) -> None:
    shop = imported(bench, "three_destinations")

    shop.run("confirm_orders")

    assert len(shop.orders()) == 3
    assert api_statuses(shop) == {"printed"}
    assert shop.calls("orders.status") == 1


def test_cnf_03_a_confirm_run_follows_each_import_unless_its_robot_is_off(bench: Bench) -> None:
    shop = bench.shop("shopserve", "card")
    shop.run("import_orders")
    silent = api_statuses(shop)
    shop.command("robot", "set", shop.key, "confirm_orders", "--on")
    shop.add("card")

    shop.run("import_orders")

    assert silent == {"awaiting_print"}
    assert api_statuses(shop) == {"printed"}
    last = bench.renkei.read("runs", "list", "--action", "confirm_orders")[-1]
    assert (last["mode"], last["succeeded"]) == ("follow_up", 2)


def test_cnf_01_a_refused_order_is_a_dead_letter_and_the_next_run_takes_it_again(
    bench: Bench,
) -> None:
    shop = imported(bench, "card", "card")
    refused = shop.orders()[0]["cart_order_key"]

    with bench.fault("respond", endpoint="orders.status", path=refused, status=422, body="{}"):
        failed = shop.run("confirm_orders")
    healed = shop.run("confirm_orders")

    assert figures(failed) == ("partly_failed", 1, 1, 0)
    assert "422" in reasons(failed)[refused] or reasons(failed)[refused]
    assert figures(healed) == ("succeeded", 1, 0, 0)
    assert [row["state"] for row in bench.renkei.read("dead", "list")] == ["closed"]


def test_cls_04_an_order_that_a_plan_only_lists_keeps_its_dead_letter(bench: Bench) -> None:
    """Nobody has confirmed it: the letter stays until sync_status has cancelled it here, too."""
    shop = imported(bench, "card")
    key = shop.only()["cart_order_key"]
    with bench.fault("respond", endpoint="orders.status", path=key, status=422, body="{}"):
        shop.run("confirm_orders")
    shop.place(key, change="cancel")

    listed = shop.run("confirm_orders")

    assert figures(listed) == ("succeeded", 0, 0, 1)
    assert [row["state"] for row in bench.renkei.read("dead", "list")] == ["open"]
