"""What the warehouse does with shipping instructions: command line, CSV and JSON API end here.

lock the instructions -> decide (domain.warehouse) -> lock the SKUs -> refuse what is missing
-> write instructions, counts and audit; all in the caller's transaction, all or nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from adapters.postgres.access import audit
from adapters.postgres.orders import status_changes, warehouse
from adapters.postgres.stock import counts, reservations
from domain.access import Scope
from domain.errors import BrokenRule
from domain.orders.instructions import Status
from domain.warehouse.holds import MarkPaidHere, PutOnHold, ReleaseHold
from domain.warehouse.moves import (
    Allocate,
    Arrived,
    AwaitArrival,
    BeginWork,
    CancelHere,
    Deallocate,
    Inspect,
    Operation,
    Ship,
    Standing,
    TakeBack,
)
from domain.warehouse.shelf import Shelf, StockEffect, stock_effect
from domain.warehouse.targets import Instruction, Refusals, Target, the_one
from workers.services.actors import Actor

MAY_MOVE = Scope.ORDERS_WRITE
"""What a program needs for any of the moves; a person at the command line may do all of them."""


MOVES: Mapping[type[Operation], str] = {
    Allocate: "Set pieces aside (引当); they must be there.",
    Deallocate: "Give pieces set aside back (引当解除).",
    BeginWork: "Picking and packing begins (出荷作業中).",
    Inspect: "The parcel was checked (出荷検品済).",
    Ship: "",
    TakeBack: "",
    PutOnHold: "",
    ReleaseHold: "",
    CancelHere: "Cancel here (キャンセル); the cart is not told.",
    AwaitArrival: "Wait until goods come in (入荷待ち).",
    Arrived: "What it waited for came in: back to 出荷待ち.",
    MarkPaidHere: "The money was seen (入金済み); never goes back.",
}
"""Each is a command and an endpoint of its name; its help, blank where arguments are explained."""


_OVER = frozenset({Status.CANCELLED, Status.RETURNED})


@dataclass(frozen=True, slots=True)
class Request:
    """One operation on one instruction."""

    target: Target
    operation: Operation

    def refused(self, number: str, error: BrokenRule) -> BrokenRule:
        """Return the same kind of failure, naming the place and the instruction."""
        return type(error)(self.target.said(f"{number}: {error}"))


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one instruction."""

    request: Request
    instruction: Instruction
    after: Standing
    effect: StockEffect = field(default_factory=StockEffect)

    @property
    def newly_allocated(self) -> bool:
        """Whether pieces have to be set aside."""
        return self.after.allocated and not self.instruction.standing.allocated


@dataclass(slots=True)
class MovesMade:
    """What became of requests made together: all were carried out, or none where one is refused.

    Attributes:
        found: the instructions as they were before, in the order of the requests.
        refused: why, by the place of the request, from 0.
    """

    found: list[Instruction] = field(default_factory=list)
    refused: dict[int, BrokenRule] = field(default_factory=dict)


def perform(connection: Connection, actor: Actor, requests: Sequence[Request]) -> list[Instruction]:
    """Carry out operations, all or none, and return the instructions as they were before.

    Raises:
        UnknownInstruction, AmbiguousNumber: see domain.warehouse.targets.
        Shortage: pieces are missing in the warehouse.
        BrokenRule: an instruction is not where its operation starts, or is named twice.
        Refusals: several of these.
    """
    made = attempt(connection, actor, requests)
    if len(made.refused) > 1:
        raise Refusals(list(made.refused.values()))
    for error in made.refused.values():
        raise error
    return made.found


def attempt(connection: Connection, actor: Actor, requests: Sequence[Request]) -> MovesMade:
    """Carry out operations, or none of them and tell everything that stands against it."""
    made = MovesMade()
    locked = _locked(connection, actor.merchant_id, requests, made)
    changes = _decided(requests, locked, made)
    counted = _judged(connection, changes, made)
    if made.refused:
        return made
    if counted:
        counts.change(connection, on_hand=counted.on_hand, secured=counted.secured)
    done = [change for change in changes.values() if change.after != change.instruction.standing]
    warehouse.write(connection, [_written(change) for change in done])
    _close_what_failed(connection, done)
    audit.record(connection, *(_entry(actor, change) for change in done))
    made.found = list(locked.values())
    return made


def _locked(
    connection: Connection, merchant_id: int, requests: Sequence[Request], made: MovesMade
) -> dict[int, Instruction]:
    numbered = warehouse.lock_numbered(
        connection, merchant_id, [request.target.number for request in requests]
    )
    found: dict[int, Instruction] = {}
    seen: set[int] = set()
    for at, request in enumerate(requests):
        try:
            instruction = the_one(request.target, numbered.get(request.target.number, ()))
        except BrokenRule as error:
            made.refused[at] = error
            continue
        if instruction.id in seen:
            made.refused[at] = request.refused(instruction.number, BrokenRule("named twice"))
            continue
        seen.add(instruction.id)
        found[at] = instruction
    return found


def _decided(
    requests: Sequence[Request], locked: Mapping[int, Instruction], made: MovesMade
) -> dict[int, Change]:
    changes: dict[int, Change] = {}
    for at, instruction in locked.items():
        operation, before = requests[at].operation, instruction.standing
        try:
            after = operation.applied(before)
        except BrokenRule as error:
            made.refused[at] = requests[at].refused(instruction.number, error)
            continue
        restock = isinstance(operation, TakeBack) and operation.restock
        effect = stock_effect(before, after, restock=restock)
        changes[at] = Change(requests[at], instruction, after, effect)
    return changes


@dataclass(slots=True)
class Counted:
    """By how many pieces counts change, by SKU id."""

    on_hand: Counter[int] = field(default_factory=Counter)
    secured: Counter[int] = field(default_factory=Counter)


def _judged(
    connection: Connection, changes: Mapping[int, Change], made: MovesMade
) -> Counted | None:
    """Judge the pieces of all changes in their order; None where no count changes."""
    moving = {at: one for at, one in changes.items() if one.effect or one.newly_allocated}
    if not moving:
        return None
    lines = warehouse.quantities(connection, [one.instruction.id for one in moving.values()])
    parts = reservations.recipes(connection, {sku for of in lines.values() for sku in of})
    pieces = {one: reservations.taken_apart(parts, of) for one, of in lines.items()}
    ids = sorted({sku for of in pieces.values() for sku in of})
    locked = counts.lock(connection, ids)
    setting_aside = any(change.newly_allocated for change in moving.values())
    shelf = Shelf(
        on_hand={sku: row.on_hand for sku, row in locked.items()},
        allocated=warehouse.allocated(connection, ids) if setting_aside else {},
        codes={sku: row.code for sku, row in locked.items()},
    )
    counted = Counted()
    for at, change in moving.items():
        of = pieces[change.instruction.id]
        try:
            _judge(shelf, change, of)
        except BrokenRule as error:
            made.refused[at] = error
        for sku, count in of.items():
            counted.on_hand[sku] += change.effect.on_hand * count
            counted.secured[sku] += change.effect.secured * count
    return counted if any(change.effect for change in moving.values()) else None


def _judge(shelf: Shelf, change: Change, pieces: Mapping[int, int]) -> None:
    try:
        if change.newly_allocated:
            shelf.set_aside(pieces)
        elif change.effect.on_hand < 0:
            shelf.take_off(pieces)
        elif change.effect.on_hand > 0:
            shelf.put_back(pieces)
    except BrokenRule as error:
        raise change.request.refused(change.instruction.number, error) from error


def _close_what_failed(connection: Connection, done: Sequence[Change]) -> None:
    """Close the dead letters of orders nothing is left to do about (CLS-4)."""
    ended: dict[int, set[str]] = {}
    for change in done:
        if change.after.status in _OVER:
            ended.setdefault(change.instruction.shop_id, set()).add(
                change.instruction.cart_order_key
            )
    for shop_id, keys in sorted(ended.items()):
        status_changes.close_what_failed(connection, shop_id, keys)


def _written(change: Change) -> warehouse.Written:
    operation = change.request.operation
    parcel = operation.parcel if isinstance(operation, Ship) else None
    return change.instruction, change.after, parcel


def _entry(actor: Actor, change: Change) -> audit.Entry:
    before, after = change.instruction.standing, change.after
    detail: dict[str, object] = {
        "shop": change.instruction.shop,
        "cart_order_key": change.instruction.cart_order_key,
        "part": change.instruction.part,
        "from": before.status.value,
        "to": after.status.value,
    }
    if before.allocated != after.allocated:
        detail["allocated"] = after.allocated
    if before.cart_cancel != after.cart_cancel:
        detail["cart_cancel"] = after.cart_cancel.value
    return actor.entry(
        f"orders.{change.request.operation.name}",
        change.instruction.number,
        **detail,
        **change.request.operation.detail(),
    )
