"""What the warehouse does with shipping instructions: command line, CSV and JSON API end here.

lock the instructions -> decide (domain.warehouse) -> lock the SKUs -> refuse what is missing
-> write instructions, counts and audit; all in the caller's transaction, all or nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from adapters.postgres.access import audit
from adapters.postgres.orders import warehouse
from adapters.postgres.stock import counts, reservations
from domain.access import Scope
from domain.errors import BrokenRule
from domain.warehouse.moves import (
    Allocate,
    Arrived,
    AwaitArrival,
    BeginWork,
    CancelHere,
    Deallocate,
    Inspect,
    MarkPaidHere,
    Operation,
    PutOnHold,
    ReleaseHold,
    Ship,
    Standing,
    TakeBack,
)
from domain.warehouse.shelf import Shelf, StockEffect, stock_effect
from domain.warehouse.targets import Instruction, Target, the_one
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


def perform(connection: Connection, actor: Actor, requests: Sequence[Request]) -> list[Instruction]:
    """Carry out operations, all or none, and return the instructions as they were before.

    Raises:
        UnknownInstruction, AmbiguousNumber: see domain.warehouse.targets.
        Shortage: pieces are missing in the warehouse.
        BrokenRule: an instruction is not where its operation starts, or is named twice.
    """
    found = _locked(connection, actor.merchant_id, requests)
    changes = [
        _decided(request, instruction) for request, instruction in zip(requests, found, strict=True)
    ]
    _move_stock(connection, changes)
    changed = [change for change in changes if change.after != change.instruction.standing]
    warehouse.write(connection, [_written(change) for change in changed])
    audit.record(connection, *(_entry(actor, change) for change in changed))
    return found


def _locked(
    connection: Connection, merchant_id: int, requests: Sequence[Request]
) -> list[Instruction]:
    numbered = warehouse.lock_numbered(
        connection, merchant_id, [request.target.number for request in requests]
    )
    found = [the_one(one.target, numbered.get(one.target.number, ())) for one in requests]
    seen: set[int] = set()
    for request, instruction in zip(requests, found, strict=True):
        if instruction.id in seen:
            raise request.refused(instruction.number, BrokenRule("named twice"))
        seen.add(instruction.id)
    return found


def _decided(request: Request, instruction: Instruction) -> Change:
    operation, before = request.operation, instruction.standing
    try:
        after = operation.applied(before)
    except BrokenRule as error:
        raise request.refused(instruction.number, error) from error
    restock = isinstance(operation, TakeBack) and operation.restock
    return Change(request, instruction, after, stock_effect(before, after, restock=restock))


def _move_stock(connection: Connection, changes: Sequence[Change]) -> None:
    """Judge the pieces of all changes in their order, then write the counts at once."""
    moving = [change for change in changes if change.effect or change.newly_allocated]
    if not moving:
        return
    lines = warehouse.quantities(connection, [change.instruction.id for change in moving])
    parts = reservations.recipes(connection, {sku for of in lines.values() for sku in of})
    pieces = {one: reservations.taken_apart(parts, of) for one, of in lines.items()}
    ids = sorted({sku for of in pieces.values() for sku in of})
    locked = counts.lock(connection, ids)
    setting_aside = any(change.newly_allocated for change in moving)
    shelf = Shelf(
        on_hand={sku: row.on_hand for sku, row in locked.items()},
        allocated=warehouse.allocated(connection, ids) if setting_aside else {},
        codes={sku: row.code for sku, row in locked.items()},
    )
    on_hand: Counter[int] = Counter()
    secured: Counter[int] = Counter()
    for change in moving:
        of = pieces[change.instruction.id]
        _judge(shelf, change, of)
        for sku, count in of.items():
            on_hand[sku] += change.effect.on_hand * count
            secured[sku] += change.effect.secured * count
    if any(change.effect for change in moving):
        counts.change(connection, on_hand=on_hand, secured=secured)


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
    return actor.entry(
        f"orders.{change.request.operation.name}",
        change.instruction.number,
        **detail,
        **change.request.operation.detail(),
    )
