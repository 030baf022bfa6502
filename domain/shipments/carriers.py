"""The cart's word for a delivery method, and tracking numbers as the cart takes them (RET-6)."""

import unicodedata
from collections.abc import Mapping

from domain.carts.cart import Cart
from domain.errors import BrokenRule

_HYPHENS = frozenset("-‐‑‒–—―−ー")  # noqa: RUF001 - the hyphens people really type


def carrier_for(method: str, table: Mapping[str, str]) -> str:
    """Return the cart's carrier for a delivery method of ours (RET-6).

    Args: table: the shop's rows, delivery method to carrier.
    Raises: BrokenRule: the table does not know the method; says how to add it.
    """
    wished = _plain(method)
    for known, carrier in table.items():
        if _plain(known) == wished:
            return carrier
    named = method or "(blank)"
    raise BrokenRule(
        f"delivery method {named} has no carrier in this shop: "
        f"renkei method set --shop SHOP --method {named} --carrier CARRIER"
    )


def company_id(carrier: str, companies: Mapping[str, str]) -> str:
    """Return BASE's id of a delivery company, matched by name (NFKC), or given as an id (RET-6).

    Args: companies: id by name, as BASE lists them.
    Raises: BrokenRule: BASE lists no such company; names those it does.
    """
    wished = _plain(carrier)
    for name, company in companies.items():
        if wished in {_plain(name), company}:
            return company
    known = ", ".join(companies) or "none"
    raise BrokenRule(f"BASE has no delivery company {carrier}; it lists: {known}")


def tracking_number_for(cart: Cart, number: str) -> str:
    """Return a tracking number as the cart takes it; BASE wants letters and digits only (RET-6).

    Raises: BrokenRule: nothing is left, or something BASE refuses.
    """
    plain = unicodedata.normalize("NFKC", number).strip()
    if cart is Cart.BASE:
        plain = "".join(sign for sign in plain if sign not in _HYPHENS and not sign.isspace())
        if plain and not (plain.isascii() and plain.isalnum()):
            raise BrokenRule(f"BASE takes letters and digits only as tracking number: {number}")
    if not plain:
        raise BrokenRule("the tracking number is blank")
    return plain


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip()
