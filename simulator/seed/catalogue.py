"""The goods of a merchant, as the hub knows them; both carts offer the same ones."""

import random
from dataclasses import dataclass

_NAMES = (
    "帆布トート",
    "綿Tシャツ",
    "木のスプーン",
    "藍染め手ぬぐい",
    "磁器の小皿",
    "柚子はちみつ",
    "真鍮の栞",
    "麻のエプロン",
    "ほうじ茶",
    "革のキーケース",
)
_REDUCED_TAX = frozenset({"柚子はちみつ", "ほうじ茶"})
_COLOURS = (("生成り", "-NAT"), ("黒", "-BLK"), ("ネイビー", "-NVY"))
_COLOURS_AND_SIZES = (
    (("ネイビー", "M"), "-NVY-M"),
    (("ネイビー", "L"), "-NVY-L"),
    (("ホワイト", "M"), "-WHT-M"),
    (("ホワイト", "L"), "-WHT-L"),
)


@dataclass(frozen=True, slots=True)
class Variant:
    """One piece of stock.

    Attributes:
        choices: choice names, one per axis; empty for goods without choices.
        suffix: what follows the code of the goods in the SKU.
        quantity: pieces offered at first.
    """

    choices: tuple[str, ...]
    suffix: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Goods:
    """One article with its variants.

    Attributes:
        code: such as `SKU-0001`; the SKU of a variant is this code and the variant's suffix.
        price_yen: tax included.
        tax_rate: 8 or 10.
    """

    code: str
    name: str
    price_yen: int
    tax_rate: int
    variants: tuple[Variant, ...]


def invent_goods(chance: random.Random, count: int, variation_share: float) -> list[Goods]:
    """Return the goods of one merchant.

    Args:
        chance: where the figures come from.
        count: how many articles.
        variation_share: 0 to 1, the share of articles with choices, spread evenly.
    """
    return [_invent(chance, index, variation_share) for index in range(count)]


def _invent(chance: random.Random, index: int, variation_share: float) -> Goods:
    name = _NAMES[index % len(_NAMES)]
    has_choices = int((index + 1) * variation_share) > int(index * variation_share)
    options: tuple[tuple[tuple[str, ...], str], ...] = (((), ""),)
    if has_choices and chance.random() < 0.5:
        options = tuple(((colour,), suffix) for colour, suffix in _COLOURS)
    elif has_choices:
        options = _COLOURS_AND_SIZES
    return Goods(
        code=f"SKU-{index + 1:04}",
        name=f"{name} {index // len(_NAMES) + 1}番" if index >= len(_NAMES) else name,
        price_yen=chance.randrange(4, 60) * 110,
        tax_rate=8 if name in _REDUCED_TAX else 10,
        variants=tuple(
            Variant(choices, suffix, chance.randrange(0, 200)) for choices, suffix in options
        ),
    )
