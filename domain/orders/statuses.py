"""What the cart's answer changes about an instruction (ステータス同期; STS-1 to STS-10, IMP-16).

Forward only (STS-7): nothing here makes a paid instruction unpaid or a cancelled one live, and an
instruction the warehouse has begun to work on is left alone. Decide on facts read in the same
transaction that records the changes.
"""

from dataclasses import dataclass, replace

from domain.carts.cart import Cart
from domain.orders.cancellations import (
    UNDER_WAY,
    CancelInCart,
    CancelSeen,
    CancelTakenBack,
    UnderWay,
    concerns,
    is_cancelled,
    late_change,
)
from domain.orders.cart_order import CartOrder, Dispatch, LineState, OrderSummary
from domain.orders.conversion import provisional_method
from domain.orders.instructions import (
    Hold,
    HoldCause,
    HoldReason,
    Payment,
    Status,
    is_open,
    status_after_release,
    without,
)
from domain.orders.payment_methods import LISTED_ONLY, PaymentTable
from domain.orders.payments import (
    BASE_TRANSFERS,
    FirstPayment,
    PaymentStanding,
    became_paid,
    first_payment,
)

# The parcel is being made: a line that is cancelled now can still be taken out of it.
_IN_HANDS = frozenset({Status.WORKING, Status.INSPECTED})


@dataclass(frozen=True, slots=True)
class InstructionFacts:
    """What deciding about an instruction needs.

    Attributes:
        allocated: 引当済み.
        line_keys: keys of the lines taken over at import.
        method_known: the payment method it was imported with is recognised (PAY-1).
        shop: its key, for the commands that messages name.
        returned: the cart was told that it left.
        cart_cancel: what is known of a cancellation in the cart while it is under way (STS-10).
    """

    cart: Cart
    number: str
    status: Status
    payment: Payment
    holds: tuple[Hold, ...] = ()
    allocated: bool = False
    delivery_method: str = ""
    destination: int = 1
    line_keys: tuple[str, ...] = ()
    method_known: bool = False
    shop: str = "KEY"
    returned: bool = False
    cart_cancel: CancelInCart = CancelInCart.NONE


@dataclass(frozen=True, slots=True)
class MarkPaid:
    """The flag becomes paid; the instruction has these holds and this status then (STS-3)."""

    status: Status
    holds: tuple[Hold, ...]


@dataclass(frozen=True, slots=True)
class AwaitPayment:
    """Its payment method is known now: it waits for what IMP-17 says instead (PAY-1)."""

    status: Status
    holds: tuple[Hold, ...]


@dataclass(frozen=True, slots=True)
class FillDeliveryMethod:
    """The cart has the delivery method now (IMP-16); holds and status as they are then."""

    method: str
    status: Status
    holds: tuple[Hold, ...]


@dataclass(frozen=True, slots=True)
class Cancel:
    """The instruction is cancelled (STS-4, STS-5).

    Attributes:
        release_allocation: it was allocated: release that, and say so in the API log.
        recalculate_later: its pieces are free after a queued recalculation (STS-5), not at once.
    """

    release_allocation: bool
    recalculate_later: bool


@dataclass(frozen=True, slots=True)
class NeedsAttention:
    """Nothing changes; a person has to act (STS-5)."""

    message: str


@dataclass(frozen=True, slots=True)
class ReportPartlyCancelled:
    """Lines of a live order were cancelled in the cart; nothing changes here (STS-6)."""

    message: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportNotFound:
    """The cart does not know the order; nothing changes here (STS-4)."""

    message: str


@dataclass(frozen=True, slots=True)
class ReportUnknown:
    """The cart used words we do not know; they change nothing."""

    message: str


Change = (
    MarkPaid
    | AwaitPayment
    | FillDeliveryMethod
    | Cancel
    | NeedsAttention
    | ReportPartlyCancelled
    | ReportNotFound
    | ReportUnknown
    | CancelSeen
    | CancelTakenBack
)


def decide_sync(
    facts: InstructionFacts,
    answer: CartOrder | OrderSummary | None,
    payments: PaymentTable = LISTED_ONLY,
) -> tuple[Change, ...]:
    """Return what a sync does to one instruction, in the order to carry it out.

    Args:
        answer: the cart's order, or its row of BASE's list; None = the cart does not know it.
        payments: what the shop's payment methods mean (PAY-1).

    Returns:
        Empty where nothing changes. Past 出荷待ち nothing does but a cancellation: of the order
        (STS-10), or of some lines while the parcel is made (STS-6). Every change tells the status
        and holds as they are after it, those of earlier changes included.
    """
    if not is_open(facts.status):
        return _past_open(facts, answer)
    if answer is None:
        return (ReportNotFound(f"order {facts.number}: the cart does not know it any more"),)
    if is_cancelled(answer):
        return (_cancel(facts),)
    changes: list[Change] = []
    about_payment = _about_payment(facts, answer, payments)
    if about_payment is not None:
        changes.append(about_payment)
        facts = replace(facts, holds=about_payment.holds, status=about_payment.status)
    if isinstance(answer, CartOrder):
        changes += _from_whole(facts, answer)
    changes += _unknown(facts, answer)
    return tuple(changes)


def _past_open(
    facts: InstructionFacts, answer: CartOrder | OrderSummary | None
) -> tuple[Change, ...]:
    if answer is None or facts.returned or facts.status not in UNDER_WAY:
        return ()
    part = UnderWay(facts.number, facts.shop, facts.status, facts.cart_cancel, facts.line_keys)
    change = late_change(part, answer)
    if change is not None:
        return (change,)
    if facts.status not in _IN_HANDS or not isinstance(answer, CartOrder):
        return ()
    return () if concerns(answer, facts.line_keys) else tuple(_partly_cancelled(facts, answer))


def needs_whole(
    facts: InstructionFacts, row: OrderSummary, *, cart_total_yen: int | None = None
) -> bool:
    """Tell whether a row of BASE's list is not enough and the order has to be read (STS-2, STS-6).

    A row tells neither whether a bank transfer fell short nor which lines were cancelled.

    Args:
        cart_total_yen: the total the order had when it was last read whole, if known; a partial
            cancellation changes it.
    """
    waits = is_open(facts.status)
    if is_cancelled(row) or not (waits or facts.status in _IN_HANDS):
        return False
    paid_by_transfer = row.payment_method in BASE_TRANSFERS and became_paid(row, LISTED_ONLY)
    if waits and facts.payment is Payment.UNPAID and paid_by_transfer:
        return True
    return cart_total_yen is not None and row.total_yen != cart_total_yen


def _cancel(facts: InstructionFacts) -> Change:
    if facts.cart is Cart.BASE and facts.allocated:
        return NeedsAttention(
            f"order {facts.number} is cancelled in BASE but allocated here (引当済み): "
            "release or cancel it by hand"
        )
    return Cancel(release_allocation=facts.allocated, recalculate_later=facts.cart is Cart.BASE)


def _about_payment(
    facts: InstructionFacts, answer: CartOrder | OrderSummary, payments: PaymentTable
) -> MarkPaid | AwaitPayment | None:
    standing = PaymentStanding(facts.status, facts.payment, facts.holds)
    if (standing.failed or facts.payment is Payment.UNPAID) and became_paid(answer, payments):
        decided = standing.decided(FirstPayment(Payment.PAID))
        holds = tuple(hold for hold in decided.holds if hold.reason is not HoldReason.PAYMENT)
        return MarkPaid(status_after_release(facts.status, holds), holds)
    unknown = any(hold.cause is HoldCause.UNKNOWN_PAYMENT for hold in facts.holds)
    if not (unknown and facts.method_known and isinstance(answer, CartOrder)):
        return None
    # It was being imported in the moment in which a person said what the method means.
    first = first_payment(answer, payments)
    decided = standing.decided(first)
    if decided.holds == facts.holds:
        return None
    if first.payment is Payment.PAID:
        return MarkPaid(decided.status, decided.holds)
    return AwaitPayment(decided.status, decided.holds)


def _from_whole(facts: InstructionFacts, order: CartOrder) -> list[Change]:
    changes: list[Change] = []
    method = _method_in_cart(facts, order)
    if method:
        holds = without(facts.holds, HoldCause.NO_DELIVERY_METHOD)
        status = status_after_release(facts.status, holds)
        changes.append(FillDeliveryMethod(method, status, holds))
    return changes + _partly_cancelled(facts, order)


def _partly_cancelled(facts: InstructionFacts, order: CartOrder) -> list[Change]:
    gone = _gone(facts, order)
    named = f"({', '.join(gone)}); change it by hand"
    text = f"order {facts.number}: lines cancelled in the cart {named}"
    return [ReportPartlyCancelled(text, gone)] if gone else []


def _gone(facts: InstructionFacts, order: CartOrder) -> tuple[str, ...]:
    """Return the imported lines that are not to be shipped any more (STS-6).

    BASE keeps a cancelled line with its state. ShopServe's answer just lacks it; its lines are
    known by their place only, so the last ones are named.
    """
    cancelled = {line.key for line in order.lines if line.state is LineState.CANCELLED}
    told = {line.key for line in order.lines}
    lacking = facts.cart is Cart.SHOPSERVE
    return tuple(
        key for key in facts.line_keys if key in cancelled or (lacking and key not in told)
    )


def _method_in_cart(facts: InstructionFacts, order: CartOrder) -> str:
    if facts.cart is not Cart.SHOPSERVE or facts.delivery_method:
        return ""
    for destination in order.destinations:
        if destination.number == facts.destination:
            return provisional_method(destination)
    return ""


def _unknown(facts: InstructionFacts, answer: CartOrder | OrderSummary) -> list[Change]:
    if isinstance(answer, CartOrder):
        words = answer.status.unknown_literals
    else:
        words = ("dispatch_status",) if answer.dispatch is Dispatch.UNKNOWN else ()
    if not words:
        return []
    named = ", ".join(words)
    return [ReportUnknown(f"order {facts.number}: the cart uses words we do not know: {named}")]
