"""Makes ShopServe items, and orders of a recipe in the shape of the order search."""

import random

from simulator import clock
from simulator.messages import Document
from simulator.order_book import Order
from simulator.seed.catalogue import Goods
from simulator.seed.people import Person, invent_person
from simulator.seed.shopserve_recipes import Recipe
from simulator.shopserve import wire
from simulator.shopserve.shop import Item, ShopServeShop, StockRow
from simulator.shopserve.wire import Shipping

_SHIPPING_YEN = 660
_FIRST_ORDER_NUMBER = 10_000_000
_CARRIERS = ("YAMATO", "SAGAWA", "JAPANPOST")
_WISHED_AFTER_S = 6 * 86_400
_TIMES = (None, None, "午前中", "14時-16時", "18時-20時")
_REMARK = "ギフトです。納品書は入れないでください。"
_RATES = (8, 10)
_STANDARD_RATE = 10


def add_items(shop: ShopServeShop, goods: list[Goods], at: int) -> None:
    """Offer goods in a shop.

    Args:
        shop: where.
        goods: what.
        at: when they were created, Unix seconds.
    """
    for each in goods:
        rows = {
            variant.choices: StockRow(f"{each.code}{variant.suffix}", variant.quantity, 3)
            for variant in each.variants
        }
        item = Item(each.code, each.name, each.price_yen, each.tax_rate, rows, created_at=at)
        shop.items[each.code] = item


def make_order(
    shop: ShopServeShop,
    recipe: Recipe,
    chance: random.Random,
    ordered_at: int,
) -> Order:
    """Return a new order; the shop needs items.

    Args:
        shop: whose items are bought.
        recipe: the kind of order.
        chance: where the figures come from.
        ordered_at: order time, Unix seconds.
    """
    shop.orders_made += 1
    day = clock.tokyo_date(ordered_at).replace("-", "")
    serial_code = f"SC-{day}-{shop.orders_made:06}"
    orderer = invent_person(chance)
    deliveries = [
        _delivery(shop, recipe, chance, number, orderer, at=ordered_at)
        for number in range(1, recipe.destinations + 1)
    ]
    payment = _payment(recipe, deliveries, ordered_at)
    basic = {
        "order_number": str(_FIRST_ORDER_NUMBER + shop.orders_made),
        "order_date": clock.tokyo_text(ordered_at),
        "updated_date": clock.tokyo_text(ordered_at),
        **_statuses(recipe),
        "customer_type": "Member",
        "total_amount": total_of(payment),
    }
    document = {
        "basic": basic,
        "payment": payment,
        "orderer": _orderer(orderer),
        "deliveries": deliveries,
        "memo": {"customer_note": _REMARK if recipe.options else "", "shop_memo": ""},
    }
    return Order(serial_code, ordered_at, document, recipe=recipe.name)


def _statuses(recipe: Recipe) -> Document:
    return {
        "folder": recipe.folder,
        "confirm_status": recipe.confirm,
        "shipping_status": Shipping.NOT_SHIPPED,
        "payment_status": recipe.payment,
        "settlement_status": recipe.settlement,
        "cancel": recipe.cancel,
        "test_order": recipe.test_order,
    }


def _orderer(person: Person) -> Document:
    return {
        **_person(person),
        "mail_address": person.mail,
        "company": "",
        "member": {"account": person.mail.partition("@")[0]},
    }


def total_of(payment: Document) -> int:
    """Return what the buyer pays, yen."""
    return int(
        payment["subtotal"]
        + payment["shipping_charge"]
        + payment["fee"]
        - payment["discount"]
        - payment["point_used"]
        - payment["coupon_discount"],
    )


def _person(person: Person) -> Document:
    return {
        "name": f"{person.family} {person.given}",
        "name_kana": person.kana,
        "postal_code": f"{person.postal_code[:3]}-{person.postal_code[3:]}",
        "prefecture": person.prefecture,
        "town_and_number": person.street,
        "building": person.building,
        "tel": person.tel,
    }


def _payment(recipe: Recipe, deliveries: list[Document], at: int) -> Document:
    """Return the payment group with amounts that follow from the lines."""
    lines = [line for delivery in deliveries for line in delivery["items"]]
    per_rate = {
        rate: sum(each["amount"] for each in lines if each["tax_rate"] == rate) for rate in _RATES
    }
    shipping_yen = _SHIPPING_YEN * len(deliveries)
    per_rate[_STANDARD_RATE] += shipping_yen + recipe.fee_yen
    is_paid = recipe.payment == wire.Payment.PAID
    return {
        "method_code": recipe.method_code,
        "method_name": wire.METHODS.get(recipe.method_code, "いつか払い"),
        "payment_date": clock.tokyo_date(at) if is_paid else None,
        "settlement_requested_date": None,
        "collection_date": None,
        "subtotal": sum(each["amount"] for each in lines),
        "shipping_charge": shipping_yen,
        "fee": recipe.fee_yen,
        "discount": recipe.discount_yen,
        "point_used": recipe.points_yen,
        "coupon_discount": 0,
        **{f"tax_{rate}": yen * rate // (100 + rate) for rate, yen in per_rate.items()},
    }


def _delivery(
    shop: ShopServeShop,
    recipe: Recipe,
    chance: random.Random,
    number: int,
    orderer: Person,
    *,
    at: int,
) -> Document:
    """Return one destination; the first one is the orderer's own address."""
    carrier = chance.choice(_CARRIERS) if number <= recipe.provisional else None
    person = orderer if number == 1 else invent_person(chance)
    day = clock.tokyo_date(at + number * _WISHED_AFTER_S)
    return {
        "delivery_no": number,
        **_person(person),
        "company": "",
        "delivery_type": "Standard",
        "temperature_controlled": "NoControl",
        "carrier_code": carrier,
        "carrier_name": wire.CARRIERS[carrier] if carrier else None,
        "tracking_numbers": [f"0000-0000-{chance.randrange(10_000):04}"] if carrier else [],
        "desired_delivery_date": day if recipe.destinations > 1 else None,
        "desired_delivery_time": chance.choice(_TIMES),
        "scheduled_shipping_date": None,
        "shipped_date": None,
        "shipping_status": Shipping.NOT_SHIPPED,
        "noshi": "" if number == 1 else "御祝",
        "wrapping": "",
        "message_card": "",
        "items": _lines(shop, recipe, chance, with_option=recipe.options and number == 1),
    }


def _lines(
    shop: ShopServeShop,
    recipe: Recipe,
    chance: random.Random,
    *,
    with_option: bool,
) -> list[Document]:
    items = list(shop.items.values())
    first = chance.randrange(len(items))
    lines = []
    for position in range(recipe.lines):
        item = items[(first + position) % len(items)]
        quantity = chance.choice((1, 1, 1, 2, 3))
        option = {"name": "ラッピング", "value": "あり"}
        lines.append(
            {
                "item_code": item.code,
                "item_name": item.name,
                "variation": list(chance.choice(list(item.rows))),
                "options": [option] if with_option and position == 0 else [],
                "jan_code": "",
                "quantity": quantity,
                "unit_price": item.price_yen,
                "amount": item.price_yen * quantity,
                "tax_rate": item.tax_rate,
            },
        )
    return lines
