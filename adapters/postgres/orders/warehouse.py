"""Warehouse operations on shipping instructions: command line, CSV and JSON API all end here.

lock the instructions -> decide (domain.warehouse) -> lock the SKUs -> refuse what is missing
-> write instructions, counts and audit; all in the caller's transaction, all or nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from adapters.postgres.access import audit
from adapters.postgres.orders.holds import stored
from adapters.postgres.orders.instruction_targets import (
    Instruction,
    Target,
    lock_targets,
    quantities,
)
from adapters.postgres.stock import counts, reservations
from domain.errors import BrokenRule
from domain.orders.instructions import Status, secures_stock
from domain.warehouse.moves import Operation, Ship, Standing, TakeBack
from domain.warehouse.shelf import Shelf, StockEffect, stock_effect

_WRITE = text("""
update instructions i
   set status = n.status, payment = n.payment, holds = cast(n.holds as jsonb),
       allocated = n.allocated, shipped_method = coalesce(n.method, i.shipped_method),
       tracking_number = coalesce(n.tracking, i.tracking_number),
       shipped_on = coalesce(n.shipped_on, i.shipped_on), changed_at = now()
  from unnest(cast(:ids as bigint[]), cast(:statuses as text[]), cast(:payments as text[]),
              cast(:holds as text[]), cast(:allocated as bool[]), cast(:methods as text[]),
              cast(:trackings as text[]), cast(:days as date[]))
       as n(id, status, payment, holds, allocated, method, tracking, shipped_on)
 where i.id = n.id
""")

# Pieces set aside for live instructions, sets taken apart.
_ALLOCATED = text("""
select coalesce(k.component_sku_id, l.sku_id) as sku_id,
       sum(l.quantity * coalesce(k.quantity, 1)) as pieces
  from instructions i
  join instruction_lines l on l.instruction_id = i.id
  left join set_components k on k.set_sku_id = l.sku_id
 where i.allocated and i.status = any(:statuses)
   and coalesce(k.component_sku_id, l.sku_id) = any(:ids)
   and (l.sku_id = any(:ids)
        or l.sku_id in (select set_sku_id from set_components where component_sku_id = any(:ids)))
 group by 1
""")


@dataclass(frozen=True, slots=True)
class Request:
    """One operation on one instruction."""

    target: Target
    operation: Operation


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, for the audit."""

    merchant_id: int
    name: str
    reason: str = ""


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

    def refused(self, error: BrokenRule) -> BrokenRule:
        """Return the failure with the instruction's number in front."""
        return _refused(self.request, self.instruction.number, error)


def perform(connection: Connection, actor: Actor, requests: Sequence[Request]) -> list[Instruction]:
    """Carry out operations, all or none, and return the instructions as they were before.

    Raises:
        UnknownInstruction, AmbiguousNumber: see lock_targets.
        Shortage: pieces are missing in the warehouse.
        BrokenRule: an instruction is not where its operation starts, or is named twice.
    """
    found = _locked(connection, actor.merchant_id, requests)
    changes = [
        _decided(request, instruction) for request, instruction in zip(requests, found, strict=True)
    ]
    _move_stock(connection, changes)
    changed = [change for change in changes if change.after != change.instruction.standing]
    _write(connection, changed)
    audit.record(connection, *(_entry(actor, change) for change in changed))
    return found


def _locked(
    connection: Connection, merchant_id: int, requests: Sequence[Request]
) -> list[Instruction]:
    found = lock_targets(connection, merchant_id, [request.target for request in requests])
    seen: dict[int, Request] = {}
    for request, instruction in zip(requests, found, strict=True):
        if instruction.id in seen:
            raise _refused(request, instruction.number, BrokenRule("named twice"))
        seen[instruction.id] = request
    return found


def _decided(request: Request, instruction: Instruction) -> Change:
    operation, before = request.operation, instruction.standing
    try:
        after = operation.applied(before)
    except BrokenRule as error:
        raise _refused(request, instruction.number, error) from error
    restock = isinstance(operation, TakeBack) and operation.restock
    return Change(request, instruction, after, stock_effect(before, after, restock=restock))


def _move_stock(connection: Connection, changes: Sequence[Change]) -> None:
    """Judge the pieces of all changes in their order, then write the counts at once."""
    moving = [change for change in changes if change.effect or change.newly_allocated]
    if not moving:
        return
    lines = quantities(connection, [change.instruction.id for change in moving])
    parts = reservations.recipes(connection, {sku for of in lines.values() for sku in of})
    pieces = {one: reservations.taken_apart(parts, of) for one, of in lines.items()}
    ids = sorted({sku for of in pieces.values() for sku in of})
    locked = counts.lock(connection, ids)
    shelf = Shelf(
        on_hand={sku: row.on_hand for sku, row in locked.items()},
        allocated=_allocated(connection, ids) if any(c.newly_allocated for c in moving) else {},
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
        raise change.refused(error) from error


def _allocated(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    live = [status.value for status in Status if secures_stock(status)]
    rows = connection.execute(_ALLOCATED, {"ids": list(ids), "statuses": live})
    return {row.sku_id: int(row.pieces) for row in rows}


def _write(connection: Connection, changes: Sequence[Change]) -> None:
    if not changes:
        return
    operations = [change.request.operation for change in changes]
    parcels = [one.parcel if isinstance(one, Ship) else None for one in operations]
    connection.execute(
        _WRITE,
        {
            "ids": [change.instruction.id for change in changes],
            "statuses": [change.after.status.value for change in changes],
            "payments": [change.after.payment.value for change in changes],
            "holds": [stored(change.after.holds) for change in changes],
            "allocated": [change.after.allocated for change in changes],
            "methods": [parcel and parcel.method for parcel in parcels],
            "trackings": [parcel and parcel.tracking for parcel in parcels],
            "days": [parcel and parcel.shipped_on for parcel in parcels],
        },
    )


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
    return audit.Entry(
        merchant_id=actor.merchant_id,
        actor=actor.name,
        did=f"orders.{change.request.operation.name}",
        subject=change.instruction.number,
        reason=actor.reason,
        detail={**detail, **change.request.operation.detail()},
    )


def _refused(request: Request, number: str, error: BrokenRule) -> BrokenRule:
    """Return the same kind of failure, naming the place and the instruction."""
    return type(error)(request.target.said(f"{number}: {error}"))
