"""Everything that can be known about an order's parcels, before anything of it is sent (RET-7).

read order -> per instruction: plan, carrier, tracking number -> ready, or why it is not
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from adapters.postgres.engine import effects
from adapters.postgres.orders import order_parts
from adapters.postgres.orders.order_parts import Part
from adapters.postgres.orders.payment_classes import payment_table
from adapters.postgres.shipments import carriers
from adapters.postgres.shipments.carriers import CarrierTable
from domain.carts.cart import Cart
from domain.carts.ports import CartParcel
from domain.errors import AuthenticationFailed, BrokenRule, Permanent
from domain.orders.cancellations import CancelInCart
from domain.orders.cart_order import CartOrder
from domain.shipments.candidates import (
    EffectKind,
    ReturningPart,
    ShopServeSteps,
    plan_shopserve,
    waits_for_all,
)
from domain.shipments.carriers import (
    KnownCarrier,
    carrier_for,
    known_carrier,
    tracking_number_for,
)
from domain.shipments.dispatches import BasePlan, LineToReturn, plan_base
from workers.calls.work import ShopWork

Step = TypeVar("Step")
Plan = TypeVar("Plan", ShopServeSteps, BasePlan)

# Delivery companies hardly ever change: one call per shop and hour.
COMPANIES_FRESH_S = 3600.0

_companies: dict[int, tuple[float, dict[str, str]]] = {}


@dataclass(frozen=True, slots=True)
class Returned:
    """How returning one instruction ended.

    Attributes:
        failure: blank when the cart knows all of it.
        notes: lines for the API log.
    """

    failure: str = ""
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Ready(Generic[Plan]):
    """An instruction that passed every check. `parcel`: None where nothing is left to send."""

    part: Part
    plan: Plan
    parcel: CartParcel | None

    def sends(self, steps: Sequence[Step]) -> Iterator[tuple[Step, CartParcel]]:
        """Yield the steps of the plan, each with the parcel it tells of."""
        if self.parcel is not None:
            for step in steps:
                yield step, self.parcel


@dataclass(frozen=True, slots=True)
class Checked(Generic[Plan]):
    """The instructions of one order: those that may be sent, and why the others may not."""

    ready: Sequence[Ready[Plan]]
    failed: Sequence[Returned]


def check_shopserve(
    work: ShopWork, order: CartOrder, parts: Sequence[Part], table: CarrierTable
) -> Checked[ShopServeSteps]:
    """Check a ShopServe order; settlement is for the whole of it, so it waits for every part."""
    ready: list[Ready[ShopServeSteps]] = []
    failed: list[Returned] = []
    with work.database.begin() as connection:
        payments = payment_table(connection, work.shop.id)
        sent = effects.was_sent(connection, work.shop.id, EffectKind.SETTLEMENT, order.key)
        begun = order_parts.returned_partly(connection, work.shop.id, order.key)
    for part in parts:
        try:
            number = part.tracking_number or ""
            late = begun and not sent
            returning = ReturningPart(part.destination, number, late, overruled=_overruled(part))
            steps = plan_shopserve(order, payments, returning)
            ready.append(Ready(part, steps, _parcel(work, part, table) if steps else None))
        except Permanent as error:
            failed.append(_why_not(part, error))
    if not failed:
        return Checked(ready, failed)
    waiting = [one for one in ready if waits_for_all(one.plan)]
    failed += [
        Returned(
            f"{one.part.number}: settlement (決済依頼) is requested for the whole order,"
            " once its other shipments can be returned too"
        )
        for one in waiting
    ]
    return Checked([one for one in ready if one not in waiting], failed)


def check_base(
    work: ShopWork, order: CartOrder, parts: Sequence[Part], table: CarrierTable
) -> Checked[BasePlan]:
    """Check a BASE order; a deferred one is told once, by its first shipped part."""
    ready: list[Ready[BasePlan]] = []
    failed: list[Returned] = []
    for part in parts:
        try:
            lines = [LineToReturn(line.key, line.name) for line in part.lines]
            plan = plan_base(order, lines, deferred=part.deferred, overruled=_overruled(part))
            told = parts[0] if part.deferred else part
            ready.append(Ready(part, plan, _parcel(work, told, table) if plan.steps else None))
        except Permanent as error:
            failed.append(_why_not(part, error))
    return Checked(ready, failed)


def _overruled(part: Part) -> bool:
    return part.cart_cancel is CancelInCart.OVERRULED


def _why_not(part: Part, error: Permanent) -> Returned:
    """Return why an instruction fails; what stops the whole shop is raised instead."""
    if isinstance(error, AuthenticationFailed):
        raise error
    return Returned(f"{part.number}: {error}")


def _parcel(work: ShopWork, part: Part, table: CarrierTable) -> CartParcel:
    if part.tracking_number is None or part.shipped_on is None:
        raise BrokenRule("no tracking number or ship date")
    told = carrier_for(part.method, table.carriers, shop=work.shop.key)
    carrier = _known(work, told)
    if told in table.unchecked:
        with work.database.begin() as connection:
            carriers.mark_checked(connection, work.shop.id, told, carrier.name)
    return CartParcel(
        carrier=carrier.code,
        tracking_number=tracking_number_for(work.shop.cart, part.tracking_number),
        shipped_on=part.shipped_on,
    )


def _known(work: ShopWork, carrier: str) -> KnownCarrier:
    """Return the carrier as the cart lists it; a list read earlier may lack a new one."""
    for known in _lists(work):
        try:
            return known_carrier(work.shop.cart, carrier, known)
        except BrokenRule as error:
            unknown = error
    raise unknown


def _lists(work: ShopWork) -> Iterator[Mapping[str, str]]:
    """Yield the list of carriers as it was read within the hour, then as the cart has it now."""
    if work.shop.cart is Cart.BASE:
        known = _companies.get(work.shop.id)
        if known is not None and time.monotonic() - known[0] < COMPANIES_FRESH_S:
            yield known[1]
    found = work.cart.carriers()
    _companies[work.shop.id] = (time.monotonic(), found)
    yield found
