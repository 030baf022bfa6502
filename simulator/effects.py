"""What a buyer, a bank or a shopkeeper would notice, in the order it happened."""

from collections import Counter
from dataclasses import dataclass

from simulator.messages import Document

ORDER_CONFIRMED = "order_confirmed"
ORDER_CONFIRMED_AGAIN = "order_confirmed_again"
SETTLEMENT_REQUESTED = "settlement_requested"
SETTLEMENT_REFUSED = "settlement_refused"
DELIVERY_SHIPPED = "delivery_shipped"
DELIVERY_SHIPPED_AGAIN = "delivery_shipped_again"
ORDER_COMPLETED = "order_completed"
LINE_DISPATCHED = "line_dispatched"
LINE_CANCELLED = "line_cancelled"
ATOBARAI_SHIPPING = "atobarai_shipping"
STOCK_SET = "stock_set"
TOKEN_ISSUED = "token_issued"  # noqa: S105 - the name of an effect
TOKEN_REFRESHED = "token_refreshed"  # noqa: S105 - the name of an effect


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that happened in a cart.

    Attributes:
        kind: one of this module's constants.
        cart: `shopserve` or `thebase`.
        shop: key of the shop.
        key: what it happened to: an order key, an order line, an item.
        details: further fields of the log entry.
    """

    kind: str
    cart: str
    shop: str
    key: str
    details: Document


class EffectLog:
    """An append-only list with a count per kind and shop."""

    def __init__(self) -> None:
        """Start empty."""
        self.entries: list[Document] = []
        self.counts: Counter[tuple[str, str]] = Counter()
        self.silent_kinds: frozenset[str] = frozenset()

    def add(self, effect: Effect, at: float) -> None:
        """Count an effect and, unless its kind is silenced, append it.

        Args:
            effect: what happened.
            at: when, Unix seconds.
        """
        self.counts[effect.shop, effect.kind] += 1
        if effect.kind in self.silent_kinds:
            return
        self.entries.append(
            {
                "seq": len(self.entries) + 1,
                "at": at,
                "shop": effect.shop,
                "cart": effect.cart,
                "kind": effect.kind,
                "key": effect.key,
                **effect.details,
            },
        )

    def since(self, seq: int, kinds: frozenset[str], shop: str) -> list[Document]:
        """Return the entries after `seq`; no kinds means all kinds, no shop means all shops."""
        return [
            entry
            for entry in self.entries[seq:]
            if (not kinds or entry["kind"] in kinds) and (not shop or entry["shop"] == shop)
        ]
