"""A merchant's goods as items of a BASE shop."""

from simulator.messages import Document
from simulator.seed.catalogue import Goods
from simulator.thebase.shop import BaseShop

_REDUCED = 8


def add_items(shop: BaseShop, goods: list[Goods], first_id: int, at: int) -> None:
    """Offer goods in a shop.

    Args:
        shop: where.
        goods: what.
        first_id: item id of the first; the others follow.
        at: when they were last changed, Unix seconds.
    """
    variation_id = first_id * 10
    for position, each in enumerate(goods):
        item_id = first_id + position
        variations = []
        for variant in each.variants:
            number = 0
            if variant.choices:
                variation_id += 1
                number = variation_id
                variations.append(
                    {
                        "variation_id": variation_id,
                        "variation": " / ".join(variant.choices),
                        "variation_stock": variant.quantity,
                        "variation_identifier": variant.suffix,
                    },
                )
            shop.skus[item_id, number] = f"{each.code}{variant.suffix}"
        shop.items[item_id] = _item(each, item_id, position, at) | {"variations": variations}


def _item(goods: Goods, item_id: int, position: int, at: int) -> Document:
    return {
        "item_id": item_id,
        "title": goods.name,
        "detail": f"{goods.name}です。",
        "price": goods.price_yen,
        "proper_price": None,
        "item_tax_type": 2 if goods.tax_rate == _REDUCED else 1,
        "stock": sum(variant.quantity for variant in goods.variants),
        "visible": 1,
        "list_order": position + 1,
        "identifier": goods.code,
        "modified": at,
        "options": [],
    }
