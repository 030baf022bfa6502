"""Maintenance: which part of which cart is closed, and the page it shows meanwhile."""

from dataclasses import dataclass

from simulator.messages import HTML_TYPE, Answer, Document, Target

ALL = "all"
FAMILIES = frozenset({"orders", "stock", ALL})

_PAGES = {
    "shopserve": "<html><body><h1>現在メインテナンス中です</h1></body></html>",
    "thebase": "<html><body><h1>ただいまメンテナンス中です</h1></body></html>",
}


@dataclass(frozen=True, slots=True)
class Closure:
    """One closed part.

    Attributes:
        cart: `shopserve` or `thebase`.
        api: `orders`, `stock` or `all` (token, user and company calls close with `all` only).
        shop: key of the only shop that is closed, empty for the whole cart.
        status: HTTP status of the page.
    """

    cart: str
    api: str
    shop: str = ""
    status: int = 503

    def covers(self, target: Target) -> bool:
        """Tell whether a call meets this closure."""
        return (
            self.cart == target.cart
            and self.api in (ALL, target.family)
            and self.shop in ("", target.shop)
        )

    def document(self) -> Document:
        """Return the closure for the control API."""
        return {"cart": self.cart, "api": self.api, "shop": self.shop, "status": self.status}


class Closures:
    """The closures in force."""

    def __init__(self) -> None:
        """Start open."""
        self.in_force: list[Closure] = []

    def close(self, closure: Closure) -> None:
        """Close a part, replacing a closure of the same part."""
        self.open(closure.cart, closure.api, closure.shop)
        self.in_force.append(closure)

    def open(self, cart: str, api: str, shop: str) -> None:
        """Open a part; opening what is open is harmless."""
        self.in_force = [
            each for each in self.in_force if (each.cart, each.api, each.shop) != (cart, api, shop)
        ]

    def page_for(self, target: Target) -> Answer | None:
        """Return the maintenance page a call meets, None when its part is open."""
        for closure in self.in_force:
            if closure.covers(target):
                return Answer(closure.status, _PAGES[target.cart].encode(), HTML_TYPE)
        return None
