"""What people do about the holds of a shipping instruction (保留), and about late cancellations."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from domain.errors import BrokenRule
from domain.orders.cancellations import UNDER_WAY, CancelInCart
from domain.orders.instructions import (
    Hold,
    HoldCause,
    HoldReason,
    Payment,
    Status,
    move,
    reasons,
    status_after_release,
)
from domain.warehouse.moves import Operation, Standing


@dataclass(frozen=True, slots=True)
class PutOnHold(Operation):
    """Stop it for one or more reasons (保留); those people gave before stay as they are.

    A reason that something else set is given once more, so that it stays when that is settled;
    入金確認 is not, for the money settles it whoever set it (STS-3).

    Pieces set aside for it are free for others again.
    """

    name: ClassVar[str] = "hold"
    reasons: tuple[HoldReason, ...]
    text: str = ""

    def applied(self, standing: Standing) -> Standing:
        """See Operation.applied."""
        if not self.reasons:
            raise BrokenRule("a hold needs a reason")
        status = standing.status
        if status is not Status.HOLD:
            status = move(status, Status.HOLD)
        there = reasons(
            hold
            for hold in standing.holds
            if hold.cause is HoldCause.PERSON or hold.reason is HoldReason.PAYMENT
        )
        new = tuple(
            Hold(reason, HoldCause.PERSON, self.text)
            for reason in dict.fromkeys(self.reasons)
            if reason not in there
        )
        holds = standing.holds + new
        return replace(standing, status=status, holds=holds, allocated=False)

    def detail(self) -> Mapping[str, object]:
        """See Operation.detail."""
        return {"reasons": [reason.value for reason in self.reasons]}


@dataclass(frozen=True, slots=True)
class ReleaseHold(Operation):
    """Take hold reasons away: the named ones, or all (保留解除).

    With none left it waits for shipment. A person may release 入金確認 of an unpaid order; the
    payment flag stays as it is, and sync_status still sets it later.

    What the cart shows cancelled while it is under way is shipped all the same then (STS-10).

    Attributes: why: the person's own words, which only the latter needs.
    """

    name: ClassVar[str] = "release"
    reasons: tuple[HoldReason, ...] = ()
    why: str = ""

    def applied(self, standing: Standing) -> Standing:
        """See Operation.applied."""
        if standing.cart_cancel is CancelInCart.WAITING and standing.status in UNDER_WAY:
            if not (self.why or self.reasons):
                raise BrokenRule("the cart shows it cancelled: say why it is shipped all the same")
            return replace(standing, cart_cancel=CancelInCart.OVERRULED)
        if standing.status is not Status.HOLD:
            raise BrokenRule(f"it is {standing.status}, not on hold")
        if self.why:
            raise BrokenRule(f"{self.why!r} is none of {', '.join(HoldReason)}")
        there = reasons(standing.holds)
        for reason in self.reasons:
            if reason not in there:
                raise BrokenRule(f"it is on hold for {', '.join(there)}, not for {reason}")
        gone = self.reasons or there
        left = tuple(hold for hold in standing.holds if hold.reason not in gone)
        status = status_after_release(standing.status, left)
        return replace(standing, status=status, holds=left)

    def detail(self) -> Mapping[str, object]:
        """See Operation.detail."""
        why = {"why": self.why} if self.why else {}
        return {"reasons": [reason.value for reason in self.reasons] or "all", **why}


@dataclass(frozen=True, slots=True)
class MarkPaidHere(Operation):
    """A person saw the money (入金済み); the flag never goes back. As STS-3 afterwards."""

    name: ClassVar[str] = "paid"

    def applied(self, standing: Standing) -> Standing:
        """See Operation.applied."""
        left = tuple(hold for hold in standing.holds if hold.reason is not HoldReason.PAYMENT)
        status = status_after_release(standing.status, left)
        return replace(standing, status=status, holds=left, payment=Payment.PAID)
