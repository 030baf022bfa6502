"""All rules of one shop at work on one order (変換ロボット, 処理ロボット; IMP-11, IMP-14, IMP-17).

order -> conversion, as the standard rules say -> the shop's own rules, in order -> what to store
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from domain.carts.cart import Cart
from domain.orders.cart_order import CartOrder
from domain.orders.conversion import FREE_SHIPPING, Conversion, ShopTables, convert
from domain.orders.new_instructions import NewInstruction
from domain.orders.rules import READABLE, Rule, apply, reader


class StandardRule(StrEnum):
    """Rules a shop has from the start, each of which it can switch off."""

    FILL_BLANK_METHOD = "fill_blank_method"
    SPLIT_AMOUNTS = "split_amounts"


STANDARD_JAPANESE: Mapping[StandardRule, str] = MappingProxyType(
    {
        StandardRule.FILL_BLANK_METHOD: f"配送方法が空欄の場合「{FREE_SHIPPING}」",
        StandardRule.SPLIT_AMOUNTS: "API連携により分割された注文の請求金額、消費税自動計算",
    }
)

STANDARD_RULES: Mapping[Cart, tuple[StandardRule, ...]] = MappingProxyType(
    {Cart.BASE: tuple(StandardRule), Cart.SHOPSERVE: ()}
)
"""On by default (IMP-11, IMP-14); the conversion itself carries them out."""


@dataclass(frozen=True, slots=True)
class Processed:
    """What an order became.

    Attributes:
        conversion: the instructions after all rules.
        changes: for each instruction, one line per rule of the shop's own that changed it.
    """

    conversion: Conversion
    changes: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class ShopRules:
    """The rules of one shop.

    Attributes:
        off: standard rules that are switched off.
        own: the shop's own, in the order in which they run.
    """

    off: frozenset[StandardRule] = frozenset()
    own: tuple[Rule, ...] = ()

    def process(self, order: CartOrder, tables: ShopTables) -> Processed:
        """Return the instructions of an order that eligibility has let in.

        Args: tables: its default_method is what the standard rule fills in (IMP-11).
        Raises: BrokenRule: see domain.orders.conversion.convert.
        """
        if StandardRule.FILL_BLANK_METHOD in self.off:
            tables = replace(tables, default_method=None)
        made = convert(order, tables, recalculate=StandardRule.SPLIT_AMOUNTS not in self.off)
        applied = [apply(self.own, instruction) for instruction in made.instructions]
        return Processed(
            replace(made, instructions=tuple(instruction for instruction, _ in applied)),
            tuple(changes for _, changes in applied),
        )


def without_rules(cart: Cart) -> ShopRules:
    """Return the rules of a shop in which everything that can be switched off is off."""
    return ShopRules(off=frozenset(STANDARD_RULES[cart]))


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that two ways of converting an order fill differently, as texts."""

    field: str
    before: str
    after: str


def differences(before: NewInstruction, after: NewInstruction) -> tuple[Difference, ...]:
    """Return what rules changed in an instruction, for people."""
    told = ((field, read(before), read(after)) for field, read in _COMPARED.items())
    return tuple(Difference(field, old, new) for field, old, new in told if old != new)


_AMOUNTS = (
    "shipping_fee_yen",
    "discount_yen",
    "fee_yen",
    "points_yen",
    "adjustment_yen",
    "tax_yen",
)

_COMPARED: Mapping[str, Callable[[NewInstruction], str]] = MappingProxyType(
    {
        **READABLE,
        "hold_reasons": lambda instruction: ", ".join(instruction.hold_reasons),
        **{field: reader(field) for field in _AMOUNTS},
    }
)
