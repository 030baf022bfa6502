"""Which shipped instructions the cart is told about (出荷実績戻し; RET-1, RET-2, RET-4).

candidates -> steps (ShopServe: here; BASE: `dispatches`) -> outcome
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from domain.actions import Action
from domain.carts.cart import Cart
from domain.carts.shop_settings import ShipDates
from domain.errors import BrokenRule
from domain.orders.cancellations import decide_by, is_cancelled, is_live
from domain.orders.cart_order import CartOrder
from domain.orders.instructions import ApiStatus, Status
from domain.orders.payment_methods import PaymentTable
from domain.shipments.carriers import tracking_number_for
from domain.shipments.settlements import SettlementStep, settlement_step


class EffectKind(StrEnum):
    """What is done at most once in the cart, per key (RET-5)."""

    SETTLEMENT = "settlement"
    DISPATCH = "dispatch"
    DEFERRED = "deferred"


DAYS_BACK = timedelta(days=30)
"""What was shipped longer ago goes only when a person names its date (RET-1)."""


@dataclass(frozen=True, slots=True)
class RunDay:
    """What a run goes by besides the instruction.

    Attributes:
        today: in Tokyo, when the run looks.
        named: the ship date a manual run names; only that one is returned, however old.
        keeps_to: what the shop wants of runs that name none.
    """

    today: date
    named: date | None = None
    keeps_to: ShipDates = ShipDates.OPEN


@dataclass(frozen=True, slots=True)
class ShipmentFacts:
    """What judging an instruction needs.

    Attributes:
        shop: its key, for the commands that reasons name.
        left_over: an earlier run listed it, failed on it or met a closed API.
        given_up: an earlier run found that it can never be returned (RET-4).
        line_keys: BASE: each line's 明細独自1, blank where it is missing.
        undecided: cancelled in the cart, and no person has decided (STS-10).
    """

    cart: Cart
    shop: str
    status: Status
    api_status: ApiStatus
    tracking_number: str | None
    shipped_on: date | None
    left_over: bool = False
    given_up: bool = False
    line_keys: tuple[str, ...] = ()
    undecided: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """The instruction is a candidate."""


@dataclass(frozen=True, slots=True)
class Leave:
    """It is none.

    Attributes:
        listed: the run shows it with this reason.
        kept: later runs take it again, however old it is then.
        needs_person: it does not heal by itself; the reason says what to do.
    """

    reason: str
    listed: bool = False
    kept: bool = False
    needs_person: bool = False


@dataclass(frozen=True, slots=True)
class RequestSettlement:
    """ShopServe: request settlement, once per order, before its first part (RET-2)."""


@dataclass(frozen=True, slots=True)
class ShipDestination:
    """ShopServe: write carrier and number, set 発送済 (RET-2)."""

    destination: int


@dataclass(frozen=True, slots=True)
class ReturningPart:
    """One instruction that ShopServe is to be told of.

    Attributes:
        tracking_number: the real one; a provisional one in the cart is overwritten (IMP-16).
        unsettled_before: a part of the order was returned before, and nobody requested settlement
            from here: its method was said to be another one then (PAY-1).
        overruled: a person ships it although the cart shows the order cancelled (STS-10).
    """

    destination: int
    tracking_number: str
    unsettled_before: bool = False
    overruled: bool = False


ShopServeSteps = tuple[RequestSettlement | ShipDestination, ...]
"""What is sent for one ShopServe instruction, in this order."""


class ReturnOutcome(StrEnum):
    """How returning one instruction ended."""

    RETURNED = "returned"
    PARTLY = "partly"
    IMPOSSIBLE = "impossible"


def judge(facts: ShipmentFacts, day: RunDay) -> Send | Leave:
    """Judge whether an instruction is a candidate, whenever its shipment was recorded (RET-1)."""
    if facts.status is not Status.SHIPPED or facts.shipped_on is None:
        return Leave("not shipped")
    if not (facts.tracking_number or "").strip():
        return Leave("no tracking number registered (問番)")
    if facts.api_status is ApiStatus.TRACKING_RETURNED:
        return Leave("returned already (問番戻し)")
    if facts.given_up and day.named is None:
        return Leave("given up by an earlier run, which said why (RET-4)")
    if day.named not in {None, facts.shipped_on}:
        return Leave(f"shipped on {facts.shipped_on}, not on the day this run is about")
    waits = _undecided(facts) or _too_early_or_late(facts.shipped_on, facts, day)
    return waits or _judge_api_status(facts)


def _undecided(facts: ShipmentFacts) -> Leave | None:
    if not facts.undecided:
        return None
    decide = decide_by("NUMBER", facts.shop)
    return Leave(f"cancelled in the cart, and nobody decided: {decide}", listed=True, kept=True)


def _too_early_or_late(shipped_on: date, facts: ShipmentFacts, day: RunDay) -> Leave | None:
    """Return why the ship date stands against it, None where it does not."""
    if shipped_on > day.today:
        return Leave(f"its ship date is {shipped_on}: waits for that day", listed=True)
    if facts.left_over or day.named is not None or shipped_on == day.today:
        return None
    again = f"renkei run {Action.RETURN_SHIPMENTS} --shop {facts.shop} --ship-date {shipped_on}"
    if day.keeps_to is ShipDates.TODAY:
        why = "this shop returns shipments of the same day only (ship_dates=today)"
    elif day.today - shipped_on > DAYS_BACK:
        why = f"more than {DAYS_BACK.days} days ago"
    else:
        return None
    return Leave(f"shipped on {shipped_on}, {why}: {again}", listed=True, needs_person=True)


def _judge_api_status(facts: ShipmentFacts) -> Send | Leave:
    if facts.cart is Cart.BASE:
        if facts.line_keys and not any(key.strip() for key in facts.line_keys):
            reason = "no line has its BASE line id (明細独自1): set it dispatched in BASE"
            return Leave(reason, listed=True, needs_person=True)
        return Send()
    if facts.api_status is ApiStatus.AWAITING_PRINT:
        reason = (
            "shipped, but not confirmed in ShopServe yet (登:印刷待ち):"
            f" goes once {Action.CONFIRM_ORDERS} has told the cart"
        )
        return Leave(reason, listed=True, kept=True)
    return Send()


def waits_for_all(steps: ShopServeSteps) -> bool:
    """Tell whether steps change the whole order, so that all its parcels are checked first (RET-7).

    Settlement is charged for the order; writing one destination is about that one alone.
    """
    return any(isinstance(step, RequestSettlement) for step in steps)


def plan_shopserve(order: CartOrder, payments: PaymentTable, part: ReturningPart) -> ShopServeSteps:
    """Return the steps for one instruction; none if the cart shows it done (RET-2, RET-5).

    Args:
        order: read from the cart just now.
        payments: what the shop's payment methods mean.

    Raises:
        BrokenRule: the order is cancelled in the cart, its settlement failed, the destination is
            not there any more, or nobody knows what the payment method means (PAY-1).
    """
    cancelled = _cancelled(order, overruled=part.overruled)
    place = next((each for each in order.destinations if each.number == part.destination), None)
    if place is None:
        raise BrokenRule(f"order {order.number} has no destination {part.destination} in ShopServe")
    steps: list[RequestSettlement | ShipDestination] = []
    if cancelled:  # no settlement, whoever released it; a method nobody knows stops it all the same
        payments.known_class_of(order)
    elif settlement_step(order, payments) is SettlementStep.REQUEST:
        if part.unsettled_before:
            raise BrokenRule(
                f"order {order.number}: a part of it was returned before without settlement:"
                " request it (決済依頼) in ShopServe, then return the shipment again"
            )
        steps.append(RequestSettlement())
    ours = tracking_number_for(Cart.SHOPSERVE, part.tracking_number)
    if not (place.shipped and ours in {number.strip() for number in place.tracking_numbers}):
        steps.append(ShipDestination(part.destination))
    return tuple(steps)


def _cancelled(order: CartOrder, *, overruled: bool) -> bool:
    if is_cancelled(order):
        if overruled:
            return True
        raise BrokenRule(f"order {order.number} is cancelled in ShopServe, but was shipped here")
    if is_live(order):
        return False
    told = ", ".join(order.status.unknown_literals) or "nothing"
    raise BrokenRule(
        f"order {order.number}: ShopServe does not tell whether it is cancelled: {told}"
    )


def outcome(*, failed_steps: int, problems: int) -> ReturnOutcome:
    """Return how returning an instruction ended (RET-4).

    Only `RETURNED` makes it tracking_returned. `PARTLY` stays a candidate, of which the next run
    sends what is missing; `IMPOSSIBLE` is reported and not tried again.
    """
    if failed_steps:
        return ReturnOutcome.PARTLY
    return ReturnOutcome.IMPOSSIBLE if problems else ReturnOutcome.RETURNED
