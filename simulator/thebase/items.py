"""Items of BASE: list, detail and absolute stock."""

import json

from simulator import effects
from simulator.messages import Answer, Call, Document
from simulator.thebase import wire
from simulator.thebase.answers import ApiError, escaped, ok, read_count, read_form, read_id
from simulator.thebase.shop import BaseShop
from simulator.world import World

_ANY_OFFSET = 1 << 31
_ORDERS = frozenset({"list_order", "created", "modified"})
_SORTS = frozenset({"asc", "desc"})


def _image_fields(count: int, sizes: tuple[str, ...]) -> Document:
    return {f"img{number}_{size}": None for number in range(1, count + 1) for size in sizes}


_ALL_IMAGES_TAIL = json.dumps(
    _image_fields(wire.IMAGE_COUNT, wire.IMAGE_SIZES),
    separators=(",", ":"),
)[1:].encode()


def list_items(_world: World, shop: BaseShop, call: Call, _argument: str) -> Answer:
    """Answer GET /1/items."""
    query = call.query
    order, sort = query.get("order", "list_order"), query.get("sort", "asc")
    sizes = tuple(query.get("image_size", "origin").split(","))
    if order not in _ORDERS or sort not in _SORTS or not set(sizes) <= set(wire.IMAGE_SIZES):
        raise ApiError("bad_params")
    limit = read_count(query.get("limit"), wire.DEFAULT_LIMIT, wire.MAX_LIMIT)
    offset = read_count(query.get("offset"), 0, _ANY_OFFSET)
    count = read_count(query.get("max_image_no"), wire.DEFAULT_IMAGE_COUNT, wire.IMAGE_COUNT)
    items = list(shop.items.values())
    if order == "modified":
        items.sort(key=lambda item: int(item["modified"]))
    if sort == "desc":
        items.reverse()
    images = _image_fields(count, sizes)
    return ok({"items": [{**item, **images} for item in items[offset : offset + limit]]})


def show_item(_world: World, shop: BaseShop, _call: Call, item_id: str) -> Answer:
    """Answer GET /1/items/detail/{item_id}."""
    if not item_id:
        raise ApiError("no_item_id")
    item = shop.items.get(read_id(item_id, "no_item"))
    if item is None:
        raise ApiError("no_item")
    return _whole(item)


def _whole(item: Document) -> Answer:
    """Return an item with all its image fields; they are rendered only once."""
    return Answer(200, b'{"item":' + escaped(item)[:-1] + b"," + _ALL_IMAGES_TAIL + b"}")


def edit_stock(world: World, shop: BaseShop, call: Call, _argument: str) -> Answer:
    """Answer POST /1/items/edit_stock: one item or one variation, absolute."""
    form = read_form(call)
    item = shop.items.get(read_id(form.get("item_id", ""), "bad_item_id"))
    if item is None:
        raise ApiError("bad_item_id")
    if item["variations"]:
        old, new, variation_id = _set_variation(item, form)
    else:
        old, new, variation_id = _set_item(item, form)
    item["modified"] = int(call.at)
    item_id = item["item_id"]
    key = f"{item_id}/{variation_id}" if variation_id else str(item_id)
    sku = shop.skus.get((item_id, variation_id), "")
    world.note(shop, effects.STOCK_SET, key, call.at, sku=sku, old=old, new=new)
    return _whole(item)


def _set_variation(item: Document, form: dict[str, str]) -> tuple[int, int, int]:
    """Set one variation; the item's stock becomes the sum."""
    if "variation_id" not in form:
        raise ApiError("bad_params")
    variation_id = read_id(form["variation_id"], "bad_variation_id")
    for variation in item["variations"]:
        if variation["variation_id"] == variation_id:
            break
    else:
        raise ApiError("bad_variation_id")
    new = _read_stock(form, "variation_stock")
    old = variation["variation_stock"]
    variation["variation_stock"] = new
    item["stock"] = sum(each["variation_stock"] for each in item["variations"])
    return old, new, variation_id


def _set_item(item: Document, form: dict[str, str]) -> tuple[int, int, int]:
    """Set the stock of an item without variations."""
    if form.get("variation_id"):
        raise ApiError("bad_variation_id")
    new = _read_stock(form, "stock")
    old = item["stock"]
    item["stock"] = new
    return old, new, 0


def _read_stock(form: dict[str, str], name: str) -> int:
    """Return a stock figure; there is no maximum."""
    text = form.get(name, "")
    if not text:
        raise ApiError("bad_params")
    return read_id(text, "validation_error")
