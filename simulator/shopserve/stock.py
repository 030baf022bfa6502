"""Stock and items: read and write stock, search items."""

import re

from simulator import effects
from simulator.messages import Answer, Call, Document
from simulator.shopserve import wire
from simulator.shopserve.answers import (
    RefusedError,
    invalid,
    ok,
    read_int,
    read_object,
    refuse_unknown,
)
from simulator.shopserve.shop import Choices, Item, ShopServeShop, StockRow
from simulator.world import World

_AXES = ("variation_name1", "variation_name2", "variation_name3")
_WRITE_KNOWN = frozenset({"unlimited", "quantity", "alert_threshold", *_AXES})
_SEARCH_KNOWN = frozenset({"from", "size", "sort", "filters"})
_FILTERS_KNOWN = frozenset({"item_code", "stock_status", "is_open"})
_SORTS = {
    "ItemPrice": lambda item: item.price_yen,
    "CreateDate": lambda item: item.created_at,
    "StockQuantity": lambda item: item.quantity,
}
_ITEM_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _find_item(shop: ShopServeShop, item_code: str) -> Item:
    item = shop.items.get(item_code)
    if item is None or not _ITEM_CODE.fullmatch(item_code):
        raise RefusedError(404, "商品が見つかりません。")
    return item


def read_stock(
    _world: World,
    shop: ShopServeShop,
    _call: Call,
    arguments: tuple[str, ...],
) -> Answer:
    """Answer GET /items/{item_code}/stock."""
    item = _find_item(shop, arguments[0])
    if item.management is wire.Management.ITEM:
        figures = _figures(item.rows[()])
        figures["stock_condition"] = "InStock" if item.quantity else "SoldOut"
        return ok({"stock": {"management_type": "Item", "management_item": figures}})
    patterns = [{"pattern": list(choices), **_figures(row)} for choices, row in item.rows.items()]
    variation = {"patterns": patterns}
    return ok({"stock": {"management_type": "Variation", "management_variation": variation}})


def _figures(row: StockRow) -> Document:
    return {"quantity": row.quantity, "alert_threshold": row.alert_threshold}


def write_stock(
    world: World,
    shop: ShopServeShop,
    call: Call,
    arguments: tuple[str, ...],
) -> Answer:
    """Answer PUT /items/{item_code}/stock: one combination, absolute."""
    (item_code,) = arguments
    item = _find_item(shop, item_code)
    request = read_object(call)
    refuse_unknown(request, _WRITE_KNOWN)
    quantity, threshold = _read_figures(request)
    choices = _read_choices(item, request)
    row = item.rows.get(choices)
    if row is None:
        raise RefusedError(404, "バリエーションが見つかりません。")
    old = row.quantity
    row.quantity, row.alert_threshold = quantity, threshold
    world.note(
        shop,
        effects.STOCK_SET,
        "/".join((item_code, *choices)),
        call.at,
        sku=row.sku,
        old=old,
        new=quantity,
        alert_threshold=threshold,
    )
    return ok({"item_code": item_code, "result": "Updated"})


def _read_figures(request: Document) -> tuple[int, int]:
    """Return quantity and notice level; unlimited stock has neither."""
    if request.get("unlimited") == wire.YES:
        for name in ("quantity", "alert_threshold"):
            if name in request:
                raise invalid(name, "無制限の場合は指定できません。")
        return wire.UNLIMITED, 0
    if request.get("unlimited") != wire.NO:
        raise invalid("unlimited")
    quantity = read_int(request, "quantity", 0, wire.MAX_QUANTITY)
    return quantity, read_int(request, "alert_threshold", 0, wire.MAX_QUANTITY)


def _read_choices(item: Item, request: Document) -> Choices:
    """Return the choice names; they are required exactly where stock is kept per combination."""
    names = [request[axis] for axis in _AXES if axis in request]
    if not all(isinstance(name, str) and name for name in names):
        raise invalid(_AXES[0])
    if item.management is wire.Management.ITEM and names:
        raise invalid(_AXES[0], "商品単位で在庫管理している商品です。")
    if item.management is wire.Management.VARIATION and not names:
        raise invalid(_AXES[0], "バリエーションの指定が必要です。")
    return tuple(names)


def search_items(
    _world: World,
    shop: ShopServeShop,
    call: Call,
    _arguments: tuple[str, ...],
) -> Answer:
    """Answer POST /items/_search."""
    request = read_object(call)
    refuse_unknown(request, _SEARCH_KNOWN)
    start = read_int(request, "from", 0, 1 << 31) if "from" in request else 0
    size = read_int(request, "size", 1, wire.MAX_SIZE) if "size" in request else wire.MAX_SIZE
    items = [item for item in shop.items.values() if _wanted(item, request)]
    sort = request.get("sort")
    if sort is not None:
        items = _sorted(items, sort)
    page = [_shown(item) for item in items[start : start + size]]
    return ok({"total_count": len(items), "contents": page})


def _sorted(items: list[Item], sort: object) -> list[Item]:
    known = isinstance(sort, dict) and sort.get("type") in _SORTS
    if not known or not isinstance(sort, dict) or sort.get("order") not in ("Asc", "Desc"):
        raise invalid("sort")
    return sorted(items, key=_SORTS[sort["type"]], reverse=sort["order"] == "Desc")


def _wanted(item: Item, request: Document) -> bool:
    """Tell whether an item meets every filter."""
    filters = request.get("filters", [])
    if not isinstance(filters, list) or not all(isinstance(each, dict) for each in filters):
        raise invalid("filters")
    for each in filters:
        refuse_unknown(each, _FILTERS_KNOWN)
        condition = "EnoughInStock" if item.quantity else "SoldOut"
        if (
            each.get("item_code", item.code) != item.code
            or each.get("is_open", item.is_open) != item.is_open
            or condition not in each.get("stock_status", [condition])
        ):
            return False
    return True


def _shown(item: Item) -> Document:
    return {
        "item_code": item.code,
        "item_name": item.name,
        "item_price": item.price_yen,
        "memo": "",
        "main_image_name": f"{item.code.lower()}.jpg",
        "stock": {"quantity": item.quantity},
    }
