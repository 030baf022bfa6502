"""Warehouse operations of `renkei orders`: allocate, work, inspect, ship, hold, return."""

from collections.abc import Callable, Sequence
from datetime import date

import click

from adapters.postgres.orders.instruction_targets import Target
from adapters.postgres.orders.warehouse import Actor, Request, perform
from adapters.postgres.views.orders import orders_by_id
from console.failures import Wrong
from console.output import print_json, print_lines
from console.session import Session, actor, leaf
from console.times import DAY
from console.words import known_shop
from domain.engine.cadence import TOKYO
from domain.errors import BrokenRule
from domain.orders.instructions import JAPANESE, HoldReason, Status
from domain.warehouse.moves import (
    Allocate,
    Arrived,
    AwaitArrival,
    CancelHere,
    Deallocate,
    Inspect,
    MarkPaidHere,
    Operation,
    Parcel,
    PutOnHold,
    ReleaseHold,
    Ship,
    TakeBack,
    Work,
)


class ReasonType(click.ParamType[HoldReason]):
    """A hold reason: the operators' word, or its English name where Japanese is hard to type."""

    name = "reason"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> HoldReason:
        """Return the reason."""
        named = {word: one for one in HoldReason for word in (one.value, one.name.lower())}
        if str(value) not in named:
            self.fail(f"{value!r} is none of {', '.join(named)}", param, ctx)
        return named[str(value)]


REASON = ReasonType()
_Command = Callable[..., None]


def _numbers(function: _Command) -> _Command:
    """Give a command NUMBER…, and what tells equal numbers apart."""
    for option in (
        click.option("--key", metavar="CART_ORDER_KEY", help="Where one shop repeats the number."),
        click.option("--shop", metavar="KEY", help="Where two shops share the number."),
        click.argument("numbers", nargs=-1, required=True, metavar="NUMBER..."),
    ):
        function = option(function)
    return function


def targets(numbers: Sequence[str], shop: str | None, key: str | None) -> list[Target]:
    """Return what the person named. Raises Wrong for one key and several numbers."""
    if key is not None and len(numbers) > 1:
        raise Wrong("--key belongs to one NUMBER")
    return [Target(number, shop, key) for number in numbers]


def carry_out(session: Session, requests: Sequence[Request], *, single: bool = False) -> None:
    """Do it all or nothing, and print the instructions as they are then."""
    with session.work() as (connection, merchant_id):
        for shop in {request.target.shop for request in requests}:
            known_shop(connection, merchant_id, shop)
        done = perform(connection, Actor(merchant_id, actor()), requests)
        rows = orders_by_id(connection, merchant_id, [one.id for one in done])
    if session.as_json:
        print_json(rows[0] if single else rows)
        return
    print_lines(_line(row) for row in rows)


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


def _plain(name: str, operation: Operation, text: str) -> click.Command:
    """Return a command that needs nothing but numbers."""

    @leaf
    def command(
        session: Session, numbers: tuple[str, ...], shop: str | None, key: str | None
    ) -> None:
        named = targets(numbers, shop, key)
        carry_out(session, [Request(target, operation) for target in named])

    return click.command(name, help=text)(_numbers(command))


@click.command("ship")
@click.argument("number")
@click.option("--method", required=True, help="Delivery method it was shipped with.")
@click.option("--tracking", required=True, metavar="T", help="Tracking number (問番).")
@click.option("--date", "day", type=DAY, metavar="D", help="Ship date; without it: today in Tokyo.")
@click.option("--shop", metavar="KEY", help="Where two shops share the number.")
@click.option("--key", metavar="CART_ORDER_KEY", help="Where one shop repeats the number.")
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
        parcel = Parcel(method.strip(), tracking.strip(), day or today(session))
    except BrokenRule as error:
        raise Wrong(str(error)) from error
    carry_out(session, [Request(Target(number, shop, key), Ship(parcel))], single=True)


@click.command("return")
@_numbers
@click.option(
    "--restock/--no-restock", default=True, help="Whether the pieces are on hand again (default)."
)
@leaf
def take_back(
    session: Session, numbers: tuple[str, ...], shop: str | None, key: str | None, restock: bool
) -> None:
    """Record that shipped parcels came back (返品)."""
    named = targets(numbers, shop, key)
    carry_out(session, [Request(target, TakeBack(restock)) for target in named])


@click.command("hold")
@_numbers
@click.option(
    "--reason", "reasons", type=REASON, multiple=True, metavar="R", help="入金確認, 要確認 …"
)
@click.option("--note", default="", help="What the matter is.")
@leaf
def hold(
    session: Session,
    numbers: tuple[str, ...],
    shop: str | None,
    key: str | None,
    reasons: tuple[HoldReason, ...],
    note: str,
) -> None:
    """Put on hold (保留), for 要確認 unless told otherwise; gives an allocation back."""
    named = targets(numbers, shop, key)
    operation = PutOnHold(reasons or (HoldReason.CHECK,), note.strip())
    carry_out(session, [Request(target, operation) for target in named])


@click.command("release")
@_numbers
@click.option(
    "--reason", "reasons", type=REASON, multiple=True, metavar="R", help="Only these reasons."
)
@leaf
def release(
    session: Session,
    numbers: tuple[str, ...],
    shop: str | None,
    key: str | None,
    reasons: tuple[HoldReason, ...],
) -> None:
    """Take hold reasons away: all, or some; with none left it waits for shipment."""
    named = targets(numbers, shop, key)
    carry_out(session, [Request(target, ReleaseHold(reasons)) for target in named])


def today(session: Session) -> date:
    """Return the day in Tokyo."""
    return session.now().astimezone(TOKYO).date()


MOVE_COMMANDS: tuple[click.Command, ...] = (
    _plain("allocate", Allocate(), "Set pieces aside (引当); they must be there."),
    _plain("deallocate", Deallocate(), "Give pieces set aside back (引当解除)."),
    _plain("work", Work(), "Picking and packing begins (出荷作業中)."),
    _plain("inspect", Inspect(), "The parcel was checked (出荷検品済)."),
    ship,
    take_back,
    hold,
    release,
    _plain("cancel", CancelHere(), "Cancel here (キャンセル); the cart is not told."),
    _plain("await-arrival", AwaitArrival(), "Wait until goods come in (入荷待ち)."),
    _plain("arrived", Arrived(), "What they waited for came in: back to 出荷待ち."),
    _plain("paid", MarkPaidHere(), "A person saw the money (入金済み); never goes back."),
)
