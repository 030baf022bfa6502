"""Which orders become shipping instructions (IMP-5), and what becomes of the others.

Each is listed with its reason (IMP-8); some are looked at again later (IMP-12).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from domain.engine.runs import RunMode
from domain.errors import Undecodable
from domain.orders.cart_order import (
    BaseStatus,
    CartOrder,
    Dispatch,
    Folder,
    LineState,
    OrderSummary,
    ShopServeStatus,
)


@dataclass(frozen=True, slots=True)
class Take:
    """The order is imported."""


@dataclass(frozen=True, slots=True)
class Skip:
    """The order is listed in the run and not imported (IMP-8).

    Attributes:
        remember: look at the order again by its key until it changes.
        needs_person: nothing but a person's decision changes that.
    """

    reason: str
    remember: bool = False
    needs_person: bool = False


Verdict = Take | Skip

_UNIMPORTABLE: Mapping[Dispatch, Skip] = MappingProxyType(
    {
        Dispatch.UNSHIPPABLE: Skip("not workable yet (対応開始前)", remember=True),
        Dispatch.SHIPPING: Skip("on its way already (配送中)"),
        Dispatch.DISPATCHED: Skip("dispatched already (対応済)"),
        Dispatch.CANCELLED: Skip("cancelled in the cart (キャンセル)"),
        Dispatch.UNKNOWN: Skip("its dispatch status is a word we do not know", remember=True),
    }
)
_PARTLY_CANCELLED = Skip(
    "some of its lines are cancelled in the cart (一部キャンセル, 対応中): ship it by hand, or"
    " import such orders without those lines: renkei shop set SHOP import_partly_cancelled=on",
    remember=True,
    needs_person=True,
)
_OTHER_FOLDERS: Mapping[Folder, Skip] = MappingProxyType(
    {
        Folder.COMPLETED: Skip("completed in the cart (取引完了フォルダ)"),
        Folder.CANCELED: Skip("cancelled in the cart (受注キャンセルフォルダ)"),
        Folder.TRASH: Skip("thrown away in the cart (ごみ箱)"),
    }
)


def judge_whole(order: CartOrder, *, import_partly_cancelled: bool = False) -> Verdict:
    """Judge a whole order (IMP-5).

    A literal we do not know is never guessed at: the order is left out and looked at again.

    Args: import_partly_cancelled: the shop's setting.

    Raises:
        Undecodable: the order would be taken, but lacks lines or pieces. Half an order is worse
            than none, and what has no lines at all is not an order whose lines are cancelled.
    """
    if isinstance(order.status, BaseStatus):
        verdict = _judge_base(order, order.status)
        partly = any(line.state is LineState.CANCELLED for line in order.lines)
        if isinstance(verdict, Take) and partly and not import_partly_cancelled:
            return _PARTLY_CANCELLED
        return verdict
    return _judge_shopserve(order, order.status)


def judge_summary(summary: OrderSummary) -> Verdict:
    """Judge a row of BASE's list; `Take` means it is worth reading whole (IMP-5)."""
    return _UNIMPORTABLE.get(summary.dispatch, Take())


def _judge_shopserve(order: CartOrder, status: ShopServeStatus) -> Verdict:
    if status.test:
        return Skip("a test order (テスト注文)")
    if status.cancelled:
        return Skip("cancelled in the cart (キャンセル)")
    if status.folder in _OTHER_FOLDERS:
        return _OTHER_FOLDERS[status.folder]
    if status.confirmed:
        return Skip("confirmed already (確認済)")
    unknown = status.folder is Folder.UNKNOWN or None in {
        status.confirmed,
        status.cancelled,
        status.test,
    }
    return _judge_rest(order, status.unknown_literals, unknown=unknown)


def _judge_base(order: CartOrder, status: BaseStatus) -> Verdict:
    if status.dispatch in _UNIMPORTABLE and status.dispatch is not Dispatch.UNKNOWN:
        return _UNIMPORTABLE[status.dispatch]
    if any(line.state is LineState.DISPATCHED for line in order.lines):
        return Skip("some of its lines are dispatched already (対応中)")
    unknown = status.dispatch is Dispatch.UNKNOWN or any(
        line.state is LineState.UNKNOWN for line in order.lines
    )
    return _judge_rest(order, status.unknown_literals, unknown=unknown)


def _judge_rest(order: CartOrder, literals: tuple[str, ...], *, unknown: bool) -> Verdict:
    if unknown:
        named = ", ".join(literals) or "a status"
        return Skip(f"the cart uses a word we do not know: {named}", remember=True)
    _refuse_half(order)
    if all(line.state is LineState.CANCELLED for line in order.lines):
        return Skip("no line of it is left (全明細キャンセル)")
    return Take()


def _refuse_half(order: CartOrder) -> None:
    if not order.lines:
        raise Undecodable(f"order {order.number}: the cart told no lines")
    bare = {place.number for place in order.destinations} - {
        line.destination for line in order.lines
    }
    if bare:
        named = ", ".join(str(number) for number in sorted(bare))
        raise Undecodable(f"order {order.number}: no lines for destination {named}")
    for line in order.lines:
        if line.quantity < 1 and line.state is not LineState.CANCELLED:
            raise Undecodable(f"order {order.number}: line {line.key} has no pieces")


# IMP-12: a scheduled run looks at an order that breaks a rule at most once an hour.
BROKEN_ORDER_PAUSE = timedelta(hours=1)
# Ours: orders the shop cannot ship yet (IMP-5) change slowly, and each look is one call.
WAITING_ORDER_PAUSE = timedelta(minutes=10)


class TaskState(StrEnum):
    """listed → converted, or waiting/failed until a later look succeeds, or skipped."""

    LISTED = "listed"
    CONVERTED = "converted"
    WAITING = "waiting"
    FAILED = "failed"
    SKIPPED = "skipped"


def next_look(state: TaskState, *, permanent: bool, at: datetime) -> datetime | None:
    """Return when a scheduled run may look at an unfinished task again; None = at once.

    Args: permanent: the failure was a broken rule, not an outage (IMP-12).
    """
    if state is TaskState.WAITING:
        return at + WAITING_ORDER_PAUSE
    if state is TaskState.FAILED and permanent:
        return at + BROKEN_ORDER_PAUSE
    return None


def may_look(retry_after: datetime | None, mode: RunMode, now: datetime) -> bool:
    """Tell whether a run may look at an unfinished task: a scheduled one leaves it its pause.

    Args: retry_after: what `next_look` said (IMP-12).
    """
    return mode is not RunMode.SCHEDULED or retry_after is None or retry_after <= now
