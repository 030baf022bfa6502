"""What buyers, the payment company and the shop's own staff do to a ShopServe order."""

from collections.abc import Callable

from simulator import clock, effects
from simulator.messages import Document
from simulator.order_book import Order
from simulator.shopserve import wire
from simulator.shopserve.settlement import start_settlement
from simulator.shopserve.shop import ShopServeShop
from simulator.shopserve.updates import write_shipping
from simulator.shopserve.wire import Settlement
from simulator.world import World

Change = Callable[[World, ShopServeShop, Order, Document, float], None]


def _pay(_world: World, _shop: ShopServeShop, order: Order, _: Document, at: float) -> None:
    """The money came in."""
    basic, payment = order.document["basic"], order.document["payment"]
    basic["payment_status"] = wire.Payment.PAID
    payment["payment_date"] = clock.tokyo_date(at)
    if payment["method_code"] in wire.COLLECTED_WHEN_PAID:
        basic["settlement_status"] = Settlement.SCHEDULED
        payment["collection_date"] = clock.tokyo_date(at)
    _touch(order, at)


def _cancel(
    _world: World, _shop: ShopServeShop, order: Order, request: Document, at: float
) -> None:
    """The staff cancels the order; `folder` may name the trash instead."""
    basic = order.document["basic"]
    basic["cancel"] = wire.YES
    basic["folder"] = wire.Folder(request.get("folder", wire.Folder.CANCELED))
    if basic["settlement_status"] == Settlement.AUTHORIZED:
        basic["settlement_status"] = Settlement.CANCELED
    _touch(order, at)


def _cancel_line(
    _world: World, _shop: ShopServeShop, order: Order, request: Document, at: float
) -> None:
    """The staff takes one line out of a destination (`delivery_no`, `line` counted from 0)."""
    number = request.get("delivery_no", 1)
    delivery = next(each for each in order.document["deliveries"] if each["delivery_no"] == number)
    line = delivery["items"].pop(request.get("line", 0))
    order.document["payment"]["subtotal"] -= line["amount"]
    order.document["basic"]["total_amount"] -= line["amount"]
    _touch(order, at)


def _set_tracking(
    _world: World, _shop: ShopServeShop, order: Order, request: Document, at: float
) -> None:
    """The staff sets carrier and provisional tracking number, of all destinations or of one."""
    carrier = request.get("carrier_code", "YAMATO")
    for delivery in order.document["deliveries"]:
        if request.get("delivery_no", delivery["delivery_no"]) == delivery["delivery_no"]:
            delivery["carrier_code"] = carrier
            delivery["carrier_name"] = wire.CARRIERS[carrier]
            delivery["tracking_numbers"] = [request.get("tracking_number", "0000-0000-0000")]
    _touch(order, at)


def _set_settlement(
    _world: World, _shop: ShopServeShop, order: Order, request: Document, at: float
) -> None:
    """The payment company moves the settlement to a state; it stays there."""
    order.settlement_at = None
    order.document["basic"]["settlement_status"] = Settlement(request["status"])
    _touch(order, at)


def _request_settlement(
    world: World, shop: ShopServeShop, order: Order, _: Document, at: float
) -> None:
    """The staff requests the settlement in the admin screen; it is a charge like any other."""
    payment, basic = order.document["payment"], order.document["basic"]
    start_settlement(order, at)
    details = {"method_code": payment["method_code"], "total_yen": basic["total_amount"]}
    world.note(shop, effects.SETTLEMENT_REQUESTED, order.key, at, by="shop", **details)


def _confirm(_world: World, _shop: ShopServeShop, order: Order, _: Document, at: float) -> None:
    """The staff confirms the order."""
    order.document["basic"]["confirm_status"] = wire.Confirm.CONFIRMED
    _touch(order, at)


def _ship(_world: World, _shop: ShopServeShop, order: Order, request: Document, at: float) -> None:
    """The staff marks every destination shipped."""
    result = {"carrier_code": "YAMATO", "tracking_numbers": ["0000-0000-0001"], **request}
    for delivery in order.document["deliveries"]:
        write_shipping(order, delivery, result, at)


def _complete(_world: World, _shop: ShopServeShop, order: Order, _: Document, at: float) -> None:
    """The staff moves the order to the completed folder."""
    order.document["basic"]["folder"] = wire.Folder.COMPLETED
    _touch(order, at)


def _touch(order: Order, at: float) -> None:
    order.document["basic"]["updated_date"] = clock.tokyo_text(at)


CHANGES: dict[str, Change] = {
    "pay": _pay,
    "cancel": _cancel,
    "cancel_line": _cancel_line,
    "set_tracking": _set_tracking,
    "set_settlement": _set_settlement,
    "request_settlement": _request_settlement,
    "confirm": _confirm,
    "ship": _ship,
    "complete": _complete,
}
