"""Return shipments (出荷実績戻し): tell the cart what left, once (RET-1 to RET-6).

plan: whatever was shipped and the cart was not told of, as domain judges it -> one item an order
execute: read the order -> check all its parcels -> settlement (ShopServe) -> destinations or lines
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial

from sqlalchemy import Connection

from adapters.postgres.engine import api_log
from adapters.postgres.engine.api_log import LogLine
from adapters.postgres.engine.items import ClaimedItem
from adapters.postgres.engine.planned_items import NewItem
from adapters.postgres.engine.runs import ClaimedRun
from adapters.postgres.orders import order_parts, status_changes
from adapters.postgres.orders.order_parts import Part
from adapters.postgres.shipments import carriers
from adapters.postgres.shipments.carriers import CarrierTable
from domain.carts.cart import Cart
from domain.engine.cadence import TOKYO
from domain.engine.runs import ItemState
from domain.errors import AuthenticationFailed, BrokenRule, Permanent
from domain.orders.cancellations import (
    CancelInCart,
    CancelSeen,
    UnderWay,
    concerns,
    late_change,
)
from domain.orders.cart_order import CartOrder
from domain.orders.instructions import Status
from domain.shipments.candidates import Leave, RunDay, Send, ShipmentFacts, judge
from workers.actions.return_shipments.base import return_to_base
from workers.actions.return_shipments.checks import Returned, check_base, check_shopserve
from workers.actions.return_shipments.shopserve import return_to_shopserve
from workers.calls.work import ShopWork
from workers.engine.context import Outcome, Step, TakenAgain


class ReturnShipments(TakenAgain):
    """Implements ActionHandler for both carts."""

    def plan(self, work: ShopWork, run: ClaimedRun) -> Iterator[Step]:
        """See ActionHandler.plan. Candidates stay candidates until they are returned."""
        replayed, log = run.replayed, list[LogLine]()

        def find(connection: Connection) -> Sequence[NewItem]:
            day = replace(_day(work), named=_ship_date(run))
            keys = replayed
            if keys is None:
                keys = order_parts.unreturned(connection, work.shop.id, day.named)
            parts = order_parts.of_orders(connection, work.shop.id, keys)
            if replayed is not None:
                shipped = [p.id for ps in parts.values() for p in ps if p.status is Status.SHIPPED]
                order_parts.want_return(connection, shipped)
                parts = order_parts.of_orders(connection, work.shop.id, keys)
            items, lines = _recorded(connection, work, day, parts)
            log[:] = api_log.not_said_today(connection, work.shop.id, lines)
            return items

        yield Step(find, log=log)

    def execute(self, work: ShopWork, item: ClaimedItem) -> Outcome:
        """See ActionHandler.execute. Twice is harmless: effects are in the ledger (RET-5)."""
        read_at = work.now()
        raw = work.cart.read_order(item.key)
        if raw is None:
            raise BrokenRule(f"order {item.key}: the cart does not know it any more")
        order = work.cart.decode(raw)
        with work.database.begin() as connection:
            parts = order_parts.of_orders(connection, work.shop.id, [item.key]).get(item.key, [])
            table = carriers.carrier_table(connection, work.shop.id)
        today = _day(work)
        wanted = [
            part
            for part in parts
            if part.return_wanted and isinstance(judge(_facts(work, part), today), Send)
        ]
        gone = _Gone(work, order, [part for part in wanted if _undecided(part, order)])
        going = [part for part in wanted if part not in gone.parts]
        returned = _return_parts(work, order, read_at, going, table)
        failures = [one.failure for one in returned if one.failure]
        gone.log.extend(LogLine(note) for one in returned for note in one.notes)
        if failures:
            state = ItemState.FAILED
        else:
            state = ItemState.SUCCEEDED if returned or not gone.parts else ItemState.SKIPPED
        reasons = [*failures, *gone.reasons()]
        return Outcome(state, "; ".join(reasons), record=gone.record, log=gone.log)


@dataclass(frozen=True, slots=True)
class _Gone:
    """Parts of an order that turned out to be cancelled in the cart: a person decides (STS-10)."""

    work: ShopWork
    order: CartOrder
    parts: Sequence[Part]
    log: list[LogLine] = field(default_factory=list)

    def reasons(self) -> list[str]:
        """Return why they are left, with what to do."""
        return [change.message for _, change in self._changes()]

    def record(self, connection: Connection) -> None:
        """Note it, and alarm unless sync_status did."""
        for part, change in self._changes():
            line = LogLine(change.message, "error", needs_person=True)
            if status_changes.see_cancelled(connection, part.id) and line not in self.log:
                self.log.append(line)

    def _changes(self) -> list[tuple[Part, CancelSeen]]:
        shop = self.work.shop.key
        found = [(part, late_change(_under_way(shop, part), self.order)) for part in self.parts]
        return [(part, change) for part, change in found if isinstance(change, CancelSeen)]


def _undecided(part: Part, order: CartOrder) -> bool:
    keys = [line.cart_line_key for line in part.lines]
    return part.cart_cancel is not CancelInCart.OVERRULED and concerns(order, keys)


def _under_way(shop: str, part: Part) -> UnderWay:
    keys = tuple(line.cart_line_key for line in part.lines)
    return UnderWay(part.number, shop, part.status, CancelInCart.NONE, keys)


def _day(work: ShopWork) -> RunDay:
    return RunDay(work.now().astimezone(TOKYO).date(), keeps_to=work.shop.ship_dates)


def _ship_date(run: ClaimedRun) -> date | None:
    named = run.request.get("ship_date")
    return date.fromisoformat(named) if isinstance(named, str) else None


def _recorded(
    connection: Connection,
    work: ShopWork,
    day: RunDay,
    parts: Mapping[str, Sequence[Part]],
) -> tuple[list[NewItem], list[LogLine]]:
    """Note what stays a candidate (RET-1).

    Returns: an item for each order that is sent or listed, a line for what needs a person.
    """
    items: list[NewItem] = []
    log: list[LogLine] = []
    wanted: list[int] = []
    for key, of_order in parts.items():
        verdicts = [(part, judge(_facts(work, part), day)) for part in of_order]
        sent = [part.id for part, verdict in verdicts if isinstance(verdict, Send)]
        left = [(part, leave) for part, leave in verdicts if isinstance(leave, Leave)]
        wanted += sent + [part.id for part, leave in left if leave.kept]
        listed = [f"{part.number}: {leave.reason}" for part, leave in left if leave.listed]
        if sent or listed:
            items.append(NewItem(key, skipped=not sent, reason="; ".join(listed)))
        log += [
            LogLine(f"{part.number}: {leave.reason}", "warning", needs_person=True)
            for part, leave in left
            if leave.needs_person
        ]
    order_parts.want_return(connection, wanted)
    return items, log


def _facts(work: ShopWork, part: Part) -> ShipmentFacts:
    return ShipmentFacts(
        cart=work.shop.cart,
        shop=work.shop.key,
        status=part.status,
        api_status=part.api_status,
        tracking_number=part.tracking_number,
        shipped_on=part.shipped_on,
        left_over=part.return_wanted,
        given_up=part.return_blocked,
        line_keys=tuple(line.key for line in part.lines),
        undecided=part.cart_cancel is CancelInCart.WAITING,
    )


def _return_parts(
    work: ShopWork,
    order: CartOrder,
    read_at: datetime,
    parts: Sequence[Part],
    table: CarrierTable,
) -> list[Returned]:
    """Check all, then send (RET-7); what fails for good concerns its instruction only (RET-4)."""
    if work.shop.cart is Cart.SHOPSERVE:
        shopserve = check_shopserve(work, order, parts, table)
        returned = [
            _sent(one.part, partial(return_to_shopserve, work, order, read_at, one))
            for one in shopserve.ready
        ]
        return [*shopserve.failed, *returned]
    base = check_base(work, order, parts, table)
    returned = [
        _sent(one.part, partial(return_to_base, work, order, read_at, one)) for one in base.ready
    ]
    return [*base.failed, *returned]


def _sent(part: Part, send: Callable[[], Returned]) -> Returned:
    try:
        return send()
    except AuthenticationFailed:
        raise
    except Permanent as error:
        return Returned(failure=f"{part.number}: {error}")
