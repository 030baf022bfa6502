"""What a shop shows of its stock beside what it would be told now; nothing is pushed."""

from sqlalchemy import Engine

from adapters.postgres.shops.shops import Shop
from adapters.postgres.stock import compares
from domain.carts.ports import ItemKey
from domain.stock.mappings import composed
from domain.stock.offers import differs
from workers.calls.work import ShopCart
from workers.services.lost_time.report import StockDifference


def differences(database: Engine, shop: Shop, cart: ShopCart) -> list[StockDifference]:
    """Read the shop's stock and return each mapped place that differs.

    Raises: SyncError: it could not be read to its end.
    """
    shown = {composed(item.key): item for page in cart.list_stock() for item in page}
    with database.begin() as connection:
        offers = compares.all_offers(connection, shop.id)
        skus = compares.sku_codes(connection, shop.id)
    found = []
    for one in offers:
        item = shown.get(composed(ItemKey(one.item, one.variation)))
        offered = one.offer(shop.cart)
        if item is None or offered is None or not differs(offered.level, item):
            continue
        level = offered.level
        ours = None if level.unlimited else level.quantity
        place = one.item, one.variation, skus[one.mapping_id]
        found.append(StockDifference(*place, shop_shows=item.quantity, we_offer=ours))
    return found
