"""Reading orders of BASE: the list, newest first, and one order with everything."""

from simulator import clock
from simulator.messages import Answer, Call, Document
from simulator.thebase import wire
from simulator.thebase.answers import ApiError, ok, read_count
from simulator.thebase.shop import BaseShop
from simulator.world import World

_ANY_OFFSET = 1 << 31
_DATE_LENGTH = 10


def list_orders(_world: World, shop: BaseShop, call: Call, _argument: str) -> Answer:
    """Answer GET /1/orders."""
    start = _read_bound(call.query.get("start_ordered"), "00:00:00")
    end = _read_bound(call.query.get("end_ordered"), "23:59:59")
    limit = read_count(call.query.get("limit"), wire.DEFAULT_LIMIT, wire.MAX_LIMIT)
    offset = read_count(call.query.get("offset"), 0, _ANY_OFFSET)
    low, high = shop.orders.span(start, end)
    newest = high - 1 - offset
    oldest = max(low, newest - limit + 1)
    positions = range(newest, oldest - 1, -1)
    return ok({"orders": [_summary(shop.orders.at(at).document) for at in positions]})


def _read_bound(text: str | None, time_of_day: str) -> int | None:
    """Return one end of the window; a bare date gets the given time of day."""
    if not text:
        return None
    try:
        return clock.read_second(f"{text} {time_of_day}" if len(text) == _DATE_LENGTH else text)
    except ValueError as error:
        raise ApiError("bad_params") from error


def _summary(document: Document) -> Document:
    return {name: document[name] for name in wire.SUMMARY_FIELDS if name in document}


def show_order(_world: World, shop: BaseShop, _call: Call, unique_key: str) -> Answer:
    """Answer GET /1/orders/detail/{unique_key}."""
    if not unique_key:
        raise ApiError("no_unique_key")
    order = shop.orders.get(unique_key)
    if order is None:
        raise ApiError("no_order")
    return ok({"order": order.document})
