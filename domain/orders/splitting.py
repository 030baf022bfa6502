"""Which part of an order each line belongs to (IMP-10, IMP-11, IMP-15).

A split once used is kept with the import task and decides every later conversion; what it does not
know joins a part of its own kind, or becomes the next part (decision 0014).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from domain.carts.cart import Cart
from domain.carts.shop_settings import SplitBy
from domain.notation import plain
from domain.orders.cart_order import CartLine, CartOrder

Kind = tuple[str, ...]
"""What lines of one part have in common: destination, company or method."""


@dataclass(frozen=True, slots=True)
class Splitting:
    """How a shop splits an order.

    Attributes:
        by: on BASE, per delivery company or per delivery method.
        companies: delivery company by delivery method: the shop's method table (`method set`). A
            method it does not know is a company of its own.
        kept: part by line key, as an earlier conversion split this order; empty = none did.
    """

    by: SplitBy = SplitBy.COMPANY
    companies: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, int] = field(default_factory=dict)

    def keeping(self, split: Mapping[str, int] | None) -> "Splitting":
        """Return the same for an order that was split before."""
        return replace(self, kept=split or {})

    def parts(self, order: CartOrder) -> dict[str, int]:
        """Return the part of every line by its key, cancelled lines included."""
        companies = {plain(method): plain(name) for method, name in self.companies.items()}
        kinds = {line.key: self._kind(order.cart, line, companies) for line in order.lines}
        part_of: dict[Kind, int] = {}
        for key, kind in kinds.items():
            if key in self.kept:
                part_of.setdefault(kind, self.kept[key])
        following = max(self.kept.values(), default=0) + 1
        for kind in kinds.values():
            if kind not in part_of:
                part_of[kind] = following
                following += 1
        return {key: self.kept.get(key, part_of[kind]) for key, kind in kinds.items()}

    def numbered(self, parts: Mapping[str, int]) -> frozenset[int]:
        """Return the parts whose number has a suffix: all of a split order, none of a whole one.

        A part that once had the plain number keeps it, whatever joins the order later.

        Args: parts: what `parts` returned.
        """
        every = frozenset(parts.values())
        before = frozenset(self.kept.values())
        if len(before or every) > 1:
            return every
        return every - before if before else frozenset()

    def depends_on_table(self, order: CartOrder) -> bool:
        """Tell whether the method table makes the parts others than the methods alone would."""
        return self.parts(order) != Splitting(SplitBy.METHOD, kept=self.kept).parts(order)

    def _kind(self, cart: Cart, line: CartLine, companies: Mapping[str, str]) -> Kind:
        if cart is not Cart.BASE:
            return (str(line.destination),)
        method = method_name(line.delivery_method)
        # IMP-11: what is blank is a group of its own, whatever a table says about blanks.
        company = companies.get(plain(method)) if method else None
        if self.by is SplitBy.METHOD or company is None:
            return ("method", method)
        return ("company", company)


NO_TABLE = Splitting()
"""No method's company is known, so each is a company of its own."""


def method_name(told: str) -> str:
    """Return a delivery method as it is compared: without blanks around it."""
    return told.strip()
