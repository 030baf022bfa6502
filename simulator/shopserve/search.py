"""Order search (注文情報検索): windows, filters, paging and groups."""

from collections.abc import Callable, Iterable, Iterator

from simulator import clock
from simulator.messages import Answer, Call, Document
from simulator.order_book import Order, OrderBook
from simulator.shopserve import wire
from simulator.shopserve.answers import (
    RefusedError,
    invalid,
    ok,
    read_int,
    read_object,
    refuse_unknown,
)
from simulator.shopserve.settlement import settle
from simulator.shopserve.shop import ShopServeShop
from simulator.world import World

_STATUS_FILTERS: dict[str, frozenset[str]] = {
    "confirm_status": frozenset(wire.Confirm),
    "shipping_status": frozenset(wire.Shipping),
    "payment_status": frozenset(wire.Payment),
}
_KNOWN = frozenset({"since", "until", "serial_codes", "folder", "from", "size", "sort"})
_ALL_KNOWN = _KNOWN | _STATUS_FILTERS.keys()
_CLOCK_SLACK_S = 60

Filter = Callable[[Document], bool]


def search_orders(
    world: World,
    shop: ShopServeShop,
    call: Call,
    arguments: tuple[str, ...],
) -> Answer:
    """Answer POST /orders/_retrieve/{groups}."""
    (groups_text,) = arguments
    groups = _read_groups(call, groups_text)
    request = read_object(call)
    refuse_unknown(request, _ALL_KNOWN)
    since, until = _read_window(request, call.at)
    wanted = _read_filters(request)
    start = read_int(request, "from", 0, 1 << 31) if "from" in request else 0
    size = read_int(request, "size", 1, wire.MAX_SIZE) if "size" in request else wire.MAX_SIZE
    newest_first = _read_sort(request)
    orders: Iterable[Order]
    if "serial_codes" in request:
        orders = _by_codes(shop.orders, _read_codes(request), since, until)
    else:
        orders = _by_time(shop.orders, since, until)
    hits = []
    for order in orders:
        settle(order, world.settings, call.at)
        if all(wants(order.document.get("basic", {})) for wants in wanted):
            hits.append(order)
    if newest_first:
        hits.reverse()
    page = [_shown(order, groups) for order in hits[start : start + size]]
    return ok({"total_count": len(hits), "orders": page})


def _read_groups(call: Call, groups_text: str) -> list[str]:
    """Return the groups asked for; the separator has to be on the wire as it is."""
    if "%3b" in call.raw_path.lower():
        raise RefusedError(400, "composite_requestsの形式が不正です。")
    groups = groups_text.split(";")
    if len(set(groups)) != len(groups) or not set(groups) <= set(wire.GROUPS):
        raise RefusedError(400, "composite_requestsの形式が不正です。")
    return groups


def _read_window(request: Document, now: float) -> tuple[int | None, int | None]:
    """Return the first and the last second asked for, both inclusive."""
    if "serial_codes" in request and "since" not in request and "until" not in request:
        return None, None
    since, until = (_read_second(request, name) for name in ("since", "until"))
    if since > until:
        raise invalid("until", "期間の指定が不正です。")
    if until - since > wire.MAX_WINDOW_DAYS * clock.DAY_S:
        raise invalid("until", "期間は1週間以内で指定してください。")
    if since < clock.years_before(now, wire.MAX_AGE_YEARS) - _CLOCK_SLACK_S:
        raise invalid("since", "2年より前の注文は検索できません。")
    return since, until


def _read_second(request: Document, name: str) -> int:
    value = request.get(name)
    if not isinstance(value, str):
        raise invalid(name)
    try:
        return clock.read_second(value)
    except ValueError as error:
        raise invalid(name, "日時の形式が不正です。") from error


def _read_codes(request: Document) -> list[str]:
    codes = request["serial_codes"]
    if not isinstance(codes, list) or not 1 <= len(codes) <= wire.MAX_SERIAL_CODES:
        raise invalid("serial_codes")
    if not all(isinstance(code, str) for code in codes):
        raise invalid("serial_codes")
    return list(dict.fromkeys(codes))


def _read_filters(request: Document) -> list[Filter]:
    """Return one test per status filter and folder."""
    wanted: list[Filter] = []
    for name, literals in _STATUS_FILTERS.items():
        if name not in request:
            continue
        values = request[name]
        if not isinstance(values, list) or not values or not literals.issuperset(values):
            raise invalid(name)
        wanted.append(lambda basic, name=name, values=values: basic.get(name) in values)  # type: ignore[misc]
    if "folder" in request:
        folder = request["folder"]
        if folder not in frozenset(wire.Folder):
            raise invalid("folder")
        wanted.append(lambda basic: basic.get("folder") == folder)
    return wanted


def _read_sort(request: Document) -> bool:
    """Return whether the newest order comes first."""
    sort = request.get("sort", {"type": "OrderDate", "order": "Asc"})
    if not isinstance(sort, dict) or sort.get("type") != "OrderDate":
        raise invalid("sort")
    if sort.get("order") not in ("Asc", "Desc"):
        raise invalid("sort")
    return bool(sort["order"] == "Desc")


def _by_time(book: OrderBook, since: int | None, until: int | None) -> Iterator[Order]:
    low, high = book.span(since, until)
    return (book.at(position) for position in range(low, high))


def _by_codes(
    book: OrderBook,
    codes: list[str],
    since: int | None,
    until: int | None,
) -> list[Order]:
    """Return the orders of some codes, oldest first; unknown codes are left out."""
    found = [order for code in codes if (order := book.get(code)) is not None]
    if since is not None and until is not None:
        found = [order for order in found if since <= order.ordered_at <= until]
    return sorted(found, key=lambda order: order.ordered_at)


def _shown(order: Order, groups: list[str]) -> Document:
    """Return an order with only the groups asked for."""
    return {
        "serial_code": order.key,
        **{name: order.document[name] for name in groups if name in order.document},
    }
