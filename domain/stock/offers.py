"""What a shop may sell, and what it is told (在庫連携; STK-2, STK-3, STK-6, STK-7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.carts.cart import Cart
from domain.carts.ports import ExternalItem, StockLevel
from domain.errors import BrokenRule

CART_MAXIMUM: Mapping[Cart, int | None] = MappingProxyType({Cart.SHOPSERVE: 9999, Cart.BASE: None})
"""STK-2: the largest quantity a cart takes, None = no limit."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What is sent to the shop, and what is odd about it."""

    level: StockLevel
    warning: str | None = None


def free_stock(on_hand: int | None, secured: int) -> int | None:
    """Return the pieces that may be sold (フリー在庫数): on hand - secured, 0 or more (STK-2).

    Args: on_hand: None while nobody counted the SKU (未カウント); its free stock is unknown, too.
    """
    return None if on_hand is None else max(0, on_hand - secured)


def set_free_stock(components: Iterable[tuple[int | None, int]]) -> int | None:
    """Return the free stock of a set product (セット商品; STK-7), None until all parts are counted.

    Args: components: of each SKU its free pieces, and how many of them one set needs.
    Raises: BrokenRule: a set without components, or one that needs less than 1 piece.
    """
    parts = list(components)
    if not parts:
        raise BrokenRule("a set product needs at least one component")
    if any(needed < 1 for _, needed in parts):
        raise BrokenRule("a set product needs at least 1 piece of each component")
    sets = [None if free is None else max(0, free) // needed for free, needed in parts]
    counted = [count for count in sets if count is not None]
    return min(counted) if len(counted) == len(sets) else None


def offer_of(cart: Cart, free: int | None, low_stock: int | None, unlimited: bool) -> Offer | None:
    """Return what a shop is told, None while there is nothing true to tell (STK-8).

    What nobody counted is never told as a number; that a shop sells without counting is no number,
    so ShopServe may be told it. Args: see `offer`.
    """
    if free is not None:
        return offer(cart, free, low_stock, unlimited)
    if unlimited and cart is Cart.SHOPSERVE:
        return Offer(StockLevel(0, unlimited=True))
    return None


def offer(cart: Cart, free: int, low_stock: int | None, unlimited: bool) -> Offer:
    """Return what a shop is told about an item (STK-2).

    Args:
        cart: BASE knows neither a low-stock number nor "unlimited": both are left out, the second
            with a warning.
        free: pieces; below 0 counts as 0.
        low_stock: ShopServe 在庫わずか通知の数, None = keep the cart's own.
        unlimited: 無制限; the quantity does not matter then.
    """
    maximum = CART_MAXIMUM[cart]
    quantity, warning = _within(max(0, free), maximum, "free stock")
    if cart is Cart.BASE:
        ignored = (
            "BASE has no unlimited stock (無制限): the free stock is sent" if unlimited else None
        )
        return Offer(StockLevel(quantity), ignored)
    if unlimited:
        return Offer(StockLevel(quantity, unlimited=True))
    if low_stock is None:
        return Offer(StockLevel(quantity), warning)
    notice, notice_warning = _within(max(0, low_stock), maximum, "low-stock number")
    return Offer(StockLevel(quantity, low_stock=notice), warning or notice_warning)


def answer_matches(sent: StockLevel, answered: int | None) -> bool:
    """Tell whether the shop now holds what was sent (STK-3); no answer counts as yes."""
    return answered is None or sent.unlimited or answered == sent.quantity


def differs(wished: StockLevel, shown: ExternalItem) -> bool:
    """Tell whether a full compare has to push an item (STK-6); unreadable counts as different."""
    if wished.unlimited or shown.unlimited:
        return wished.unlimited != shown.unlimited
    if None not in {wished.low_stock, shown.low_stock} and wished.low_stock != shown.low_stock:
        return True
    return shown.quantity != wished.quantity


def _within(wished: int, maximum: int | None, what: str) -> tuple[int, str | None]:
    if maximum is None or wished <= maximum:
        return wished, None
    return maximum, f"{what} {wished} is above the cart's maximum: {maximum} is sent"
