"""Shipping instructions (出荷指示): their statuses, holds and the moves between them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from domain.errors import BrokenRule


class Status(StrEnum):
    """Where an instruction stands, in life-cycle order."""

    HOLD = "hold"
    AWAITING_ARRIVAL = "awaiting_arrival"
    AWAITING_SHIPMENT = "awaiting_shipment"
    WORKING = "working"
    INSPECTED = "inspected"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"
    RETURNED = "returned"


JAPANESE: Mapping[Status, str] = MappingProxyType(
    {
        Status.HOLD: "保留",
        Status.AWAITING_ARRIVAL: "入荷待ち",
        Status.AWAITING_SHIPMENT: "出荷待ち",
        Status.WORKING: "出荷作業中",
        Status.INSPECTED: "出荷検品済",
        Status.SHIPPED: "出荷済み",
        Status.CANCELLED: "キャンセル",
        Status.RETURNED: "返品",
    }
)

OPEN_STATUSES = frozenset({Status.HOLD, Status.AWAITING_ARRIVAL, Status.AWAITING_SHIPMENT})
"""保留〜出荷待ち: nobody in the warehouse has touched it yet."""

_SECURING = OPEN_STATUSES | {Status.WORKING, Status.INSPECTED}

_MOVES: Mapping[Status, tuple[Status, ...]] = MappingProxyType(
    {
        Status.HOLD: (Status.AWAITING_ARRIVAL, Status.AWAITING_SHIPMENT, Status.CANCELLED),
        Status.AWAITING_ARRIVAL: (Status.HOLD, Status.AWAITING_SHIPMENT, Status.CANCELLED),
        Status.AWAITING_SHIPMENT: (
            Status.HOLD,
            Status.AWAITING_ARRIVAL,
            Status.WORKING,
            Status.SHIPPED,
            Status.CANCELLED,
        ),
        Status.WORKING: (Status.INSPECTED, Status.SHIPPED, Status.CANCELLED),
        Status.INSPECTED: (Status.SHIPPED, Status.CANCELLED),
        Status.SHIPPED: (Status.RETURNED,),
        Status.CANCELLED: (),
        Status.RETURNED: (),
    }
)


class Payment(StrEnum):
    """The payment flag (入金確認フラグ); it never goes back to unpaid."""

    UNPAID = "unpaid"
    PAID = "paid"


class ApiStatus(StrEnum):
    """What the cart was told (APIステータス), in order; it only moves on."""

    AWAITING_PRINT = "awaiting_print"
    PRINTED = "printed"
    TRACKING_RETURNED = "tracking_returned"


class HoldReason(StrEnum):
    """Why an instruction is on hold, in the operators' words."""

    PAYMENT = "入金確認"
    CHECK = "要確認"
    ADDRESS = "住所不備"
    NOTE = "備考確認"
    DEFERRED = "後払いデータ"


class HoldCause(StrEnum):
    """Who put the hold there, so that the same one can take it away again."""

    UNPAID = "unpaid"
    NO_DELIVERY_METHOD = "no_delivery_method"
    NO_ADDRESS = "no_address"
    SPLIT_LOST = "split_lost"
    LOST_TIME = "lost_time"
    UNKNOWN_PAYMENT = "unknown_payment_method"
    SETTLEMENT = "settlement_failed"
    RULE = "rule"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold of an instruction.

    Attributes:
        cause: what set it; sync_status takes away only the holds it can judge.
        text: one English line that names the matter.
    """

    reason: HoldReason
    cause: HoldCause
    text: str


def reasons(holds: Iterable[Hold]) -> tuple[HoldReason, ...]:
    """Return the reasons of the holds, each once, in the order they were set."""
    return tuple(dict.fromkeys(hold.reason for hold in holds))


def without(holds: Iterable[Hold], cause: HoldCause) -> tuple[Hold, ...]:
    """Return the holds that stay when everything `cause` set is taken away."""
    return tuple(hold for hold in holds if hold.cause is not cause)


def status_with(holds: Iterable[Hold]) -> Status:
    """Return the status of an instruction nobody has touched (IMP-17, STS-3)."""
    return Status.HOLD if tuple(holds) else Status.AWAITING_SHIPMENT


def status_after_release(current: Status, holds_left: Iterable[Hold]) -> Status:
    """Return the status once a hold was taken away (STS-3, IMP-16).

    Only a held instruction moves, and only when no hold is left.
    """
    return status_with(holds_left) if current is Status.HOLD else current


def secures_stock(status: Status) -> bool:
    """Tell whether an instruction's pieces are secured (確保数): live and not shipped."""
    return status in _SECURING


def is_open(status: Status) -> bool:
    """Tell whether the status is one of 保留〜出荷待ち."""
    return status in OPEN_STATUSES


def move(current: Status, to: Status) -> Status:
    """Return `to` if an instruction may go there.

    Raises: BrokenRule: it may not; the message names the moves that are allowed.
    """
    if to in _MOVES[current]:
        return to
    allowed = ", ".join(_MOVES[current]) or "nothing, it is final"
    raise BrokenRule(f"an instruction that is {current} cannot become {to}; allowed: {allowed}")
