"""Who receives an instruction's parcel (お届け先; IMP-9)."""

from dataclasses import replace

from domain.orders import Cart, CartOrder, Contact, Destination


def recipient_of(order: CartOrder, destination: Destination) -> Contact:
    """Return the recipient of a destination.

    BASE (IMP-9): when the cart told nothing about the recipient (Pay ID orders), the buyer. One
    field that is filled in is enough to keep the recipient as told.
    """
    told = destination.recipient
    if order.cart is Cart.BASE and _blank(told):
        return replace(order.buyer, email="")
    return told


def _blank(contact: Contact) -> bool:
    told = (contact.name, contact.postal_code, contact.address, contact.tel)
    return not any(text.strip() for text in told)
