"""Warehouse operations of `renkei orders`: allocate, work, inspect, ship, hold, return."""

import itertools
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import click

from adapters.postgres.views.orders import orders_by_id
from console.failures import Wrong
from console.output import print_json, print_lines, warn
from console.session import Session, leaf
from console.words import DAY, Word, known_shop
from domain.engine.cadence import TOKYO
from domain.errors import BrokenRule
from domain.orders.instructions import JAPANESE, HoldReason, Status
from domain.warehouse.holds import PutOnHold, ReleaseHold
from domain.warehouse.moves import Operation, Parcel, Ship, TakeBack
from domain.warehouse.targets import Target
from workers.services.methods import worth_saying
from workers.services.warehouse import MOVES, Request, perform

_REASONS = {word: one for one in HoldReason for word in (one.value, one.name.lower())}


def _reason(word: str) -> HoldReason:
    """Read the operators' word, or its English name where Japanese is hard to type."""
    if word not in _REASONS:
        raise ValueError(f"{word!r} is none of {', '.join(_REASONS)}")
    return _REASONS[word]


REASON = Word("reason", _reason)
RESTOCK = "Whether the pieces are on hand again (default)."
NOTE = "What the matter is."
WHICH_OR_WHY = "Only these hold reasons; or why it is shipped although the cart cancelled it."
_Decorator = Callable[[Callable[..., None]], Callable[..., None]]
_NUMBERS = click.argument("numbers", nargs=-1, required=True, metavar="NUMBER...")
_SHOP = click.option("--shop", metavar="KEY", help="Where two shops share the number.")
_KEY = click.option("--key", metavar="CART_ORDER_KEY", help="Where one shop repeats the number.")


def _reasons(says: str) -> _Decorator:
    return click.option("--reason", "reasons", type=REASON, multiple=True, metavar="R", help=says)


def carry_out(
    session: Session,
    operation: Operation,
    numbers: Sequence[str],
    shop: str | None,
    key: str | None,
    *,
    single: bool = False,
) -> None:
    """Do it to what the person named, all or nothing, and print the instructions as they are then.

    Raises: Wrong for one key and several numbers.
    """
    if key is not None and len(numbers) > 1:
        raise Wrong("--key belongs to one NUMBER")
    requests = [Request(Target(number, shop, key), operation) for number in numbers]
    with session.change() as (connection, actor):
        known_shop(connection, actor.merchant_id, shop)
        done = perform(connection, actor, requests)
        rows = orders_by_id(connection, actor.merchant_id, [one.id for one in done])
        said = worth_saying(connection, actor.merchant_id, operation, done, rows)
    for row, one in zip(rows, done, strict=True):
        row["warnings"] = said[one.id]
    if session.as_json:
        print_json(rows[0] if single else rows)
    else:
        print_lines(map(_line, rows))
    for sentence in dict.fromkeys(itertools.chain.from_iterable(said.values())):
        warn(sentence)


def _line(row: dict[str, object]) -> str:
    status = Status(str(row["status"]))
    words = [f"{row['number']}: {status.value} {JAPANESE[status]}"]
    if row["allocated"]:
        words.append("allocated 引当済み")
    reasons = row["hold_reasons"]
    if isinstance(reasons, list) and reasons:
        words.append(", ".join(reasons))
    if status is Status.SHIPPED:
        words.append(f"{row['shipped_method']} {row['tracking_number']} {row['shipped_on']}")
    return "  ".join(words)


def _command(
    move: type[Operation], *options: _Decorator, says: str | None = None
) -> Callable[[Callable[..., Operation]], click.Command]:
    """Make a command with NUMBER… of what turns its options into an operation."""

    def decorated(operation: Callable[..., Operation]) -> click.Command:
        @leaf
        def command(
            session: Session, /, numbers: list[str], shop: str | None, key: str | None, **told: Any
        ) -> None:
            carry_out(session, operation(**told), numbers, shop, key)

        made: Callable[..., None] = command
        every: tuple[_Decorator, ...] = (_NUMBERS, _SHOP, _KEY, *options)
        for option in reversed(every):
            made = option(made)
        return click.command(move.name, help=says or operation.__doc__)(made)

    return decorated


@click.command(Ship.name)
@click.argument("number")
@click.option("--method", required=True, help="Delivery method it was shipped with.")
@click.option("--tracking", required=True, metavar="T", help="Tracking number (問番).")
@click.option("--date", "day", type=DAY, metavar="D", help="Ship date; without it: today in Tokyo.")
@_SHOP
@_KEY
@leaf
def ship(
    session: Session,
    number: str,
    method: str,
    tracking: str,
    day: date | None,
    shop: str | None,
    key: str | None,
) -> None:
    """Record that a parcel left (出荷済み); its pieces leave on hand and secured together."""
    try:
        parcel = Parcel.entered(method, tracking, day, today=today(session))
    except BrokenRule as error:
        raise Wrong(str(error)) from error
    carry_out(session, Ship(parcel), [number], shop, key, single=True)


@_command(TakeBack, click.option("--restock/--no-restock", default=True, help=RESTOCK))
def take_back(restock: bool) -> Operation:
    """Record that shipped parcels came back (返品)."""
    return TakeBack(restock)


@_command(PutOnHold, _reasons("入金確認, 要確認 …"), click.option("--note", default="", help=NOTE))
def hold(reasons: tuple[HoldReason, ...], note: str) -> Operation:
    """Put on hold (保留), for 要確認 unless told otherwise; gives an allocation back."""
    return PutOnHold(reasons or (HoldReason.CHECK,), note.strip())


_WORDS = click.option("--reason", "words", multiple=True, metavar="R", help=WHICH_OR_WHY)


@_command(ReleaseHold, _WORDS)
def release(words: tuple[str, ...]) -> Operation:
    """Take hold reasons away: all, or some; with none left it waits for shipment.

    What the cart shows cancelled while it is worked on is shipped all the same; --reason says why.
    """
    known = tuple(_REASONS[word] for word in words if word in _REASONS)
    return ReleaseHold(known, why="" if len(known) == len(words) else " ".join(words).strip())


def today(session: Session) -> date:
    """Return the day in Tokyo."""
    return session.now().astimezone(TOKYO).date()


MOVE_COMMANDS: tuple[click.Command, ...] = (
    *(_command(move, says=says)(move) for move, says in MOVES.items() if says),
    ship,
    take_back,
    hold,
    release,
)
