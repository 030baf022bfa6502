"""Taking a shop's own numbers over for SKUs nobody counted (STK-8, docs/decisions/0016).

plan -> for some at a time: as_of_now -> (imports) read_shown -> (imports) -> judged -> write
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from adapters.postgres.access.audit import record
from adapters.postgres.stock import takes
from adapters.postgres.stock.takes import FirstCount
from domain.carts.ports import ExternalItem, ItemKey
from domain.errors import SyncError
from domain.stock.mappings import composed
from domain.stock.takes import (
    Candidate,
    Left,
    LeftBecause,
    Shown,
    ShownStock,
    candidates,
    judge,
    unchanged,
)
from workers.services.actors import Actor
from workers.services.cart_calls import read_items
from workers.settings import Settings


@dataclass(frozen=True, slots=True)
class TakeOutcome:
    """What became of numbers that were to be taken.

    Attributes: moved: their counts or mappings changed since the shop was read; to be read again.
    """

    taken: list[tuple[Shown, FirstCount]]
    counted: list[Left]
    moved: list[Candidate]


def plan(connection: Connection, shop_id: int) -> tuple[list[Candidate], list[Left]]:
    """Return which SKUs of a shop may be taken, and which may not whatever it shows."""
    return candidates(takes.uncounted(connection, shop_id), shop_id)


def as_of_now(
    connection: Connection, shop_id: int, some: Sequence[Candidate]
) -> tuple[list[Candidate], list[Left]]:
    """Return candidates with the versions of now: what is read from here on belongs to them."""
    ids = {one.place.sku_id for one in some}
    fresh, left = candidates(takes.uncounted(connection, shop_id, ids), shop_id)
    known = {one.place.sku_id for one in fresh} | {one.place.sku_id for one in left}
    return fresh, left + [_counted(one) for one in some if one.place.sku_id not in known]


def read_shown(
    settings: Settings, engine: Engine, shop_id: int, some: Sequence[Candidate]
) -> ShownStock:
    """Ask the shops what they show for candidates; no transaction is open meanwhile.

    Raises: SyncError: the shop itself cannot be read. Another one that cannot is told with why.
    """
    items: dict[tuple[int, ItemKey], ExternalItem | str] = {}
    unread: dict[int, str] = {}
    for asked, codes in _asked(some).items():
        try:
            pages = read_items(settings, engine, asked, codes)
        except SyncError as error:
            if asked == shop_id:
                raise
            unread[asked] = str(error)
            continue
        for page in pages:
            items.update({(asked, ItemKey(row.key)): row.reason for row in page.unreadable})
            items.update({(asked, composed(item.key)): item for item in page})
    return ShownStock(items, unread)


def judged(some: Iterable[Candidate], reading: ShownStock) -> tuple[list[Shown], list[Left]]:
    """Return the numbers to take, and what cannot be taken."""
    verdicts = [judge(one, reading) for one in some]
    shown = [verdict for verdict in verdicts if isinstance(verdict, Shown)]
    return shown, [verdict for verdict in verdicts if isinstance(verdict, Left)]


def write(
    connection: Connection, actor: Actor, shop_id: int, shown: Sequence[Shown]
) -> TakeOutcome:
    """Count SKUs as the shop shows them, where nothing moved since it was read (STK-8).

    Twice is harmless: what is counted is left alone.
    """
    ids = {one.candidate.place.sku_id for one in shown}
    now = takes.uncounted(connection, shop_id, ids)
    still = [one for one in shown if unchanged(one.candidate, now)]
    counted = {one.sku_id: one for one in takes.take(connection, still)}
    taken = [(s, counted[s.candidate.place.sku_id]) for s in still if _id(s) in counted]
    record(
        connection,
        *(
            actor.entry(
                "stock.take",
                one.candidate.place.code,
                shop=one.candidate.place.shop,
                shown=one.pieces,
                secured=first.secured,
                on_hand=first.on_hand,
            )
            for one, first in taken
        ),
    )
    uncounted = {place.sku_id for place in now}
    missed = [one.candidate for one in shown if _id(one) not in counted]
    return TakeOutcome(
        taken,
        [_counted(one) for one in missed if one.place.sku_id not in uncounted],
        [one for one in missed if one.place.sku_id in uncounted],
    )


def moved(candidate: Candidate) -> Left:
    """Return what a person reads about a SKU that never stood still."""
    told = "orders or mappings of it changed while it was read: take it again"
    return Left(candidate.place, LeftBecause.MOVED, told)


def _id(shown: Shown) -> int:
    return shown.candidate.place.sku_id


def _counted(candidate: Candidate) -> Left:
    told = "somebody counted it, or unmapped it, meanwhile"
    return Left(candidate.place, LeftBecause.COUNTED_MEANWHILE, told)


def _asked(some: Iterable[Candidate]) -> dict[int, set[str]]:
    """Return the items to ask for by shop."""
    asked: dict[int, set[str]] = {}
    for one in some:
        for place in (one.place, *one.elsewhere):
            asked.setdefault(place.shop_id, set()).add(place.key.item)
    return asked
