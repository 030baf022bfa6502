"""Control of shops: seeding, secrets, stock, limits and tokens."""

from simulator.control.answers import Arguments, ControlError, done, find_shop, read_object
from simulator.messages import Answer, Call, Document
from simulator.seed.facts import expectations
from simulator.seed.plan import SeedPlan, sow
from simulator.shopserve.shop import ShopServeShop
from simulator.shopserve.wire import PREFIX as SHOPSERVE_PREFIX
from simulator.shopserve.wire import UNLIMITED
from simulator.thebase.shop import BaseShop
from simulator.thebase.wire import PREFIX as BASE_PREFIX
from simulator.world import Shop, World

_BUDGET_FIELDS = frozenset({"hour_limit", "day_limit", "hour_calls", "day_calls"})
_SHOP_FLAGS = frozenset({"consents", "exists"})
_TOKENS = frozenset({"access", "refresh", "both"})


def seed(world: World, call: Call, _arguments: Arguments) -> Answer:
    """Answer POST /_sim/seed."""
    shops = sow(world, SeedPlan.from_document(read_object(call)), call.at)
    base_url = _base_url(call)
    return done({"shops": [_described(shop, base_url) for shop in shops]})


def list_shops(world: World, call: Call, _arguments: Arguments) -> Answer:
    """Answer GET /_sim/shops."""
    base_url = _base_url(call)
    return done({"shops": [_described(shop, base_url) for shop in world.shops.values()]})


def show_shop(world: World, call: Call, arguments: Arguments) -> Answer:
    """Answer GET /_sim/shops/{shop}."""
    (key,) = arguments
    return done(_described(find_shop(world, key), _base_url(call)))


def _base_url(call: Call) -> str:
    return f"http://{call.headers.get('Host', '127.0.0.1')}"


def _described(shop: Shop, base_url: str) -> Document:
    """Return a shop with its address, secrets, goods and what an import should find."""
    prefix = SHOPSERVE_PREFIX if isinstance(shop, ShopServeShop) else BASE_PREFIX
    return {
        "key": shop.key,
        "cart": shop.cart,
        "account": shop.shop_id,
        "merchant": shop.merchant,
        "api_url": f"{base_url}{prefix}",
        "secrets": shop.secrets(),
        "items": stock_rows(shop),
        "expected": expectations(shop),
    }


def show_stock(world: World, _call: Call, arguments: Arguments) -> Answer:
    """Answer GET /_sim/stock/{shop}."""
    (key,) = arguments
    return done({"stock": stock_rows(find_shop(world, key))})


def stock_rows(shop: Shop) -> list[Document]:
    """Return one row per stock figure with the SKU it stands for."""
    if isinstance(shop, ShopServeShop):
        return [
            {
                "item": item.code,
                "variation": "/".join(choices),
                "sku": row.sku,
                "quantity": row.quantity,
                "alert_threshold": row.alert_threshold,
                "unlimited": row.quantity == UNLIMITED,
            }
            for item in shop.items.values()
            for choices, row in item.rows.items()
        ]
    return [
        {
            "item": str(item_id),
            "variation": str(variation_id or ""),
            "sku": sku,
            "quantity": _base_quantity(shop.items[item_id], variation_id),
            "alert_threshold": None,
            "unlimited": False,
        }
        for (item_id, variation_id), sku in shop.skus.items()
        if item_id in shop.items
    ]


def _base_quantity(item: Document, variation_id: int) -> int:
    for variation in item["variations"]:
        if variation["variation_id"] == variation_id:
            return int(variation["variation_stock"])
    return int(item["stock"])


def sell_or_count(world: World, call: Call, arguments: Arguments) -> Answer:
    """Answer PUT /_sim/stock/{shop}: the shopkeeper or a sale changes one figure, silently."""
    (key,) = arguments
    shop = find_shop(world, key)
    request = read_object(call)
    item, variation = str(request["item"]), str(request.get("variation", ""))
    quantity = int(request["quantity"])
    if isinstance(shop, ShopServeShop):
        choices = tuple(variation.split("/")) if variation else ()
        row = shop.items[item].rows[choices]
        row.quantity = quantity
        row.alert_threshold = int(request.get("alert_threshold", row.alert_threshold))
        return done({})
    document = shop.items[int(item)]
    for each in document["variations"]:
        if str(each["variation_id"]) == variation:
            each["variation_stock"] = quantity
    document["stock"] = quantity
    if document["variations"]:
        document["stock"] = sum(each["variation_stock"] for each in document["variations"])
    return done({})


def remove_item(world: World, _call: Call, arguments: Arguments) -> Answer:
    """Answer DELETE /_sim/stock/{shop}/{item}: the shop no longer knows the item."""
    key, item = arguments
    shop = find_shop(world, key)
    if isinstance(shop, ShopServeShop):
        del shop.items[item]
    else:
        del shop.items[int(item)]
    return done({})


def change_shop(world: World, call: Call, arguments: Arguments) -> Answer:
    """Answer PATCH /_sim/shops/{shop}: call budget, consent and existence of a BASE shop."""
    (key,) = arguments
    shop = _base_shop(world, key)
    shop.budget.turn(call.at)
    for name, value in read_object(call).items():
        if name in _BUDGET_FIELDS and (value is None or type(value) is int):
            setattr(shop.budget, name, value)
        elif name in _SHOP_FLAGS and type(value) is bool:
            setattr(shop, name, value)
        else:
            raise ControlError(f"cannot set {name} to {value!r}")
    return done({"hour_calls": shop.budget.hour_calls, "day_calls": shop.budget.day_calls})


def end_tokens(world: World, call: Call, arguments: Arguments) -> Answer:
    """Answer POST /_sim/shops/{shop}/tokens: tokens end now, or are revoked."""
    key, _ = arguments
    shop = _base_shop(world, key)
    request = read_object(call)
    which = request.get("end", "access")
    if which not in _TOKENS:
        raise ControlError(f"end is one of {sorted(_TOKENS)}")
    if which != "refresh":
        tables = world.tokens.access
        for text in [text for text, token in tables.items() if token.shop == key]:
            del tables[text]
    if which != "access":
        _end_refresh_token(world, shop, call.at)
    return done({})


def _end_refresh_token(world: World, shop: BaseShop, at: float) -> None:
    known = world.tokens.refresh.get(shop.refresh_token)
    if known is not None:
        world.tokens.refresh[shop.refresh_token] = type(known)(known.shop, known.scopes, at)


def _base_shop(world: World, key: str) -> BaseShop:
    shop = find_shop(world, key)
    if not isinstance(shop, BaseShop):
        raise ControlError(f"{key} is not a BASE shop")
    return shop
