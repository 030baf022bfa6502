"""Telling BASE that lines left (出荷実績戻し; RET-3, RET-4, RET-5).

One call per line, or one for the whole order when its payment is deferred (後払い).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.errors import BrokenRule
from domain.orders.cancellations import is_cancelled
from domain.orders.cart_order import BaseStatus, CartOrder, Dispatch, LineState

_DEFERRED_DONE = frozenset({"shipping", "arrived"})
_ON_ITS_WAY = frozenset({Dispatch.SHIPPING, Dispatch.DISPATCHED})


@dataclass(frozen=True, slots=True)
class DispatchLine:
    """BASE: set one line dispatched (RET-3)."""

    line: str


@dataclass(frozen=True, slots=True)
class ShipDeferred:
    """BASE: the one call of a deferred order, made on any of its lines (RET-3)."""

    line: str


@dataclass(frozen=True, slots=True)
class LineToReturn:
    """A line of the instruction; `key` is its 明細独自1, blank if missing."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class BasePlan:
    """What to send for one BASE instruction.

    Attributes:
        steps: calls to make, one by one; a failed one does not stop the others.
        done: lines that need no call any more.
        notes: worth a log line, but no obstacle.
        problems: lines that can never be returned (RET-4).
        unclear: lines one answer does not tell enough about; they are tried again.
    """

    steps: tuple[DispatchLine | ShipDeferred, ...]
    done: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()


def plan_base(
    order: CartOrder, lines: Sequence[LineToReturn], *, deferred: bool, overruled: bool = False
) -> BasePlan:
    """Return what to send for one BASE instruction (RET-3, RET-4, RET-5).

    Args:
        deferred: 注文独自1 is atobarai.
        overruled: a person ships it although it is cancelled in BASE (STS-10): there is nothing to
            tell BASE of what is cancelled there.

    Raises: BrokenRule: the order, or every line of the instruction, is cancelled in BASE.
    """
    if is_cancelled(order) and not overruled:
        raise BrokenRule(f"order {order.number} is cancelled in BASE, but was shipped here")
    if deferred and not is_cancelled(order):
        return _plan_deferred(order, lines)
    steps: list[DispatchLine] = []
    done: list[str] = []
    notes: list[str] = []
    problems: list[str] = []
    unclear: list[str] = []
    states = {line.key: line.state for line in order.lines}
    for line in lines:
        state = states.get(line.key) if line.key.strip() else None
        if state is LineState.OPEN:
            steps.append(DispatchLine(line.key))
        elif state is LineState.DISPATCHED:
            done.append(line.key)
        elif state is LineState.CANCELLED:
            notes.append(f"line {line.key} ({line.name}) is cancelled in BASE: nothing to return")
        else:
            (unclear if line.key.strip() else problems).append(_unreturnable(line, state))
    if notes and not (steps or done or problems or unclear or overruled):
        raise BrokenRule(f"order {order.number}: all its lines are cancelled in BASE: {notes[0]}")
    return BasePlan(tuple(steps), tuple(done), tuple(notes), tuple(problems), tuple(unclear))


def _unreturnable(line: LineToReturn, state: LineState | None) -> str:
    if not line.key.strip():
        return f"line {line.name} has no BASE line id (明細独自1): set it dispatched in BASE"
    if state is None:
        return f"line {line.key} ({line.name}) is not in the BASE order any more"
    return f"line {line.key} ({line.name}) has a status we do not know: look at it in BASE"


def _plan_deferred(order: CartOrder, lines: Sequence[LineToReturn]) -> BasePlan:
    keys = tuple(line.key for line in lines if line.key.strip())
    if deferred_happened(order):
        return BasePlan((), keys)
    if not keys:
        return BasePlan((), problems=tuple(_unreturnable(line, None) for line in lines))
    still_open = {line.key for line in order.lines if line.state is LineState.OPEN}
    return BasePlan((ShipDeferred(next((key for key in keys if key in still_open), keys[0])),))


def deferred_happened(order: CartOrder) -> bool:
    """Tell from a fresh read whether a deferred order's one call was made (RET-5)."""
    status = order.status
    return isinstance(status, BaseStatus) and (
        status.deferred in _DEFERRED_DONE or status.dispatch in _ON_ITS_WAY
    )


def dispatch_happened(order: CartOrder, line: str) -> bool:
    """Tell from a fresh read whether a line's dispatch happened (RET-5)."""
    return any(each.key == line and each.state is LineState.DISPATCHED for each in order.lines)
