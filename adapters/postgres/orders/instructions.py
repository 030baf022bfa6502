"""Shipping instructions (出荷指示): storing new ones."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields

from sqlalchemy import Connection

from adapters.postgres.shops.shops import Shop
from adapters.postgres.statement import Statement
from adapters.postgres.stock import reservations
from adapters.postgres.stock.counts import ensure_skus
from domain.orders.instructions import Hold, secures_stock
from domain.orders.new_instructions import NewInstruction, NewLine

_INSERT = Statement[int]("""
insert into instructions
       (merchant_id, shop_id, cart_order_key, part, number, destination, status, holds, payment,
        api_status, ordered_at, payment_method, payment_name, delivery_method, total_yen,
        shipping_fee_yen, fee_yen, discount_yen, points_yen, adjustment_yen, tax_yen, custom,
        buyer, recipient, methods, wished_date, wished_time, remarks, gift)
values (:merchant_id, :shop_id, :cart_order_key, :part, :number, :destination, :status,
        cast(:holds as jsonb), :payment, :api_status, :ordered_at, :payment_method,
        :payment_name, :delivery_method, :total_yen, :shipping_fee_yen, :fee_yen, :discount_yen,
        :points_yen, :adjustment_yen, :tax_yen, cast(:custom as jsonb), cast(:buyer as jsonb),
        cast(:recipient as jsonb), cast(:methods as jsonb), :wished_date, :wished_time, :remarks,
        :gift)
on conflict (shop_id, cart_order_key, part) do nothing
returning id
""")

_INSERT_LINES = Statement[None]("""
insert into instruction_lines
       (instruction_id, position, sku_id, cart_line_key, name, quantity, unit_price_yen,
        options_yen, total_yen, tax_rate, custom, options)
select :instruction_id, l.position, l.sku_id, l.cart_line_key, l.name, l.quantity,
       l.unit_price_yen, l.options_yen, l.total_yen, l.tax_rate, l.custom, l.options
  from jsonb_to_recordset(cast(:lines as jsonb))
       as l(position int, sku_id bigint, cart_line_key text, name text, quantity int,
            unit_price_yen int, options_yen int, total_yen int, tax_rate int, custom jsonb,
            options jsonb)
""")


def store(
    connection: Connection, shop: Shop, new: Iterable[NewInstruction]
) -> tuple[list[str], list[str]]:
    """Store the instructions of one order and secure their stock.

    Returns: numbers stored (those the shop has already are left as they are, IMP-7), and the SKUs
        nobody knew, created and not counted (IMP-18, STK-8).
    """
    instructions = list(new)
    codes = {line.sku for one in instructions for line in one.lines}
    sku_ids, created = ensure_skus(connection, shop.merchant_id, codes)
    numbers: list[str] = []
    secured: Counter[int] = Counter()
    for one in instructions:
        lines = [_line(line, position, sku_ids) for position, line in enumerate(one.lines, 1)]
        instruction_id = _INSERT.first(
            connection,
            one,
            merchant_id=shop.merchant_id,
            shop_id=shop.id,
            holds=stored_holds(one.holds),
            custom=_json(dict(one.custom)),
            buyer=_json(asdict(one.buyer)),
            recipient=_json(asdict(one.recipient)),
            methods=_json(one.methods),
        )
        if instruction_id is None:
            continue
        _INSERT_LINES.run(connection, instruction_id=instruction_id, lines=json.dumps(lines))
        numbers.append(one.number)
        if secures_stock(one.status):
            for line in one.lines:
                secured[sku_ids[line.sku]] += line.quantity
    reservations.secure(connection, secured)
    return numbers, created


def _line(line: NewLine, position: int, sku_ids: Mapping[str, int]) -> dict[str, object]:
    return {
        **{field.name: getattr(line, field.name) for field in fields(line)},
        "position": position,
        "sku_id": sku_ids[line.sku],
        "custom": dict(line.custom),
    }


def stored_holds(holds: Iterable[Hold]) -> str:
    """Return holds as their column keeps them."""
    return _json([asdict(hold) for hold in holds])


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
