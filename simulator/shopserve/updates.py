"""Order updates: confirm, ship, request settlement, complete."""

import re

from simulator import clock, effects
from simulator.messages import Answer, Call, Document
from simulator.order_book import Order
from simulator.shopserve import wire
from simulator.shopserve.answers import RefusedError, invalid, ok, read_object, refuse_unknown
from simulator.shopserve.settlement import REQUESTED_ALREADY, settle, start_settlement
from simulator.shopserve.shop import ShopServeShop
from simulator.world import World

_TRACKING = re.compile(r"[0-9A-Za-z-]{1,40}")
_DATES = ("scheduled_shipping_date", "shipped_date", "arrival_date")
_SHIPPING_KNOWN = frozenset(
    {"carrier_code", "carrier_name", "tracking_numbers", "shipping_status", "send_mail", *_DATES},
)
_COMPLETION = "completion"
_GONE = frozenset({wire.Folder.CANCELED, wire.Folder.TRASH})


def find_order(world: World, shop: ShopServeShop, serial_code: str, at: float) -> Order:
    """Return an order brought up to now; refuse an unknown one."""
    order = shop.orders.get(serial_code)
    if order is None:
        raise RefusedError(404, "注文が見つかりません。")
    settle(order, world.settings, at)
    return order


def _live_order(world: World, shop: ShopServeShop, serial_code: str, at: float) -> Order:
    """Return an order that can still be worked on; refuse a cancelled one."""
    order = find_order(world, shop, serial_code, at)
    basic = order.document["basic"]
    if basic["cancel"] == wire.YES or basic["folder"] in _GONE:
        raise RefusedError(409, "キャンセルされた注文です。")
    return order


def update_status(
    world: World,
    shop: ShopServeShop,
    call: Call,
    arguments: tuple[str, ...],
) -> Answer:
    """Answer PUT /orders/{serial_code}/status; the same state again is no change."""
    (serial_code,) = arguments
    order = _live_order(world, shop, serial_code, call.at)
    request = read_object(call)
    refuse_unknown(request, frozenset({"confirm_status"}))
    if request.get("confirm_status") != wire.Confirm.CONFIRMED:
        raise invalid("confirm_status")
    basic = order.document["basic"]
    again = basic["confirm_status"] == wire.Confirm.CONFIRMED
    if not again:
        basic["confirm_status"] = wire.Confirm.CONFIRMED
        basic["updated_date"] = clock.tokyo_text(call.at)
    kind = effects.ORDER_CONFIRMED_AGAIN if again else effects.ORDER_CONFIRMED
    world.note(shop, kind, serial_code, call.at)
    return ok({"serial_code": serial_code, "result": "Updated"})


def ship_delivery(
    world: World,
    shop: ShopServeShop,
    call: Call,
    arguments: tuple[str, ...],
) -> Answer:
    """Answer PUT /orders/{serial_code}/deliveries/{delivery_no}/shipping."""
    serial_code, delivery_no = arguments
    order = _live_order(world, shop, serial_code, call.at)
    delivery = _find_delivery(order, delivery_no)
    request = read_object(call)
    _check_shipping(request)
    before = list(delivery["tracking_numbers"])
    again = delivery["shipping_status"] == wire.Shipping.SHIPPED
    write_shipping(order, delivery, request, call.at)
    world.note(
        shop,
        effects.DELIVERY_SHIPPED_AGAIN if again else effects.DELIVERY_SHIPPED,
        serial_code,
        call.at,
        delivery_no=delivery["delivery_no"],
        carrier_code=request["carrier_code"],
        tracking_numbers=request["tracking_numbers"],
        old_tracking_numbers=before,
        mail=request.get("send_mail", wire.NO),
        settlement_status=order.document["basic"]["settlement_status"],
    )
    return ok({"serial_code": serial_code, "result": "Updated"})


def _find_delivery(order: Order, delivery_no: str) -> Document:
    for delivery in order.document["deliveries"]:
        if str(delivery["delivery_no"]) == delivery_no:
            found: Document = delivery
            return found
    raise RefusedError(404, "配送先が見つかりません。")


def _check_shipping(request: Document) -> None:
    """Refuse a shipping result without carrier or tracking number, or with an odd value."""
    refuse_unknown(request, _SHIPPING_KNOWN)
    if request.get("carrier_code") not in wire.CARRIERS:
        raise invalid("carrier_code")
    _check_tracking(request.get("tracking_numbers"))
    if request.get("shipping_status") != wire.Shipping.SHIPPED:
        raise invalid("shipping_status")
    if request.get("send_mail", wire.NO) not in (wire.YES, wire.NO):
        raise invalid("send_mail")
    for name in _DATES:
        if request.get(name) is not None:
            _check_date(request, name)


def _check_tracking(numbers: object) -> None:
    if not isinstance(numbers, list) or not numbers:
        raise invalid("tracking_numbers", "問合せ番号は必須です。")
    for index, number in enumerate(numbers):
        if not isinstance(number, str) or not _TRACKING.fullmatch(number):
            raise invalid(f"tracking_numbers[{index}]", "問合せ番号の形式が不正です。")


def _check_date(request: Document, name: str) -> None:
    try:
        clock.read_date(str(request[name]))
    except ValueError as error:
        raise invalid(name, "日付の形式が不正です。") from error


def write_shipping(order: Order, delivery: Document, request: Document, at: float) -> None:
    """Mark one destination shipped, and the order when it was the last one."""
    carrier = request["carrier_code"]
    delivery["carrier_code"] = carrier
    delivery["carrier_name"] = request.get("carrier_name") or wire.CARRIERS[carrier]
    delivery["tracking_numbers"] = list(request["tracking_numbers"])
    delivery["shipping_status"] = wire.Shipping.SHIPPED
    delivery["shipped_date"] = request.get("shipped_date") or clock.tokyo_date(at)
    if request.get("scheduled_shipping_date"):
        delivery["scheduled_shipping_date"] = request["scheduled_shipping_date"]
    basic = order.document["basic"]
    basic["updated_date"] = clock.tokyo_text(at)
    statuses = {each["shipping_status"] for each in order.document["deliveries"]}
    if statuses == {wire.Shipping.SHIPPED}:
        basic["shipping_status"] = wire.Shipping.SHIPPED


def request_settlement(
    world: World,
    shop: ShopServeShop,
    call: Call,
    arguments: tuple[str, ...],
) -> Answer:
    """Answer POST /orders/{serial_code}/settlement/_request; every 200 is a charge."""
    (serial_code,) = arguments
    order = _live_order(world, shop, serial_code, call.at)
    refuse_unknown(read_object(call), frozenset())
    basic, payment = order.document["basic"], order.document["payment"]
    status = basic["settlement_status"]
    details = {"method_code": payment["method_code"], "total_yen": basic["total_amount"]}
    started = order.settlement_at
    blind = started is not None and call.at - started < world.settings.settlement_blind_s
    if status in REQUESTED_ALREADY and not blind:
        world.note(shop, effects.SETTLEMENT_REFUSED, serial_code, call.at, status=status, **details)
        raise RefusedError(409, "既に決済依頼済みです。")
    settled = payment["method_code"] in {*wire.SETTLED_ON_REQUEST, wire.UNHEARD_CARD}
    if not settled and payment["method_name"] not in wire.SETTLED_NAMES:
        raise RefusedError(422, "決済依頼の対象外の支払方法です。")
    if status != wire.Settlement.AUTHORIZED and not blind:
        raise RefusedError(409, "決済依頼できない状態です。")
    start_settlement(order, call.at)
    world.note(shop, effects.SETTLEMENT_REQUESTED, serial_code, call.at, by="api", **details)
    return ok({"serial_code": serial_code, "settlement_status": wire.Settlement.REQUESTING})


def complete_order(
    world: World,
    shop: ShopServeShop,
    call: Call,
    arguments: tuple[str, ...],
) -> Answer:
    """Answer POST /orders/{serial_code}/_complete; once is enough, unless it was overlooked."""
    (serial_code,) = arguments
    order = _live_order(world, shop, serial_code, call.at)
    refuse_unknown(read_object(call), frozenset())
    basic = order.document["basic"]
    again = order.overlooked(_COMPLETION, call.at, world.settings.repeat_blind_s)
    if basic["folder"] == wire.Folder.COMPLETED and not again:
        raise RefusedError(409, "既に取引完了フォルダにあります。")
    order.done_at[_COMPLETION] = call.at
    basic["folder"] = wire.Folder.COMPLETED
    basic["updated_date"] = clock.tokyo_text(call.at)
    world.note(
        shop,
        effects.ORDER_COMPLETED,
        serial_code,
        call.at,
        shipping_status=basic["shipping_status"],
        settlement_status=basic["settlement_status"],
    )
    return ok({"serial_code": serial_code, "folder": wire.Folder.COMPLETED})
