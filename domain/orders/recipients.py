"""Who receives an instruction's parcel (お届け先; IMP-9)."""

from dataclasses import replace

from domain.carts.cart import Cart
from domain.orders.cart_order import CartOrder, Contact, Destination


def recipient_of(order: CartOrder, destination: Destination) -> Contact:
    """Return the recipient of a destination.

    BASE (IMP-9): when the cart told nothing about the recipient (Pay ID orders), the buyer. One
    field that is filled in is enough to keep the recipient as told.
    """
    told = destination.recipient
    if order.cart is Cart.BASE and told.blank:
        return replace(order.buyer, email="")
    return told
