"""Which shipping instruction (出荷指示) a number means, locked for a change."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from adapters.postgres.orders import holds
from domain.orders.instructions import Payment, Status
from domain.warehouse.moves import AmbiguousNumber, Standing, UnknownInstruction

# Locked in one order, so that two changes of the same instructions wait for each other.
_LOCK = text("""
select i.id, i.number, s.key as shop, i.cart_order_key, i.part, i.status, i.holds, i.allocated,
       i.payment
  from instructions i join shops s on s.id = i.shop_id
 where i.merchant_id = :merchant_id and i.number = any(:numbers)
 order by i.id
   for no key update of i
""")

_LINES = text("""
select instruction_id, sku_id, quantity from instruction_lines where instruction_id = any(:ids)
""")


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
    """One locked instruction."""

    id: int
    number: str
    shop: str
    cart_order_key: str
    part: int
    standing: Standing


def lock_targets(
    connection: Connection, merchant_id: int, targets: Sequence[Target]
) -> list[Instruction]:
    """Lock the instructions meant and return them in the order of the targets.

    Raises:
        UnknownInstruction: the merchant has none of that number.
        AmbiguousNumber: several have it; the message names what tells them apart.
    """
    numbers = sorted({target.number for target in targets})
    found: dict[str, list[Instruction]] = {}
    for row in connection.execute(_LOCK, {"merchant_id": merchant_id, "numbers": numbers}):
        found.setdefault(row.number, []).append(_instruction(row))
    return [_the_one(target, found.get(target.number, [])) for target in targets]


def quantities(connection: Connection, ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """Return ordered quantities by SKU id, per instruction id; sets are not taken apart."""
    lines: dict[int, dict[int, int]] = {one: {} for one in ids}
    for row in connection.execute(_LINES, {"ids": list(ids)}):
        of = lines[row.instruction_id]
        of[row.sku_id] = of.get(row.sku_id, 0) + row.quantity
    return lines


def _the_one(target: Target, found: Sequence[Instruction]) -> Instruction:
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


def _instruction(row: Row[Any]) -> Instruction:
    return Instruction(
        id=row.id,
        number=row.number,
        shop=row.shop,
        cart_order_key=row.cart_order_key,
        part=row.part,
        standing=Standing(
            status=Status(row.status),
            payment=Payment(row.payment),
            holds=holds.read(row.holds),
            allocated=row.allocated,
        ),
    )
