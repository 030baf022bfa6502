"""Rules at work on imported orders, and their dry run, with a real database and both carts."""

import json

from tests.component.engine_bench import Bench, BenchShop, figures

BLANK, TWO_METHODS = "free_shipping_blank_method", "split_two_methods"


def add(shop: BenchShop, name: str, *words: str) -> int:
    options = ("rules", "add", "--shop", shop.key, "--name", name)
    return int(shop.bench.renkei.read(*options, *words)["id"])


def switch_off(shop: BenchShop, standard: str) -> None:
    rows = shop.bench.renkei.read("rules", "list", "--shop", shop.key)
    (rule,) = [row["id"] for row in rows if row["standard"] == standard]
    shop.command("rules", "set", str(rule), "--off")


def test_imp_11_a_blank_method_is_filled_by_default(bench: Bench) -> None:
    shop = bench.shop("thebase", BLANK)
    shop.run("import_orders")

    assert shop.only()["delivery_method"] == "送料無料"


def test_imp_11_the_filling_can_be_switched_off_and_a_rule_act_instead(bench: Bench) -> None:
    shop = bench.shop("thebase", BLANK)
    switch_off(shop, "fill_blank_method")
    shop.run("import_orders")
    add(shop, "宅配便", "--when", "delivery_method=", "--then", "method=宅配便")
    shop.add(BLANK)
    shop.run("import_orders")

    assert [order["delivery_method"] for order in shop.orders()] == ["", "宅配便"]


def test_imp_14_amounts_of_parts_follow_the_standard_rule(bench: Bench) -> None:
    shop = bench.shop("thebase", TWO_METHODS)
    shop.run("import_orders")
    switch_off(shop, "split_amounts")
    shop.add(TWO_METHODS)
    shop.run("import_orders")

    by_order: dict[str, list[int]] = {}
    for order in shop.orders():
        by_order.setdefault(order["cart_order_key"], []).append(order["total_yen"])
    on, off = by_order.values()
    assert min(on) > 0
    assert off[1:] == [0] * (len(off) - 1)


def test_imp_17_a_rule_holds_an_order_and_the_api_log_tells_which(bench: Bench) -> None:
    shop = bench.shop("shopserve", "card")
    add(shop, "要確認にする", "--when", "total_yen!=0", "--then", "hold=要確認")

    run = shop.run("import_orders")

    order = shop.only()
    assert figures(run) == ("succeeded", 1, 0, 0)
    assert (order["status"], order["hold_reasons"]) == ("hold", ["要確認"])
    (line,) = [line for line in shop.log() if "rule 要確認にする" in line["message"]]
    assert (line["level"], line["needs_person"]) == ("info", False)
    assert order["number"] in line["message"]


def test_later_rules_override_earlier_ones_in_the_order_of_the_shop(bench: Bench) -> None:
    shop = bench.shop("thebase", "card")
    add(shop, "first", "--then", "method=メール便")
    last = add(shop, "second", "--then", "method=宅配便")
    shop.run("import_orders")
    shop.command("rules", "set", str(last), "--position", "1")
    shop.add("card")
    shop.run("import_orders")

    assert [order["delivery_method"] for order in shop.orders()] == ["宅配便", "メール便"]


def test_rules_of_one_shop_leave_the_others_alone(bench: Bench) -> None:
    ruled, plain = bench.shop("thebase", "card"), bench.shop("thebase", "card")
    add(ruled, "hold", "--then", "hold=住所不備")

    ruled.run("import_orders")
    plain.run("import_orders")

    assert (ruled.only()["status"], plain.only()["status"]) == ("hold", "awaiting_shipment")


def test_imp_06_a_repeated_conversion_follows_the_rules_of_its_time(bench: Bench) -> None:
    shop = bench.shop("shopserve")
    shop.add("card")
    broken = {"name": "x", "if": [], "then": [{"verb": "fly"}]}
    bench.sql(
        "insert into rules (shop_id, position, definition)"
        " select id, 1, cast(:definition as jsonb) from shops where key = :key",
        definition=json.dumps(broken),
        key=shop.key,
    )
    failed = shop.run("import_orders")
    (rule,) = [row["id"] for row in bench.renkei.read("rules", "list", "--shop", shop.key)]
    shop.command("rules", "remove", str(rule))
    add(shop, "hold", "--then", "hold=備考確認")

    shop.command("tasks", "convert", "--shop", shop.key)
    bench.drain()

    assert figures(failed) == ("failed", 0, 1, 0)
    assert f"stored rule {rule} is not understood" in failed["items"][0]["reason"]
    assert shop.only()["hold_reasons"] == ["備考確認"]


def test_a_dry_run_shows_what_the_stored_rules_do_and_writes_nothing(bench: Bench) -> None:
    shop = bench.shop("thebase", BLANK, TWO_METHODS, "card", "cancelled")
    shop.run("import_orders")
    before = shop.orders()

    tried = bench.renkei.read("rules", "try", "--shop", shop.key)

    changed = {row["key"]: row for row in tried["instructions"] if row["changes"]}
    (blank,) = [row for row in changed.values() if row["part"] == 1 and len(row["changes"]) == 1]
    assert blank["changes"] == [{"field": "delivery_method", "before": "", "after": "送料無料"}]
    assert (tried["orders"], len(changed)) == (3, 2)
    assert shop.orders() == before


def test_a_dry_run_of_one_more_rule_shows_only_what_it_adds(bench: Bench) -> None:
    shop = bench.shop("thebase", BLANK, "card")
    shop.run("import_orders")
    rule = {"name": "gift", "enabled": False, "then": [{"verb": "hold", "value": "備考確認"}]}
    words = ("rules", "try", "--shop", shop.key, "-")

    tried = bench.renkei.ok(*words, "--json", stdin=json.dumps(rule)).json
    people = bench.renkei.ok(*words, "--limit", "1", stdin=json.dumps(rule)).out

    assert [row["rules"] for row in tried["instructions"]] == [["gift"], ["gift"]]
    assert {change["field"] for row in tried["instructions"] for change in row["changes"]} == {
        "status",
        "hold_reasons",
    }
    assert len(bench.renkei.read("rules", "list", "--shop", shop.key)) == 2
    assert "1 orders looked at, 1 出荷指示, 1 would change; nothing was written" in people


def test_a_dry_run_names_the_orders_it_cannot_convert(bench: Bench) -> None:
    shop = bench.shop("thebase", "no_item_code")
    shop.run("import_orders")

    tried = bench.renkei.read("rules", "try", "--shop", shop.key)

    (left_out,) = tried["left_out"]
    assert "商品コード" in left_out["reason"]
    assert tried["instructions"] == []


def test_a_dry_run_works_for_shopserve_orders(bench: Bench) -> None:
    shop = bench.shop("shopserve", "two_destinations")
    shop.run("import_orders")

    assert bench.renkei.read("rules", "try", "--shop", shop.key)["changed"] == 0
