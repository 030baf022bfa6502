"""One cart order, several shipping instructions: groups, numbers, recipients, SKUs.

IMP-9 (recipient), IMP-10 and IMP-11 (BASE, by delivery company), IMP-12 and IMP-18 (SKU), IMP-15
(ShopServe, by destination).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.carts.cart import Cart
from domain.errors import BrokenRule
from domain.orders.cart_order import CartLine, CartOrder, Contact, Destination, LineState
from domain.orders.splitting import NO_TABLE, Splitting, method_name


@dataclass(frozen=True, slots=True)
class Group:
    """The lines that travel together.

    Attributes:
        part: 1-based, by first appearance among all lines, cancelled ones too.
        number: the instruction's number, with the part behind a hyphen if the order is split.
        methods: BASE: delivery methods of its lines as the cart told them, the one that names the
            instruction first (IMP-10); one of them may be blank. ShopServe: none.
        lines: what is taken over: everything that is not cancelled; may be empty.
        cancelled: lines the cart has cancelled; they count for the numbering only.
    """

    part: int
    number: str
    methods: tuple[str, ...]
    destination: int
    lines: tuple[CartLine, ...]
    cancelled: tuple[CartLine, ...] = ()

    @property
    def delivery_method(self) -> str:
        """What names the instruction on BASE, maybe blank; always blank on ShopServe."""
        return self.methods[0] if self.methods else ""

    @property
    def every_line(self) -> tuple[CartLine, ...]:
        """Its lines with the cancelled ones."""
        return (*self.lines, *self.cancelled)


def groups(order: CartOrder, splitting: Splitting = NO_TABLE) -> tuple[Group, ...]:
    """Return every group of an order, also those of which no line is left (IMP-10, IMP-15).

    The same order gives the same numbers whenever it is read again, because nothing but the order
    of its lines, or the split that was kept, decides them.

    Raises: BrokenRule: the order has no lines at all.
    """
    if not order.lines:
        raise BrokenRule(f"order {order.number} has no lines")
    parts = splitting.parts(order)
    members: dict[int, list[CartLine]] = {}
    for line in order.lines:
        members.setdefault(parts[line.key], []).append(line)
    numbered = splitting.numbered(parts)
    return tuple(
        _group(order, part, lines, numbered=part in numbered)
        for part, lines in sorted(members.items())
    )


def live(every: tuple[Group, ...]) -> tuple[Group, ...]:
    """Return the groups that become instructions: those with a line left."""
    return tuple(group for group in every if group.lines)


def _group(order: CartOrder, part: int, lines: list[CartLine], *, numbered: bool) -> Group:
    kept = tuple(line for line in lines if line.state is not LineState.CANCELLED)
    return Group(
        part=part,
        number=f"{order.number}-{part}" if numbered else order.number,
        methods=_methods(order, kept or lines) if order.cart is Cart.BASE else (),
        destination=lines[0].destination,
        lines=kept,
        cancelled=tuple(line for line in lines if line.state is LineState.CANCELLED),
    )


def _methods(order: CartOrder, lines: Sequence[CartLine]) -> tuple[str, ...]:
    """Return the methods of lines: that with the highest fee, then the others as they come."""
    fees = dict.fromkeys((method_name(line.delivery_method) for line in lines), 0)
    for line in lines:
        fees[method_name(line.delivery_method)] += line.shipping_fee_yen
    for charge in order.charges.per_method:
        if method_name(charge.delivery_method) in fees:
            fees[method_name(charge.delivery_method)] += charge.fee_yen
    # The first on a tie; a blank, which a kept split may have put there, only where it is dearer.
    dearest = max(fees, key=lambda method: (fees[method], bool(method)))
    return (dearest, *(method for method in fees if method != dearest))


def destination_of(order: CartOrder, number: int) -> Destination:
    """Return a destination. Raises BrokenRule when the order does not describe it."""
    for destination in order.destinations:
        if destination.number == number:
            return destination
    raise BrokenRule(f"order {order.number} names destination {number} but does not describe it")


def recipient_of(order: CartOrder, number: int) -> Contact:
    """Return the recipient of a destination.

    BASE (IMP-9): when the cart told nothing about the recipient (Pay ID orders), the buyer. One
    field that is filled in is enough to keep the recipient as told.

    Raises: BrokenRule: see destination_of.
    """
    told = destination_of(order, number).recipient
    if order.cart is Cart.BASE and told.blank:
        return replace(order.buyer, email="")
    return told


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


def shared_codes(lines: Iterable[tuple[CartLine, str]]) -> list[str]:
    """Return one warning for each SKU that different items or variations give (IMP-12).

    The same item on two lines is nothing to report. Args: lines: each with its SKU.
    """
    sellers: dict[str, dict[tuple[str, ...], CartLine]] = {}
    for line, sku in lines:
        sellers.setdefault(sku, {}).setdefault(line.item, line)
    return [
        f"different items give the code {sku}: "
        + ", ".join(f"line {line.key} ({line.name})" for line in of.values())
        for sku, of in sellers.items()
        if len(of) > 1
    ]


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
