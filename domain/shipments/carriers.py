"""The cart's word for a delivery method, and tracking numbers as the cart takes them (RET-6)."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from domain.carts.cart import Cart
from domain.errors import BrokenRule
from domain.notation import plain
from domain.shipments.tracking import tracking_number

LABELS: Mapping[Cart, str] = {Cart.SHOPSERVE: "ShopServe", Cart.BASE: "BASE"}


@dataclass(frozen=True, slots=True)
class KnownCarrier:
    """A carrier as the cart names it: the name people choose it by, the code that is sent."""

    name: str
    code: str


def carrier_for(method: str, table: Mapping[str, str], *, shop: str) -> str:
    """Return the cart's carrier for a delivery method of ours (RET-6).

    Args:
        table: the shop's rows, delivery method to carrier.
        shop: its key, for the message.
    Raises: BrokenRule: the table does not know the method; says how to add it.
    """
    carrier = _find(method, table)
    if carrier is None:
        raise BrokenRule(no_carrier(method, shop))
    return carrier


def is_known(method: str, table: Mapping[str, str]) -> bool:
    """Tell whether the shop's table translates a delivery method (RET-7)."""
    return _find(method, table) is not None


def no_carrier(method: str, shop: str) -> str:
    """Return what is said of a method the shop's table does not know, with what mends it."""
    command = f"renkei method set --shop {shop} --method {shlex.quote(method)} --carrier CARRIER"
    return f"delivery method {method or '(blank)'} has no carrier in {shop}: {command}"


def known_carrier(cart: Cart, carrier: str, known: Mapping[str, str]) -> KnownCarrier:
    """Return a carrier as the cart lists it: by name (NFKC), or given as its code (RET-6, RET-7).

    Args: known: code by name, as the cart lists them.
    Raises: BrokenRule: the cart lists no such carrier; names those it does.
    """
    wished = plain(carrier)
    for name, code in known.items():
        if wished in {plain(name), code}:
            return KnownCarrier(name, code)
    listed = ", ".join(known) or "none"
    raise BrokenRule(f"{LABELS[cart]} has no carrier {carrier}; it lists: {listed}")


def tracking_number_for(cart: Cart, number: str) -> str:
    """Return a tracking number as the cart takes it; BASE wants letters and digits only (RET-6).

    Raises: BrokenRule: it is no tracking number (RET-7).
    """
    kept = tracking_number(number)
    return kept.replace("-", "") if cart is Cart.BASE else kept


def _find(method: str, table: Mapping[str, str]) -> str | None:
    wished = plain(method)
    return next((carrier for known, carrier in table.items() if plain(known) == wished), None)
