"""Which shipping instruction (出荷指示) a number means."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

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
class Named:
    """What tells an instruction from others of its number.

    Attributes:
        shop_id: two shops may have had the same key, one after the other.
        shop_removed: nothing that happens to the instruction reaches its cart any more.
    """

    id: int
    number: str
    shop_id: int
    shop: str
    shop_removed: bool
    cart_order_key: str
    part: int


@dataclass(frozen=True, slots=True)
class Instruction(Named):
    """One instruction, locked for a change."""

    standing: Standing


Found = TypeVar("Found", bound=Named)


def the_one(target: Target, found: Sequence[Found]) -> Found:
    """Return the instruction that is meant: one of a removed shop only where no other is (SHP-1).

    Args: found: what the merchant has of that number.
    Raises: UnknownInstruction, AmbiguousNumber.
    """
    every = [
        one
        for one in found
        if target.shop in {None, one.shop} and target.key in {None, one.cart_order_key}
    ]
    if not every:
        raise UnknownInstruction(target.said(f"no shipping instruction {_shown(target)}"))
    named = [one for one in every if not one.shop_removed] or every
    if len({one.shop_id for one in named}) > 1:
        raise AmbiguousNumber(target.said(_of_several_shops(target.number, named)))
    if len(named) > 1:
        twice = f"{named[0].shop} has {target.number} more than once, as {_keys(named)}"
        raise AmbiguousNumber(target.said(f"{twice}: name the key (--key)"))
    return named[0]


def unheard(changed: Sequence[Named]) -> list[str]:
    """Return what has to be said about a change: carts that will not hear of it (SHP-1)."""
    numbers: dict[str, list[str]] = {}
    for one in changed:
        if one.shop_removed:
            numbers.setdefault(one.shop, []).append(one.number)
    return [
        f"shop {shop} was removed: its cart will not hear of {', '.join(of)}"
        for shop, of in numbers.items()
    ]


def _of_several_shops(number: str, named: Sequence[Named]) -> str:
    """Return what is said where shops share a number; two removed ones may even share a key."""
    removed = " (removed)" if named[0].shop_removed else ""
    shops = sorted({one.shop for one in named})
    if len(shops) < len({one.shop_id for one in named}):
        return (
            f"several shops that were removed have an order {number}, as {_keys(named)}:"
            " name the key (--key)"
        )
    both = " and ".join(f"{shop}{removed}" for shop in shops)
    return f"{both} both have an order {number}: name the shop (--shop)"


def _keys(named: Sequence[Named]) -> str:
    return " and ".join(sorted(one.cart_order_key for one in named))


def _shown(target: Target) -> str:
    words = [target.number]
    if target.shop is not None:
        words.append(f"in shop {target.shop}")
    if target.key is not None:
        words.append(f"with key {target.key}")
    return " ".join(words)
