"""Payment methods nobody knows, from import to completion (PAY-1, CMP-5, STS-9)."""

import pytest

from simulator.client import Document
from tests.component.engine_bench import Bench, BenchShop, figures, reasons

UNKNOWN = {"method_code": "Gmo", "method_name": "GMO後払い"}
TORN = {"method_code": "CreditCard", "method_name": "PayPay"}
BY_NAME = {"method_code": "Credit", "method_name": "クレジットカード決済"}


def imported(bench: Bench, *payments: Document, recipe: str = "card") -> BenchShop:
    shop = bench.shop("shopserve")
    for told in payments or (UNKNOWN,):
        shop.add(recipe, overrides={"payment": told})
    shop.run("import_orders")
    shop.run("confirm_orders")
    return shop


def released(bench: Bench, *payments: Document, recipe: str = "card") -> BenchShop:
    """Return a shop whose orders a person released and shipped."""
    shop = imported(bench, *payments, recipe=recipe)
    shop.carries("YAMATO")
    shop.stock_up()
    shop.command("orders", "release", *(order["number"] for order in shop.orders()))
    shop.ship_all()
    return shop


def say(shop: BenchShop, means: str, method: str = "GMO後払い") -> Document:
    words = ("payment", "set", "--shop", shop.key, "--method", method, "--as", means)
    answer: Document = shop.bench.renkei.read(*words)
    return answer


def table(shop: BenchShop) -> list[Document]:
    rows: list[Document] = shop.bench.renkei.read("payment", "list", "--shop", shop.key)
    return rows


def standing(order: Document) -> tuple[str, str, list[str]]:
    return order["payment"], order["status"], order["hold_reasons"]


def test_pay_1_a_method_nobody_knows_is_held_named_and_listed(bench: Bench) -> None:
    shop = imported(bench)

    order = shop.only()
    assert standing(order) == ("unpaid", "hold", ["要確認"])
    assert "GMO後払い (code Gmo)" in order["holds"][0]["text"]
    (line,) = [line for line in shop.log() if "GMO後払い" in line["message"]]
    assert line["needs_person"]
    assert f"--shop {shop.key} " in line["message"]
    waiting = [row for row in table(shop) if row["as"] is None]
    assert [(row["method"], row["waiting"]) for row in waiting] == [("Gmo", [order["number"]])]


def test_pay_1_released_by_a_person_it_is_neither_shipped_nor_completed_in_the_cart(
    bench: Bench,
) -> None:
    """PAY-1, CMP-5: goods would leave uncharged."""
    shop = released(bench)

    run = shop.run("return_shipments")

    assert figures(run) == ("failed", 0, 1, 0)
    (reason,) = reasons(run).values()
    assert "GMO後払い" in reason
    assert f"renkei payment set --shop {shop.key}" in reason
    assert shop.effects("settlement_requested", "delivery_shipped") == []

    bench.sql("update instructions set api_status = 'tracking_returned'")
    completed = shop.run("complete_orders")

    assert figures(completed) == ("succeeded", 0, 0, 1)
    assert "GMO後払い" in reasons(completed)[shop.only()["cart_order_key"]]
    assert shop.effects("order_completed") == []
    said = [line["needs_person"] for line in shop.log() if line["run"] == completed["id"]]
    assert any(said)


def test_pay_1_once_it_is_said_to_be_a_card_settlement_is_requested_before_the_parcel(
    bench: Bench,
) -> None:
    shop = released(bench, TORN)
    shop.run("return_shipments")
    answer = say(shop, "card", "PayPay")

    run = shop.run("return_shipments")

    assert [one["payment"] for one in answer["decided"]] == ["paid"]
    assert figures(run) == ("succeeded", 1, 0, 0)
    effects = shop.effects("settlement_requested", "delivery_shipped")
    assert [effect["kind"] for effect in effects] == ["settlement_requested", "delivery_shipped"]
    assert {row["state"] for row in bench.renkei.read("dead", "list")} == {"closed"}


def test_pay_1_a_card_is_known_by_its_name_and_charged(bench: Bench) -> None:
    shop = bench.shop("shopserve")
    shop.add("card", overrides={"payment": BY_NAME})
    shop.ready_to_return()

    run = shop.run("return_shipments")

    assert figures(run) == ("succeeded", 1, 0, 0)
    effects = shop.effects("settlement_requested", "delivery_shipped")
    assert [effect["kind"] for effect in effects] == ["settlement_requested", "delivery_shipped"]


@pytest.mark.parametrize(
    ("means", "expected"),
    [
        ("none", ("paid", "awaiting_shipment", [])),
        ("card", ("paid", "awaiting_shipment", [])),
        ("deferred", ("paid", "awaiting_shipment", [])),
        ("prepaid", ("unpaid", "hold", ["入金確認"])),
    ],
)
def test_pay_1_setting_decides_waiting_orders_anew_and_leaves_other_holds(
    bench: Bench, means: str, expected: tuple[str, str, list[str]]
) -> None:
    shop = imported(bench, UNKNOWN, UNKNOWN)
    mine, held = shop.orders()
    shop.command("orders", "hold", held["number"], "--reason", "住所不備")
    shop.command("orders", "hold", held["number"], "--reason", "要確認", "--note", "ask")

    answer = say(shop, means)

    plain, other = shop.orders()
    assert standing(plain) == expected
    kept = ["住所不備", "要確認"]
    assert standing(other) == (expected[0], "hold", kept + expected[2])
    assert [one["number"] for one in answer["decided"]] == [mine["number"], held["number"]]
    assert all(row["waiting"] == [] for row in table(shop))
    audit = bench.column("select detail from audit where did = 'payment.set'")
    assert [entry["means"] for entry in audit] == [means]


def test_pay_1_said_to_be_prepaid_it_is_paid_by_a_later_read(bench: Bench) -> None:
    shop = imported(bench)
    say(shop, "prepaid")
    shop.place(shop.only()["cart_order_key"], change="pay")

    shop.run("sync_status")

    assert standing(shop.only()) == ("paid", "awaiting_shipment", [])


def test_pay_1_returned_orders_that_are_now_card_need_a_person_and_nothing_is_requested(
    bench: Bench,
) -> None:
    shop = released(bench, TORN, recipe="two_destinations")
    say(shop, "none", "PayPay")
    first, second = shop.orders()
    bench.sql("update instructions set shipped_on = shipped_on - 3 where part = 2")
    bench.sql("update instructions set return_wanted_at = null where part = 2")
    shop.run("return_shipments", "--ship-date", first["shipped_on"])

    answer = say(shop, "card", "PayPay")

    assert (answer["returned"], answer["to_settle"]) == ([first["number"]], [first["number"]])
    (alarm,) = [line for line in shop.log() if "request its settlement" in line["message"]]
    assert (alarm["level"], alarm["needs_person"]) == ("error", True)
    shop.run("return_shipments", "--ship-date", shop.orders()[1]["shipped_on"])
    shop.run("complete_orders")
    assert shop.effects("settlement_requested", "order_completed") == []
    assert len(shop.effects("delivery_shipped")) == 1
    shop.place(second["cart_order_key"], change="request_settlement")
    shop.run("return_shipments")
    assert [order["api_status"] for order in shop.orders()] == ["tracking_returned"] * 2


def test_pay_1_a_request_that_the_cart_refused_before_settles_nothing_afterwards(
    bench: Bench,
) -> None:
    """PAY-1: a part left while the method was none, so only a person requests its settlement."""
    shop = released(bench, TORN, recipe="two_destinations")
    say(shop, "none", "PayPay")
    first, _ = shop.orders()
    bench.sql("update instructions set shipped_on = shipped_on - 3 where part = 2")
    bench.sql(
        "insert into effects (shop_id, kind, key, state, attempts, sent_at)"
        " select shop_id, 'settlement', cart_order_key, 'planned', 1, now() from instructions"
        "  where part = 1"
    )
    shop.run("return_shipments", "--ship-date", first["shipped_on"])
    say(shop, "card", "PayPay")

    shop.run("return_shipments")

    assert shop.effects("settlement_requested") == []
    assert [order["api_status"] for order in shop.orders()] == ["tracking_returned", "printed"]


def test_pay_1_an_order_imported_while_it_was_said_is_decided_by_the_next_read(
    bench: Bench,
) -> None:
    shop = imported(bench)
    bench.sql(
        "insert into payment_classes (shop_id, method, plain, means)"
        " select id, 'Gmo', 'Gmo', 'none' from shops where key = :key",
        key=shop.key,
    )

    shop.run("sync_status")

    assert standing(shop.only()) == ("paid", "awaiting_shipment", [])


def test_pay_1_a_method_that_no_order_has_is_doubted(bench: Bench) -> None:
    """A typing error would leave what waits waiting, and say nothing."""
    shop = imported(bench)

    mistyped = say(shop, "deferred", "GMO後払")
    meant = say(shop, "deferred")

    assert "no order of" in mistyped["warnings"][0]
    assert (mistyped["decided"], len(meant["decided"]), meant["warnings"]) == ([], 1, [])


def test_pay_1_overruling_the_built_in_list_is_said_and_listed(bench: Bench) -> None:
    shop = bench.shop("shopserve")

    said = say(shop, "none", "CreditCard")
    (overruled,) = [row for row in table(shop) if "クレジットカード決済" in row["names"]]
    again = say(shop, "card", "CreditCard")

    assert "list says CreditCard is card" in said["warnings"][0]
    assert "no settlement is requested" in said["warnings"][0]
    assert (overruled["as"], overruled["said_by"]) == ("none", "person")
    assert again["warnings"] == []


def test_pay_1_a_base_shop_has_no_such_table(bench: Bench) -> None:
    shop = bench.shop("thebase")

    answer = bench.renkei("payment", "set", "--shop", shop.key, "--method", "x", "--as", "cod")

    assert (answer.code, "BASE" in answer.err) == (2, True)
