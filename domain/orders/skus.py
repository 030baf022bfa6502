"""The SKU (品番) of an order line (IMP-12, IMP-18)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.carts.cart import Cart
from domain.errors import BrokenRule
from domain.orders.cart_order import CartLine

Lookup = Mapping[tuple[str, tuple[str, ...]], str]
"""ShopServe: SKU by (item_code, choice names in axis order), from the mappings (対応表)."""


@dataclass(frozen=True, slots=True)
class Found:
    """A line's SKU, and what is odd about it ("" if nothing)."""

    sku: str
    warning: str = ""


def sku_of(cart: Cart, line: CartLine, lookup: Lookup) -> Found:
    """Return the SKU of a line.

    BASE (IMP-12): 商品コード followed directly by 種類コード. ShopServe (IMP-18): the mapped SKU,
    else the item code of a line without choices.

    Raises:
        BrokenRule: the line has no code, or choices nobody mapped; names the line and the remedy.
    """
    return _of_base(line) if cart is Cart.BASE else _of_shopserve(line, lookup)


def code_of(item_code: str, variation_code: str) -> str:
    """Return BASE's code of an item or variation: both codes, no separator (IMP-12)."""
    return item_code.strip() + variation_code.strip()


def repeated(skus: Iterable[str]) -> list[str]:
    """Return one warning per SKU that comes more than once (IMP-12)."""
    counts: dict[str, int] = {}
    for sku in skus:
        counts[sku] = counts.get(sku, 0) + 1
    return [f"{count} lines give the code {sku}" for sku, count in counts.items() if count > 1]


def _joined_and_split(choices: tuple[str, ...]) -> tuple[str, ...]:
    """Return choices as a mapping knows them: joined with `/`, so a name may hold one itself."""
    return tuple("/".join(choices).split("/")) if choices else ()


def _of_base(line: CartLine) -> Found:
    if not line.item_code.strip():
        raise BrokenRule(
            f"line {line.key} ({line.name}) has no 商品コード: set one in BASE, then import again"
        )
    if line.has_variation and not line.variation_code.strip():
        warning = (
            f"line {line.key} ({line.name}): variation without 種類コード, 商品コード alone used"
        )
        return Found(code_of(line.item_code, ""), warning)
    return Found(code_of(line.item_code, line.variation_code if line.has_variation else ""))


def _of_shopserve(line: CartLine, lookup: Lookup) -> Found:
    item = line.item_code.strip()
    mapped = lookup.get((item, _joined_and_split(line.choices)))
    if mapped is not None:
        return Found(mapped)
    if not item:
        raise BrokenRule(f"line {line.key} ({line.name}) has no item code in ShopServe")
    if line.choices:
        chosen = "/".join(line.choices)
        raise BrokenRule(
            f"line {line.key} ({line.name}): no SKU is mapped to {item} {chosen}; "
            "map it (対応表), then import again"
        )
    return Found(item)
