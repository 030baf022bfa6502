"""What a shop is to be told of one mapped item, from counts the database read in one moment."""

from adapters.postgres.stock.pushes import WantedPush
from domain.carts.cart import Cart
from domain.stock.offers import Offer, free_stock, offer, set_free_stock


def offer_of(cart: Cart, push: WantedPush) -> Offer:
    """Return the offer of a SKU, or of a set product (STK-2, STK-7)."""
    if push.components:
        free = set_free_stock(
            (free_stock(on_hand, secured), needed) for on_hand, secured, needed in push.components
        )
    else:
        free = free_stock(push.on_hand, push.secured)
    return offer(cart, free, push.low_stock, push.unlimited)
