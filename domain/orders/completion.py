"""Which orders go to the folder of completed ones (取引完了フォルダ移動; CMP-1 to CMP-5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from domain.orders.cart_order import (
    CartOrder,
    Folder,
    PaymentClass,
    Settlement,
    ShopServeStatus,
)
from domain.orders.instructions import ApiStatus, Status
from domain.orders.payment_methods import PaymentTable
from domain.orders.payments import SETTLEMENT_FAILED
from domain.shipments.settlements import COLLECTING

_JAPANESE: Mapping[Settlement, str] = MappingProxyType(
    {Settlement.COLLECTION_SCHEDULED: "回収予定", Settlement.COLLECTED: "回収済"}
)
_REQUESTED_FIRST = frozenset({PaymentClass.DEFERRED, PaymentClass.DEFERRED_AT_ONCE})


@dataclass(frozen=True, slots=True)
class PartFacts:
    """One instruction of the order."""

    number: str
    status: Status
    api_status: ApiStatus


@dataclass(frozen=True, slots=True)
class Complete:
    """Move the order. `note` is a line for the API log, blank if there is nothing to say."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class NotYet:
    """Look again next run; not an error (CMP-4).

    Attributes: needs_person: it stays so until somebody acts (CMP-5; money that will not come).
    """

    reason: str
    needs_person: bool = False


@dataclass(frozen=True, slots=True)
class InFolder:
    """The order is in the folder: nothing to send (CMP-4)."""


Verdict = Complete | NotYet | InFolder


def judge_parts(parts: Sequence[PartFacts]) -> NotYet | None:
    """Judge an order's instructions before the cart is read (CMP-1, CMP-3).

    Returns: why it is too early; None once every part that is not cancelled has been returned.
    """
    wanted = [part for part in parts if part.status is not Status.CANCELLED]
    if not wanted:
        return NotYet("every part is cancelled")
    waiting = [part.number for part in wanted if part.api_status is not ApiStatus.TRACKING_RETURNED]
    if waiting:
        return NotYet(f"shipment not returned yet (出荷実績戻し): {', '.join(waiting)}")
    return None


def judge(parts: Sequence[PartFacts], order: CartOrder | None, payments: PaymentTable) -> Verdict:
    """Judge whether an order is moved now (CMP-1 to CMP-5).

    Args:
        parts: all instructions of the order, cancelled ones too.
        order: read from the cart just now, None if the cart does not know it.
        payments: what the shop's payment methods mean.
    """
    if order is None or not isinstance(order.status, ShopServeStatus):
        return NotYet("ShopServe does not know the order")
    status = order.status
    if status.folder is Folder.COMPLETED:
        return InFolder()
    early = judge_parts(parts) or _elsewhere(status)
    if early is not None:
        return early
    means = payments.class_of(order)
    if means is None:
        return NotYet(payments.unknown(order), needs_person=True)
    return _judge_settlement(means, status.settlement)


def _elsewhere(status: ShopServeStatus) -> NotYet | None:
    if status.cancelled or status.folder is not Folder.LEDGER:
        return NotYet(f"the order is not in the ledger (受注台帳) but in {status.folder}")
    if status.cancelled is None:  # a flag left out may have been a Yes
        return NotYet("ShopServe does not tell whether the order is cancelled")
    return None


def _judge_settlement(means: PaymentClass, settlement: Settlement) -> Verdict:
    # The goods left, and their money will not come by itself.
    failed = settlement in SETTLEMENT_FAILED
    if means is PaymentClass.CARD and settlement not in COLLECTING:
        return NotYet(f"card: settlement is {settlement}, not yet 回収予定 or 回収済", failed)
    if means not in _REQUESTED_FIRST or settlement is Settlement.REQUESTED:
        return Complete()
    if settlement in COLLECTING:
        return Complete(f"deferred: settlement is past 決済依頼済: {_JAPANESE[settlement]}")
    return NotYet(f"deferred: settlement is {settlement}, not yet 決済依頼済", failed)
