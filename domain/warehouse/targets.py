"""Which shipping instruction (出荷指示) a number means."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.errors import BrokenRule
from domain.warehouse.moves import Standing


class UnknownInstruction(BrokenRule):
    """The merchant has no instruction of that number."""


class Refusals(BrokenRule):
    """Several requests made together are refused, and none was carried out."""

    def __init__(self, each: Sequence[BrokenRule]) -> None:
        """Args: each: in the order of the requests."""
        super().__init__("; ".join(map(str, each)))


class AmbiguousNumber(BrokenRule):
    """Several instructions have that number; the message says what tells them apart."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a person says to name one instruction.

    Attributes:
        shop: needed where two shops share the number.
        key: cart order key, needed where one shop repeats the number.
        where: stands before a refusal, such as `file.csv line 3: number`.
    """

    number: str
    shop: str | None = None
    key: str | None = None
    where: str = ""

    def said(self, message: str) -> str:
        """Return the message with the place in front."""
        return f"{self.where}: {message}" if self.where else message


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, locked for a change."""

    id: int
    number: str
    shop: str
    cart_order_key: str
    part: int
    standing: Standing


def the_one(target: Target, found: Sequence[Instruction]) -> Instruction:
    """Return the instruction that is meant.

    Args: found: what the merchant has of that number.
    Raises: UnknownInstruction, AmbiguousNumber.
    """
    named = [
        one
        for one in found
        if target.shop in {None, one.shop} and target.key in {None, one.cart_order_key}
    ]
    if not named:
        raise UnknownInstruction(target.said(f"no shipping instruction {_shown(target)}"))
    shops = sorted({one.shop for one in named})
    if len(shops) > 1:
        both = f"{' and '.join(shops)} both have an order {target.number}"
        raise AmbiguousNumber(target.said(f"{both}: name the shop (--shop)"))
    if len(named) > 1:
        keys = " and ".join(sorted(one.cart_order_key for one in named))
        twice = f"{shops[0]} has {target.number} more than once, as {keys}"
        raise AmbiguousNumber(target.said(f"{twice}: name the key (--key)"))
    return named[0]


def _shown(target: Target) -> str:
    words = [target.number]
    if target.shop is not None:
        words.append(f"in shop {target.shop}")
    if target.key is not None:
        words.append(f"with key {target.key}")
    return " ".join(words)
