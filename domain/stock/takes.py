"""Taking a shop's own numbers over for what nobody counted yet (在庫数の取り込み; STK-8)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.carts.ports import ExternalItem, ItemKey
from domain.stock.mappings import composed


class LeftBecause(StrEnum):
    """Why a SKU is not taken."""

    SET = "set"
    UNLIMITED = "unlimited"
    MAPPED_TWICE = "mapped_twice"
    NOT_LISTED = "not_listed"
    UNREADABLE = "unreadable"
    SHOPS_DIFFER = "shops_differ"
    SHOP_UNREAD = "shop_unread"
    MOVED = "moved"
    COUNTED_MEANWHILE = "counted_meanwhile"


@dataclass(frozen=True, slots=True)
class Place:
    """One mapping of an uncounted SKU, in one shop of its merchant.

    Attributes:
        version: of the SKU's counts; moves with every change of either.
        secured: pieces live orders claim.
    """

    sku_id: int
    code: str
    version: int
    secured: int
    is_set: bool
    shop_id: int
    shop: str
    key: ItemKey
    unlimited: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """A SKU whose number may be taken from one place.

    Attributes: elsewhere: the places of other shops that have to show the same.
    """

    place: Place
    elsewhere: tuple[Place, ...] = ()

    @property
    def shops(self) -> set[int]:
        """Ids of the shops that have to be read."""
        return {self.place.shop_id, *(other.shop_id for other in self.elsewhere)}


@dataclass(frozen=True, slots=True)
class Left:
    """A SKU that is not taken, and what a person reads about it."""

    place: Place
    because: LeftBecause
    words: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A number a shop shows for a candidate, pieces."""

    candidate: Candidate
    pieces: int


@dataclass(frozen=True, slots=True)
class ShownStock:
    """What some shops show.

    Attributes:
        items: by shop id and item, letters composed; a reason where the item cannot be read.
        unread: why a whole shop could not be read, by id.
    """

    items: Mapping[tuple[int, ItemKey], ExternalItem | str]
    unread: Mapping[int, str]

    def of(self, place: Place) -> ExternalItem | str | None:
        """Return what the shop shows at a place, a reason, None where it lists no such item."""
        whole = self.items.get((place.shop_id, ItemKey(place.key.item)))
        return self.items.get((place.shop_id, composed(place.key))) or (
            whole if isinstance(whole, str) else None
        )


def candidates(places: Iterable[Place], shop_id: int) -> tuple[list[Candidate], list[Left]]:
    """Return which SKUs mapped in a shop may be taken, and which may not whatever it shows."""
    by_sku: dict[int, list[Place]] = {}
    for place in places:
        by_sku.setdefault(place.sku_id, []).append(place)
    wanted: list[Candidate] = []
    left: list[Left] = []
    for of_sku in by_sku.values():
        here = [place for place in of_sku if place.shop_id == shop_id]
        if not here:
            continue
        if here[0].is_set:
            left.append(Left(here[0], LeftBecause.SET, "a set: count its components"))
        elif len(here) > 1:
            items = ", ".join(_words(place.key) for place in here)
            told = f"several items of the shop are mapped to it: {items}"
            left.append(Left(here[0], LeftBecause.MAPPED_TWICE, told))
        elif here[0].unlimited:
            told = "sold without counting (無制限)"
            left.append(Left(here[0], LeftBecause.UNLIMITED, told))
        else:
            others = (p for p in of_sku if p.shop_id != shop_id and not p.unlimited)
            wanted.append(Candidate(here[0], tuple(others)))
    return wanted, left


def judge(candidate: Candidate, reading: ShownStock) -> Shown | Left:
    """Return the number to take for a candidate, or why none is."""
    place = candidate.place
    number = _number(place, reading)
    if isinstance(number, Left):
        return number
    for other in candidate.elsewhere:
        theirs = _number(other, reading)
        if isinstance(theirs, Left):
            # An item that is not sold there, or not counted, shows no other number.
            if theirs.because in {LeftBecause.NOT_LISTED, LeftBecause.UNLIMITED}:
                continue
            told = f"shop {other.shop} shows it too: {theirs.words}"
            return Left(place, LeftBecause.SHOP_UNREAD, told)
        if theirs != number:
            told = f"{place.shop} shows {number}, {other.shop} shows {theirs}: count it yourself"
            return Left(place, LeftBecause.SHOPS_DIFFER, told)
    return Shown(candidate, number)


def unchanged(candidate: Candidate, places: Collection[Place]) -> bool:
    """Tell whether a candidate's mappings are still what they were; its version may have moved."""

    def where(these: Iterable[Place]) -> set[tuple[int, ItemKey, bool, bool]]:
        return {(p.shop_id, p.key, p.unlimited, p.is_set) for p in these if not p.unlimited}

    now = [place for place in places if place.sku_id == candidate.place.sku_id]
    return where(now) == where((candidate.place, *candidate.elsewhere))


def _number(place: Place, reading: ShownStock) -> int | Left:
    if place.shop_id in reading.unread:
        return Left(place, LeftBecause.SHOP_UNREAD, reading.unread[place.shop_id])
    shown = reading.of(place)
    if shown is None:
        told = f"the shop lists no item {_words(place.key)}"
        return Left(place, LeftBecause.NOT_LISTED, told)
    if isinstance(shown, str):
        return Left(place, LeftBecause.UNREADABLE, f"not readable: {shown}")
    if shown.unlimited:
        return Left(place, LeftBecause.UNLIMITED, "the shop sells it without counting (無制限)")
    if shown.quantity is None:
        return Left(place, LeftBecause.UNREADABLE, "the shop does not tell how many there are")
    return shown.quantity


def _words(key: ItemKey) -> str:
    return f"{key.item}/{key.variation}" if key.variation else key.item
