"""`renkei method`: delivery methods and the carriers the carts know (RET-6, RET-7)."""

import pytest

from tests.component.engine_bench import Bench, BenchShop, figures, reasons

SHOPSERVE = ["YAMATO", "SAGAWA", "JAPANPOST", "SEINO", "FUKUYAMA", "OTHER"]
METHOD = "宅配便 60サイズ"


def set_words(shop: BenchShop, carrier: str) -> tuple[str, ...]:
    return ("method", "set", "--shop", shop.key, "--method", METHOD, "--carrier", carrier)


def table(bench: Bench, shop: BenchShop) -> list[tuple[str, str, bool]]:
    rows = bench.renkei.read("method", "list")
    return [(r["method"], r["carrier"], r["checked"]) for r in rows if r["shop"] == shop.key]


@pytest.mark.parametrize(
    ("cart", "carrier", "kept", "wrong"),
    [
        ("shopserve", "YAMATO", "YAMATO", "yamato"),
        ("shopserve", "\uff33\uff25\uff29\uff2e\uff2f", "SEINO", "ヤマト運輸"),
        ("thebase", "ｸﾛﾈｺﾔﾏﾄ", "クロネコヤマト", "ペリカン便"),
        ("thebase", "4", "日本郵便", "99"),
    ],
)
def test_ret_07_a_carrier_has_to_be_one_of_the_carts_own(
    bench: Bench, cart: str, carrier: str, kept: str, wrong: str
) -> None:
    shop = bench.shop(cart)

    refused = bench.renkei(*set_words(shop, wrong))
    made = bench.renkei.read(*set_words(shop, carrier))

    assert refused.code == 1
    assert f"has no carrier {wrong}; it lists: " in refused.err
    assert ("YAMATO, SAGAWA" if cart == "shopserve" else "クロネコヤマト") in refused.err
    assert made == {"shop": shop.key, "method": METHOD, "carrier": kept, "checked": True}
    assert table(bench, shop) == [(METHOD, kept, True)]


def test_ret_06_a_method_written_in_wide_letters_is_the_same_method(bench: Bench) -> None:
    shop = bench.shop("shopserve")
    words = ("method", "set", "--shop", shop.key, "--carrier")
    shop.command(*words, "SEINO", "--method", "便\uff08A\uff09")

    shop.command(*words, "YAMATO", "--method", "便(A)")

    assert table(bench, shop) == [("便(A)", "YAMATO", True)]


def test_ret_07_the_list_of_a_shop_has_the_carriers_its_cart_knows_besides(bench: Bench) -> None:
    shop, base = bench.shop("shopserve"), bench.shop("thebase")
    shop.command(*set_words(shop, "SEINO"))

    rows = bench.renkei.read("method", "list", "--shop", shop.key)
    companies = bench.renkei.read("method", "list", "--shop", base.key)

    assert [row for row in rows if row["method"]] == [
        {"shop": shop.key, "method": METHOD, "carrier": "SEINO", "checked": True}
    ]
    assert sorted(row["carrier"] for row in rows) == sorted(SHOPSERVE)
    assert {"クロネコヤマト", "日本郵便"} <= {row["carrier"] for row in companies}
    assert "日本郵便" in bench.renkei.ok("method", "list", "--shop", base.key).out


def test_ret_07_a_carrier_that_cannot_be_checked_now_is_checked_before_the_first_effect(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase", "cash_on_delivery", "cash_on_delivery")
    shop.run("import_orders")
    good, wrong = shop.orders()
    with bench.fault("drop", when="before", endpoint="delivery_companies"):
        answers = [
            bench.renkei("method", "set", "--shop", shop.key, "--method", method, *carrier)
            for method, carrier in (
                (good["delivery_method"], ("--carrier", "ｸﾛﾈｺﾔﾏﾄ")),
                ("ペリカン", ("--carrier", "ペリカン便")),
            )
        ]
        listed = bench.renkei("method", "list", "--shop", shop.key)
    shop.ship(good)
    shop.ship(wrong, method="ペリカン")

    run = shop.run("return_shipments")

    assert [(answer.code, "(unchecked)" in answer.out) for answer in answers] == [(0, True)] * 2
    assert all("cannot be read now" in answer.err for answer in (*answers, listed))
    assert figures(run) == ("partly_failed", 1, 1, 0)
    assert "BASE has no carrier ペリカン便" in reasons(run)[wrong["cart_order_key"]]
    assert {effect["order"] for effect in shop.effects("line_dispatched")} == {
        good["cart_order_key"]
    }
    assert set(table(bench, shop)) == {
        (good["delivery_method"], "クロネコヤマト", True),
        ("ペリカン", "ペリカン便", False),
    }


def test_ret_07_shipping_with_an_unknown_method_is_taken_and_warned_of(bench: Bench) -> None:
    shop = bench.shop("shopserve", "card")
    shop.run("import_orders")
    shop.run("confirm_orders")
    shop.stock_up()
    order = shop.only()
    words = ("--method", METHOD, "--tracking", "4000-0001", "--shop", shop.key)

    answer = bench.renkei("orders", "ship", order["number"], *words, "--json")
    run = shop.run("return_shipments")
    shop.command(*set_words(shop, "YAMATO"))
    healed = shop.run("return_shipments")

    command = f"renkei method set --shop {shop.key} --method '{METHOD}' --carrier CARRIER"
    assert (answer.code, answer.json["status"]) == (0, "shipped")
    assert answer.err.startswith("renkei: warning: ")
    assert command in answer.err
    assert command in answer.json["warnings"][0]
    assert figures(run) == ("failed", 0, 1, 0)
    assert command in reasons(run)[order["cart_order_key"]]
    assert figures(healed) == ("succeeded", 1, 0, 0)
    assert len(shop.effects("settlement_requested", "delivery_shipped")) == 2


def test_ret_07_a_shipment_file_warns_once_for_each_unknown_method(bench: Bench) -> None:
    shop = bench.shop("thebase", "cash_on_delivery", "cash_on_delivery", "cash_on_delivery")
    shop.run("import_orders")
    methods = ("既知", "未知", "未知")
    shop.command("method", "set", "--shop", shop.key, "--method", "既知", "--carrier", "日本郵便")
    lines = [
        f"{order['number']},{method},4000-000{at},"
        for at, (order, method) in enumerate(zip(shop.orders(), methods, strict=True))
    ]
    file = "\n".join(["number,method,tracking,date", *lines])

    answer = bench.renkei("orders", "import-shipments", "-", "--json", stdin=file)

    assert (answer.code, answer.json["shipped"], len(answer.json["warnings"])) == (0, 3, 1)
    assert "delivery method 未知 has no carrier" in answer.err
    assert answer.err.count("\n") == 1
