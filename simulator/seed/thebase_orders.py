"""Makes one BASE order of a recipe, in the shape of orders/detail."""

import random
from itertools import count

from simulator import clock
from simulator.messages import Document
from simulator.order_book import Order
from simulator.seed.people import Person, invent_person
from simulator.seed.thebase_recipes import BLANK, GIFT, Recipe
from simulator.thebase import wire
from simulator.thebase.amounts import total_of
from simulator.thebase.shop import BaseShop
from simulator.thebase.wire import Dispatch, Line

METHODS = (
    ("宅配便60サイズ", 980),
    ("ネコポス", 300),
    ("クール便", 1200),
    ("宅急便コンパクト", 650),
    ("宅急便80サイズ", 1150),
)
_WISHED_AFTER_S = 6 * 86_400
_TIME_ZONES = (None, None, "0812", "1416", "1618", "1821")
_OPTION_YEN = 250
_REDUCED_RATE = 8
_STANDARD_RATE = 10
_REDUCED_TAX_TYPE = 2
_ADDRESS_FIELDS = (
    "first_name",
    "last_name",
    "zip_code",
    "prefecture",
    "address",
    "address2",
    "tel",
)
_RECEIVER_FIELDS = (*_ADDRESS_FIELDS, "country", "country_code")


def make_order(
    shop: BaseShop,
    recipe: Recipe,
    chance: random.Random,
    ordered_at: int,
    line_ids: "count[int]",
) -> Order:
    """Return a new order; the shop needs items.

    Args:
        shop: whose items are bought.
        recipe: the kind of order.
        chance: where the figures come from.
        ordered_at: order time, Unix seconds.
        line_ids: where order line ids come from.
    """
    lines = _lines(shop, recipe, chance, ordered_at, line_ids)
    document = {
        "unique_key": f"{chance.getrandbits(64):016X}",
        "ordered": ordered_at,
        "cancelled": None,
        "dispatched": None,
        "payment": recipe.payment,
        **_shipping(recipe, lines),
        "cod_fee": recipe.cod_fee_yen,
        "total": 0,
        **_buyer(chance),
        "remark": "ギフトです。納品書は入れないでください。" if recipe.receiver == GIFT else "",
        **_handling(recipe, chance, ordered_at),
        "terminated": False,
        "modified": ordered_at,
        "order_receiver": _receiver(recipe, chance),
        **_money(recipe),
        **_transactions(recipe),
        "user_balance_logs": [],
        "order_items": lines,
        "additional_charges": [],
        "order_group_order_charge": {"collected_fee": None},
        "order_group_c_c_payment_transaction": {"collected_fee": None},
        "sales_partner_order_brand_charges": [],
        "subscription": {"unique_key": None, "repeat_number": None, "repeat_times": None},
    }
    document["total"] = total_of(document)
    _close(document, recipe, ordered_at)
    return Order(document["unique_key"], ordered_at, document, recipe=recipe.name)


def _buyer(chance: random.Random) -> Document:
    buyer = invent_person(chance)
    return {
        **_address(buyer),
        "country": "Japan",
        "country_code": "JP",
        "mail_address": buyer.mail,
    }


def _handling(recipe: Recipe, chance: random.Random, at: int) -> Document:
    time_zone = chance.choice(_TIME_ZONES)
    return {
        "add_comment": None,
        "delivery_company_id": 0,
        "tracking_number": None,
        "delivery_date": clock.tokyo_date(at + _WISHED_AFTER_S) if time_zone else None,
        "delivery_time_zone": time_zone,
        "dispatch_status": recipe.status,
    }


def _address(person: Person) -> Document:
    return {
        "first_name": person.given,
        "last_name": person.family,
        "zip_code": person.postal_code,
        "prefecture": person.prefecture,
        "address": person.street,
        "address2": person.building,
        "tel": person.tel,
    }


def _receiver(recipe: Recipe, chance: random.Random) -> Document:
    if recipe.receiver == GIFT:
        return {**_address(invent_person(chance)), "country": "Japan", "country_code": "JP"}
    return dict.fromkeys(_RECEIVER_FIELDS, "" if recipe.receiver == BLANK else None)


def _money(recipe: Recipe) -> Document:
    note = "ご愛顧クーポン" if recipe.discount_yen else ""
    return {
        "order_discount": {
            "discount": recipe.discount_yen,
            "note": note,
            "is_allocate_user_balance_log": 0,
        },
        "order_amount_adjustment": {"adjusted_amount": recipe.adjustment_yen},
        "order_header_coin": {"discount": recipe.coin_yen, "note": None},
        "order_charge": {"collected_fee": 188},
    }


def _transactions(recipe: Recipe) -> Document:
    """Return every transaction object; only the one of the payment method is used."""
    own = wire.TRANSACTIONS.get(recipe.payment)
    names = dict.fromkeys(wire.TRANSACTIONS.values())
    return {
        name: {
            "collected_fee": 266 if name == own else None,
            "status": (recipe.paid or None) if name == own else None,
        }
        for name in names
    }


def _lines(
    shop: BaseShop,
    recipe: Recipe,
    chance: random.Random,
    at: int,
    line_ids: "count[int]",
) -> list[Document]:
    items = list(shop.items.values())
    first = chance.randrange(len(items))
    lines = []
    for position in range(recipe.lines):
        item = items[(first + position) % len(items)]
        priced_option = recipe.options and position == 0
        line = _line(item, chance, next(line_ids), priced_option=priced_option)
        line["modified"] = at
        lines.append(line)
    if not recipe.item_code:
        lines[0]["item_identifier"] = None
    for line in lines[: recipe.dispatched_lines]:
        line["status"] = Line.DISPATCHED
    for line in lines[::-1][: recipe.cancelled_lines]:
        line["status"] = Line.CANCELLED
    return lines


def _line(item: Document, chance: random.Random, line_id: int, *, priced_option: bool) -> Document:
    variation = chance.choice(item["variations"]) if item["variations"] else {}
    amount = chance.choice((1, 1, 1, 2, 3))
    options = [_option(item["item_id"])] if priced_option else []
    item_total = item["price"] * amount
    option_total = _OPTION_YEN * amount * len(options)
    reduced = item["item_tax_type"] == _REDUCED_TAX_TYPE
    return {
        "order_item_id": line_id,
        "item_id": item["item_id"],
        "variation_id": variation.get("variation_id"),
        "title": item["title"],
        "variation": variation.get("variation", ""),
        "item_identifier": item["identifier"],
        "variation_identifier": variation.get("variation_identifier"),
        "barcode": "",
        "price": item["price"],
        "amount": amount,
        "item_total": item_total,
        "option_total": option_total,
        "total": item_total + option_total,
        "options": options,
        "item_tax_type": item["item_tax_type"],
        "consumption_tax_rate": _REDUCED_RATE if reduced else _STANDARD_RATE,
        "status": Line.ORDERED,
        "shipping_method": None,
        "shipping_fee": 0,
        "shipping_start": None,
        "shipping_end": None,
        "modified": 0,
    }


def _option(item_id: int) -> Document:
    return {
        "option_id": item_id % 100_000,
        "option_variation_id": item_id % 100_000 * 10,
        "option_name": "ラッピング",
        "option_value": "あり",
        "price": _OPTION_YEN,
    }


def _shipping(recipe: Recipe, lines: list[Document]) -> Document:
    """Return the method and fee fields of the order; line methods go into the lines."""
    groups: list[Document] = []
    for number in range(recipe.methods):
        method, fee = METHODS[recipe.first_method + number]
        members = [str(each["order_item_id"]) for each in lines[number :: recipe.methods]]
        groups.append({"shipping_method": method, "shipping_fee": fee, "order_item_ids": members})
    if recipe.line_methods:
        for line, (method, fee) in zip(lines, METHODS, strict=False):
            line["shipping_method"], line["shipping_fee"] = method, fee
    own = recipe.method and not recipe.line_methods and not groups
    fee = METHODS[0][1] if own else sum(each["shipping_fee"] for each in (groups or lines))
    return {
        "shipping_method": METHODS[0][0] if own else None,
        "shipping_fee": fee,
        "shipping_lines": groups,
    }


def _close(document: Document, recipe: Recipe, at: int) -> None:
    """Give an order that is over already its final status."""
    if recipe.cancelled_lines == recipe.lines:
        document["dispatch_status"] = Dispatch.CANCELLED
        document["cancelled"] = at
        document["terminated"] = True
    elif recipe.dispatched_lines == recipe.lines:
        document["dispatch_status"] = Dispatch.DISPATCHED
        document["dispatched"] = at
        document["terminated"] = True
