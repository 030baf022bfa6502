"""Bodies as the carts write them, with our own values; each call returns a fresh copy."""

import copy

Json = dict[str, object]


def shopserve_order() -> Json:
    return copy.deepcopy(_SHOPSERVE_ORDER)


def base_order() -> Json:
    return copy.deepcopy(_BASE_ORDER)


def base_row() -> Json:
    names = ("unique_key", "ordered", "payment", "total", "dispatch_status", "modified")
    return {name: _BASE_ORDER[name] for name in names}


def base_item() -> Json:
    return copy.deepcopy(_BASE_ITEM)


_SHOPSERVE_ORDER: Json = {
    "serial_code": "SC-1",
    "basic": {
        "order_number": "00010042",
        "order_date": "2026-10-03 10:15:42",
        "folder": "Ledger",
        "confirm_status": "Unconfirmed",
        "shipping_status": "NotShipped",
        "payment_status": "Unpaid",
        "settlement_status": "Authorized",
        "cancel": "No",
        "test_order": "No",
        "total_amount": 7480,
    },
    "payment": {
        "method_code": "CreditCard",
        "method_name": "クレジットカード決済",
        "payment_date": None,
        "shipping_charge": 660,
        "fee": 330,
        "discount": 100,
        "coupon_discount": 50,
        "point_used": 20,
    },
    "orderer": {
        "name": "試験 花子",
        "mail_address": "hanako@example.com",
        "postal_code": "100-0001",
        "prefecture": "東京都",
        "town_and_number": "千代田区千代田0-0-0",
        "building": "試験荘1",
        "tel": "03-0000-0000",
    },
    "deliveries": [
        {
            "delivery_no": 1,
            "name": "試験 一郎",
            "postal_code": "530-0001",
            "prefecture": "大阪府",
            "town_and_number": "大阪市北区梅田0-0-0",
            "building": "",
            "tel": "06-0000-0000",
            "carrier_code": "YAMATO",
            "carrier_name": "ヤマト運輸",
            "tracking_numbers": ["0000-0000-0000"],
            "desired_delivery_date": "2026-10-08",
            "desired_delivery_time": "午前中",
            "shipping_status": "NotShipped",
            "items": [
                {
                    "item_code": "TS-100",
                    "item_name": "綿Tシャツ",
                    "variation": ["ネイビー", "M"],
                    "options": [],
                    "quantity": 2,
                    "unit_price": 3410,
                    "amount": 6820,
                    "tax_rate": 10,
                }
            ],
        }
    ],
    "memo": {"customer_note": "玄関先に", "shop_memo": ""},
}

_NOBODY: Json = dict.fromkeys(
    ("first_name", "last_name", "zip_code", "prefecture", "address", "address2", "tel")
)
_UNUSED: Json = {"collected_fee": None, "status": None}


def _base_line(key: int, **changes: object) -> Json:
    line: Json = {
        "order_item_id": key,
        "item_id": 77001234,
        "variation_id": 410055,
        "title": "帆布トート",
        "variation": "生成り",
        "item_identifier": "TOTE",
        "variation_identifier": "TOTE-NAT",
        "price": 2500,
        "amount": 2,
        "item_total": 5000,
        "option_total": 500,
        "total": 5500,
        "options": [{"option_name": "ラッピング", "option_value": "あり", "price": 250}],
        "item_tax_type": 1,
        "consumption_tax_rate": 10,
        "status": "ordered",
        "shipping_method": None,
        "shipping_fee": 0,
        "modified": 1735693205,
    }
    return {**line, **changes}


_BASE_ORDER: Json = {
    "unique_key": "3C07A19F5B2E84D6",
    "ordered": 1735693205,
    "cancelled": None,
    "dispatched": None,
    "payment": "creditcard",
    "shipping_method": None,
    "shipping_fee": 1380,
    "cod_fee": 330,
    "total": 9000,
    "first_name": "結衣",
    "last_name": "佐伯",
    "zip_code": "5300001",
    "prefecture": "大阪府",
    "address": "大阪市北区梅田9-9-9",
    "address2": "試験荘1",
    "mail_address": "buyer@example.jp",
    "tel": "0600000000",
    "remark": "玄関先に",
    "tracking_number": None,
    "delivery_date": "2025-01-09",
    "delivery_time_zone": "1416",
    "dispatch_status": "ordered",
    "modified": 1735693205,
    "order_receiver": _NOBODY,
    "order_discount": {"discount": 200, "note": "新春クーポン"},
    "order_amount_adjustment": {"adjusted_amount": -100},
    "order_header_coin": {"discount": 10, "note": None},
    "bt_payment_transaction": _UNUSED,
    "atobarai_payment_transaction": _UNUSED,
    "order_items": [
        _base_line(90210001),
        _base_line(
            90210002,
            variation_id=0,
            variation="",
            variation_identifier=None,
            shipping_method="ネコポス",
            shipping_fee=400,
            item_tax_type=2,
            consumption_tax_rate=8,
            option_total=0,
            options=[],
            total=5000,
        ),
    ],
    "shipping_lines": [
        {"shipping_method": "宅配便", "shipping_fee": 980, "order_item_ids": ["90210001"]}
    ],
}

_BASE_ITEM: Json = {
    "item_id": 77001234,
    "title": "帆布トート",
    "stock": 9,
    "identifier": "TOTE",
    "variations": [
        {
            "variation_id": 410055,
            "variation": "生成り",
            "variation_stock": 4,
            "variation_identifier": "-NAT",
        },
        {
            "variation_id": 410056,
            "variation": "黒",
            "variation_stock": 5,
            "variation_identifier": None,
        },
    ],
}
