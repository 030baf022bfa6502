"""`renkei orders list` and `show`."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.component.command_line import CommandLine

FIELDS = [
    "number",
    "shop",
    "cart_order_key",
    "part",
    "status",
    "hold_reasons",
    "allocated",
    "payment",
    "api_status",
    "ordered_at",
    "payment_method",
    "delivery_method",
    "total_yen",
    "shipping_fee_yen",
    "discount_yen",
    "tax_yen",
    "custom",
    "buyer",
    "recipient",
    "lines",
    "tracking_number",
    "shipped_on",
    "completed_at",
]
LINE_FIELDS = [
    "sku",
    "name",
    "quantity",
    "unit_price_yen",
    "options_yen",
    "total_yen",
    "tax_rate",
    "custom",
    "options",
]
PERSON = {
    "name": "佐伯 結衣",
    "postal_code": "5300001",
    "address": "大阪府",
    "tel": "0600000000",
    "email": "a@b.example",
}
INSERT = text("""
insert into instructions
       (merchant_id, shop_id, cart_order_key, part, number, status, holds, payment, ordered_at,
        payment_method, delivery_method, total_yen, shipping_fee_yen, discount_yen, tax_yen,
        custom, buyer, recipient)
select merchant_id, id, :key, 1, :number, :status, cast(:holds as jsonb), 'unpaid',
       '2025-01-01T01:00:05Z', 'creditcard', '宅配便', 6280, 980, 200, 570, '{"1": ""}',
       cast(:person as jsonb), cast(:person as jsonb)
  from shops where key = :shop
returning id
""")
INSERT_LINE = text("""
insert into instruction_lines
       (instruction_id, position, sku_id, cart_line_key, name, quantity, unit_price_yen,
        options_yen, total_yen, tax_rate, custom)
select :id, 1, s.id, '9021', '帆布トート', 2, 2500, 500, 5500, 10, '{"1": "9021"}'
  from skus s where s.code = 'TOTE'
""")


def add_order(engine: Engine, shop: str, number: str, key: str, **more: Any) -> None:
    holds = [{"reason": "入金確認", "cause": "unpaid", "text": "not paid yet"}]
    values = {"status": "hold", "holds": json.dumps(holds), "person": json.dumps(PERSON), **more}
    with engine.begin() as connection:
        made = connection.execute(
            INSERT, {"shop": shop, "number": number, "key": key, **values}
        ).scalar_one()
        connection.execute(INSERT_LINE, {"id": made})


@pytest.fixture
def shops(renkei: CommandLine) -> CommandLine:
    """The command line with two shops and a SKU."""
    renkei.add_base("tote")
    renkei.add_shopserve("kura")
    renkei.ok("stock", "set", "TOTE", "5")
    return renkei


def test_an_order_is_told_in_the_documented_shape(shops: CommandLine, engine: Engine) -> None:
    add_order(engine, "tote", "3C07", "3C07")

    (order,) = shops.read("orders", "list")

    assert list(order)[: len(FIELDS)] == FIELDS
    assert list(order["lines"][0]) == LINE_FIELDS
    assert order["ordered_at"] == "2025-01-01T10:00:05+09:00"
    assert (order["status"], order["hold_reasons"]) == ("hold", ["入金確認"])
    assert order["buyer"] == PERSON
    assert list(order["recipient"]) == ["name", "postal_code", "address", "tel"]
    assert (order["lines"][0]["sku"], order["lines"][0]["custom"]) == ("TOTE", {"1": "9021"})
    assert shops.read("orders", "show", "3C07") == order


def test_orders_are_filtered_by_shop_and_status(shops: CommandLine, engine: Engine) -> None:
    add_order(engine, "tote", "1", "1")
    add_order(engine, "kura", "2", "2", status="awaiting_shipment", holds="[]")

    def numbers(*words: str) -> list[str]:
        return [order["number"] for order in shops.read("orders", "list", *words)]

    assert numbers("--shop", "kura") == ["2"]
    assert numbers("--status", "hold") == ["1"]
    assert numbers("--status", "shipped") == []
    assert shops("orders", "list", "--shop", "nowhere").code == 1


def test_a_number_two_shops_share_needs_the_shop(shops: CommandLine, engine: Engine) -> None:
    add_order(engine, "tote", "100", "T1")
    add_order(engine, "kura", "100", "K1")

    answer = shops("orders", "show", "100")

    assert answer.code == 1
    assert "kura" in answer.err
    assert "tote" in answer.err
    assert "--shop" in answer.err
    assert shops.read("orders", "show", "100", "--shop", "kura")["cart_order_key"] == "K1"


def test_a_number_one_shop_repeats_needs_the_key(shops: CommandLine, engine: Engine) -> None:
    add_order(engine, "kura", "100", "K1")
    add_order(engine, "kura", "100", "K2")

    answer = shops("orders", "show", "100", "--shop", "kura")

    assert answer.code == 1
    assert "--key" in answer.err
    assert "K1" in answer.err
    assert "K2" in answer.err
    assert shops.read("orders", "show", "100", "--key", "K2")["cart_order_key"] == "K2"


def test_an_order_is_shown_to_people(shops: CommandLine, engine: Engine) -> None:
    add_order(engine, "tote", "3C07", "3C07")

    assert "保留" in shops.ok("orders", "list").out
    assert "帆布トート" in shops.ok("orders", "show", "3C07").out
