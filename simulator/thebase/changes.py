"""What buyers, BASE itself and the shop's own staff do to a BASE order."""

from collections.abc import Callable

from simulator.messages import Document
from simulator.thebase import wire
from simulator.thebase.dispatch import cancel_line, dispatch_line
from simulator.thebase.wire import Atobarai, Dispatch, Line

Change = Callable[[Document, Document, float], None]


def _pay(document: Document, _request: Document, at: float) -> None:
    """The money came in: unpaid becomes ordered."""
    _set_transaction(document, "paid")
    document["dispatch_status"] = Dispatch.ORDERED
    document["modified"] = int(at)


def _pay_short(document: Document, _request: Document, at: float) -> None:
    """Too little money came in by bank transfer."""
    _set_transaction(document, "shortage")
    document["modified"] = int(at)


def _cancel(document: Document, _request: Document, at: float) -> None:
    """The whole order is cancelled in the admin screen or by BASE."""
    _set_transaction(document, "cancelled")
    for line in _lines(document, {}):
        if line["status"] == Line.ORDERED:
            cancel_line(document, line, at)
    document["dispatch_status"] = Dispatch.CANCELLED
    document["cancelled"] = int(at)
    document["terminated"] = True


def _cancel_line(document: Document, request: Document, at: float) -> None:
    """One line (`order_item_id`, else the last one) is cancelled in the admin screen."""
    cancel_line(document, _lines(document, request)[-1], at)


def _dispatch(document: Document, request: Document, at: float) -> None:
    """The staff dispatches one line (`order_item_id`) or all of them in the admin screen."""
    for line in _lines(document, request):
        if line["status"] == Line.ORDERED:
            dispatch_line(document, line, at)


def _make_workable(document: Document, _request: Document, at: float) -> None:
    """An unshippable order becomes workable."""
    document["dispatch_status"] = Dispatch.ORDERED
    document["modified"] = int(at)


def _arrive(document: Document, _request: Document, at: float) -> None:
    """A deferred payment order arrived at the buyer."""
    _set_transaction(document, Atobarai.ARRIVED)
    for line in _lines(document, {}):
        if line["status"] == Line.ORDERED:
            dispatch_line(document, line, at)


def _set_transaction(document: Document, status: str) -> None:
    name = wire.TRANSACTIONS.get(document["payment"])
    if name is not None and document[name]["status"] is not None:
        document[name]["status"] = status


def _lines(document: Document, request: Document) -> list[Document]:
    """Return the line a request names, else all lines."""
    wanted = request.get("order_item_id")
    lines: list[Document] = document["order_items"]
    return [line for line in lines if wanted in (None, line["order_item_id"])]


CHANGES: dict[str, Change] = {
    "pay": _pay,
    "pay_short": _pay_short,
    "cancel": _cancel,
    "cancel_line": _cancel_line,
    "dispatch": _dispatch,
    "make_workable": _make_workable,
    "arrive": _arrive,
}
