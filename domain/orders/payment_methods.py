"""What a payment method means for us (支払方法; PAY-1).

built-in list (the cart's wire module) + what a person said for the shop -> one class, or none.
None is never taken for "needs no settlement".
"""

import shlex
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from domain.errors import BrokenRule
from domain.orders.cart_order import CartOrder, PaymentClass

SETTABLE = tuple(one for one in PaymentClass if one is not PaymentClass.DEFERRED_AT_ONCE)
"""What a person may say a method is."""

_DASHES = frozenset("-\u2212")
_BRACKETS_AND_DASHES = frozenset({"Ps", "Pe", "Pi", "Pf", "Pd"})


@dataclass(frozen=True, slots=True)
class PaymentTable:
    """What each payment method of one ShopServe shop means.

    Attributes:
        shop: its key, for the command a refusal names.
        own: what a person said, by `plain` name or code; it goes before the built-in list.
    """

    shop: str = "KEY"
    own: Mapping[str, PaymentClass] = field(default_factory=dict)

    def meaning(self, told: Iterable[str], listed: frozenset[PaymentClass]) -> PaymentClass | None:
        """Return the class of a method, None for one that is not recognised.

        Args:
            told: its code and its name.
            listed: what the built-in list says of them; two classes contradict each other.
        """
        said = frozenset(self.own[plain(one)] for one in told if plain(one) in self.own)
        classes = said or listed
        return next(iter(classes)) if len(classes) == 1 else None

    def class_of(self, order: CartOrder) -> PaymentClass | None:
        """Return what the payment of a ShopServe order means, None if nobody knows."""
        return self.meaning((order.payment_method, order.payment_name), order.payment_listed)

    def known_class_of(self, order: CartOrder) -> PaymentClass:
        """Return the same. Raises BrokenRule naming the method and what to do."""
        found = self.class_of(order)
        if found is None:
            raise BrokenRule(f"order {order.number}: {self.unknown(order)}")
        return found

    def unknown(self, order: CartOrder) -> str:
        """Return what to say about an order whose method is not recognised."""
        name = order.payment_name or order.payment_method
        if not name:
            return "ShopServe tells no payment method: set one there"
        code = order.payment_method
        called = name if code in {"", name} else f"{name} (code {code})"
        why = "is told in two ways" if len(order.payment_listed) > 1 else "is not known"
        classes = "|".join(SETTABLE)
        return (
            f"payment method {called} {why}: say what it is with `renkei payment set"
            f" --shop {shlex.quote(self.shop)} --method {shlex.quote(name)} --as {classes}`"
        )


LISTED_ONLY = PaymentTable()
"""The table of a shop for which nobody said anything."""


def plain(name: str) -> str:
    """Return a name as it is compared: NFKC, without spaces, brackets and hyphens (PAY-1)."""
    return "".join(
        each
        for each in unicodedata.normalize("NFKC", name)
        if not each.isspace()
        and each not in _DASHES
        and unicodedata.category(each) not in _BRACKETS_AND_DASHES
    )
