"""What the warehouse does with a shipping instruction (出荷指示).

operation.applied(standing) -> new standing; what that does to stock: domain/warehouse/shelf.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import ClassVar, Self

from domain.errors import BrokenRule
from domain.notation import Misentered
from domain.orders.cancellations import CancelInCart
from domain.orders.instructions import (
    Hold,
    Payment,
    Status,
    move,
)
from domain.shipments.tracking import tracking_number

MOST_DAYS_AWAY = timedelta(days=30)
"""A ship date further from today, either way, is a typing error (RET-1)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What operations read and change of an instruction.

    Attributes:
        allocated: 引当済み; only from awaiting_shipment on.
        cart_cancel: the cart shows it cancelled while it is under way and not returned (STS-10).
    """

    status: Status
    payment: Payment
    holds: tuple[Hold, ...] = ()
    allocated: bool = False
    cart_cancel: CancelInCart = CancelInCart.NONE


@dataclass(frozen=True, slots=True)
class Parcel:
    """What left the warehouse.

    Attributes:
        method: the hub's delivery method it was shipped with; any is accepted (RET-6 judges it).
        tracking: as `tracking_number` keeps it (RET-7).
        shipped_on: day in Tokyo.
    """

    method: str
    tracking: str
    shipped_on: date

    def __post_init__(self) -> None:
        """Refuse what no cart could be told."""
        if not self.method.strip():
            raise Misentered("the delivery method is blank")
        if tracking_number(self.tracking) != self.tracking:
            raise Misentered(f"{self.tracking!r} is not written as tracking numbers are kept")

    @classmethod
    def entered(cls, method: str, tracking: str, day: date | None, *, today: date) -> Self:
        """Return what a person or a program enters, as it is kept (RET-1, RET-7).

        Args:
            day: None = today.
            today: in Tokyo.
        Raises: Misentered: what is wrong with it.
        """
        shipped_on = day or today
        if abs(shipped_on - today) > MOST_DAYS_AWAY:
            raise Misentered(
                f"the ship date {shipped_on} is more than {MOST_DAYS_AWAY.days} days away from"
                f" today ({today})"
            )
        return cls(method.strip(), tracking_number(tracking), shipped_on)


class Operation:
    """One thing a person or a warehouse system does to an instruction.

    Attributes:
        name: of its command and its endpoint.
        leads_to: the status afterwards, where the moves between statuses say all about it.
        frees: pieces set aside for the instruction are free for others again.
    """

    __slots__ = ()
    name: ClassVar[str]
    leads_to: ClassVar[Status]
    frees: ClassVar[bool] = False

    def applied(self, standing: Standing) -> Standing:
        """Return the standing afterwards; the same one when nothing is left to do.

        Raises: BrokenRule when the instruction is not where the operation starts.
        """
        allocated = standing.allocated and not self.frees
        return replace(standing, status=move(standing.status, self.leads_to), allocated=allocated)

    def detail(self) -> Mapping[str, object]:
        """Return what the audit keeps of it beside its name, without personal data."""
        return {}


@dataclass(frozen=True, slots=True)
class Allocate(Operation):
    """Set pieces aside (引当). Repeating it changes nothing."""

    name: ClassVar[str] = "allocate"

    def applied(self, standing: Standing) -> Standing:
        """See Operation.applied."""
        return replace(_only_from(Status.AWAITING_SHIPMENT, standing), allocated=True)


@dataclass(frozen=True, slots=True)
class Deallocate(Operation):
    """Give the pieces set aside back (引当解除)."""

    name: ClassVar[str] = "deallocate"

    def applied(self, standing: Standing) -> Standing:
        """See Operation.applied."""
        return replace(_only_from(Status.AWAITING_SHIPMENT, standing), allocated=False)


@dataclass(frozen=True, slots=True)
class BeginWork(Operation):
    """Begin to pick and pack (出荷作業中)."""

    name: ClassVar[str] = "work"
    leads_to: ClassVar[Status] = Status.WORKING


@dataclass(frozen=True, slots=True)
class Inspect(Operation):
    """The parcel was checked (出荷検品済)."""

    name: ClassVar[str] = "inspect"
    leads_to: ClassVar[Status] = Status.INSPECTED


@dataclass(frozen=True, slots=True)
class Ship(Operation):
    """The parcel left (出荷済み). Allocation is not needed."""

    name: ClassVar[str] = "ship"
    leads_to: ClassVar[Status] = Status.SHIPPED
    parcel: Parcel

    def detail(self) -> Mapping[str, object]:
        """See Operation.detail."""
        return {
            "method": self.parcel.method,
            "tracking": self.parcel.tracking,
            "shipped_on": self.parcel.shipped_on.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class TakeBack(Operation):
    """The parcel came back (返品).

    Attributes:
        restock: its pieces are on hand again; False for damaged goods.
    """

    name: ClassVar[str] = "return"
    leads_to: ClassVar[Status] = Status.RETURNED
    frees: ClassVar[bool] = True
    restock: bool = True

    def detail(self) -> Mapping[str, object]:
        """See Operation.detail."""
        return {"restock": self.restock}


@dataclass(frozen=True, slots=True)
class CancelHere(Operation):
    """Nothing will be shipped (キャンセル); the cart is not told.

    What left already can be cancelled only where the cart shows it cancelled and was not told that
    it left (STS-10); its pieces stay off on hand.
    """

    name: ClassVar[str] = "cancel"
    leads_to: ClassVar[Status] = Status.CANCELLED
    frees: ClassVar[bool] = True

    def applied(self, standing: Standing) -> Standing:
        """See Operation.applied."""
        if standing.status is Status.SHIPPED and standing.cart_cancel is not CancelInCart.NONE:
            return replace(standing, status=Status.CANCELLED, holds=(), allocated=False)
        return replace(Operation.applied(self, standing), holds=())


@dataclass(frozen=True, slots=True)
class AwaitArrival(Operation):
    """Wait until goods come in (入荷待ち); pieces set aside for it are free for others again."""

    name: ClassVar[str] = "await-arrival"
    leads_to: ClassVar[Status] = Status.AWAITING_ARRIVAL
    frees: ClassVar[bool] = True

    def applied(self, standing: Standing) -> Standing:
        """See Operation.applied."""
        if standing.status is Status.HOLD:
            raise BrokenRule("it is on hold; release it first")
        return Operation.applied(self, standing)


@dataclass(frozen=True, slots=True)
class Arrived(Operation):
    """What it waited for came in: it waits for shipment."""

    name: ClassVar[str] = "arrived"
    leads_to: ClassVar[Status] = Status.AWAITING_SHIPMENT

    def applied(self, standing: Standing) -> Standing:
        """See Operation.applied."""
        return Operation.applied(self, _only_from(Status.AWAITING_ARRIVAL, standing))


def _only_from(start: Status, standing: Standing) -> Standing:
    if standing.status is not start:
        raise BrokenRule(f"it is {standing.status}, not {start}")
    return standing
