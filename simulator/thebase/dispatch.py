"""edit_status of BASE: line by line dispatch, cancellation, deferred payment."""

import re

from simulator import effects
from simulator.messages import Answer, Call, Document
from simulator.thebase import wire
from simulator.thebase.amounts import total_of
from simulator.thebase.answers import ApiError, ok, read_form, read_id
from simulator.thebase.shop import BaseShop
from simulator.thebase.wire import Atobarai, Dispatch, Line
from simulator.world import World

_TRACKING = re.compile(r"[0-9A-Za-z]+")
_CHANGES = frozenset({Line.DISPATCHED, Line.CANCELLED})


def edit_status(world: World, shop: BaseShop, call: Call, _argument: str) -> Answer:
    """Answer POST /1/orders/edit_status."""
    form = read_form(call)
    status, atobarai = form.get("status", ""), form.get("atobarai_status", "")
    if not form.get("order_item_id") or not (status or atobarai):
        raise ApiError("no_params")
    line_id = read_id(form["order_item_id"], "bad_params")
    _check_parcel(form)
    order = shop.orders.get(shop.lines.get(line_id, ""))
    if order is None:
        raise ApiError("no_order")
    document = order.document
    line = next(each for each in document["order_items"] if each["order_item_id"] == line_id)
    details = {"order": order.key, "payment": document["payment"]}
    key = order.key if atobarai else str(line_id)
    again = order.overlooked(key, call.at, world.settings.repeat_blind_s)
    if atobarai:
        _ship_atobarai(document, form, call.at, again=again)
        kind = effects.ATOBARAI_SHIPPING
    else:
        kind = _change_line(document, line, status, call.at, again=again)
    order.done_at[key] = call.at
    _write_parcel(document, form)
    parcel = {name: document[name] for name in ("delivery_company_id", "tracking_number")}
    world.note(shop, kind, key, call.at, **details, **parcel)
    return ok({"order": document})


def _check_parcel(form: dict[str, str]) -> None:
    """Refuse a tracking number, company or comment of the wrong form."""
    tracking = form.get("tracking_number", "")
    if tracking and not _TRACKING.fullmatch(tracking):
        raise ApiError("bad_params")
    company = form.get("delivery_company_id", "")
    if company and read_id(company, "bad_params") not in wire.DELIVERY_COMPANIES:
        raise ApiError("bad_params")
    if len(form.get("add_comment", "")) > wire.MAX_COMMENT_CHARACTERS:
        raise ApiError("bad_params")


def _write_parcel(document: Document, form: dict[str, str]) -> None:
    """Keep company, number and comment; the last write wins."""
    if form.get("delivery_company_id"):
        document["delivery_company_id"] = int(form["delivery_company_id"])
    for name in ("tracking_number", "add_comment"):
        if form.get(name):
            document[name] = form[name]


def _ship_atobarai(document: Document, form: dict[str, str], at: float, *, again: bool) -> None:
    """Move a deferred payment order to `shipping`; any of its lines stands for the order.

    Args:
        document: the order.
        form: what was sent.
        at: when, Unix seconds.
        again: it was done before, which the cart overlooks.
    """
    if not form.get("delivery_company_id") or not form.get("tracking_number"):
        raise ApiError("no_params")
    if form["atobarai_status"] != Atobarai.SHIPPING or form.get("status"):
        raise ApiError("bad_params")
    transaction = document[wire.TRANSACTIONS["atobarai"]]
    workable = document["dispatch_status"] == Dispatch.ORDERED
    open_still = workable and transaction["status"] == Atobarai.ORDERED
    if not open_still and not again:
        raise ApiError("not_change_status_atobarai")
    transaction["status"] = Atobarai.SHIPPING
    document["dispatch_status"] = Dispatch.SHIPPING
    document["modified"] = int(at)


def _change_line(document: Document, line: Document, status: str, at: float, *, again: bool) -> str:
    """Dispatch or cancel one line and return the kind of the effect.

    Args:
        document: the order.
        line: one of its lines.
        status: what it is to be.
        at: when, Unix seconds.
        again: it was done before, which the cart overlooks where it was a dispatch.
    """
    if status not in _CHANGES:
        raise ApiError("bad_params")
    payment = document["payment"]
    if status == Line.CANCELLED:
        if payment != "cod":
            raise ApiError(wire.CANCEL_REFUSALS.get(payment, "not_change_status"))
    elif payment == "atobarai":
        raise ApiError("not_change_status_atobarai")
    elif payment in wire.PREPAID and not is_paid(document):
        raise ApiError(f"not_change_status_{payment}")
    repeated = again and status == line["status"] == Line.DISPATCHED
    open_still = document["dispatch_status"] == Dispatch.ORDERED and line["status"] == Line.ORDERED
    if not open_still and not repeated:
        raise ApiError("not_change_status")
    if status == Line.CANCELLED:
        cancel_line(document, line, at)
        return effects.LINE_CANCELLED
    dispatch_line(document, line, at)
    return effects.LINE_DISPATCHED


def is_paid(document: Document) -> bool:
    """Tell whether the transaction of a prepaid method says paid."""
    return bool(document[wire.TRANSACTIONS[document["payment"]]]["status"] == "paid")


def dispatch_line(document: Document, line: Document, at: float) -> None:
    """Mark one line dispatched, and the order when no line is left to dispatch."""
    line["status"] = Line.DISPATCHED
    line["modified"] = document["modified"] = int(at)
    _close_when_done(document, at)


def cancel_line(document: Document, line: Document, at: float) -> None:
    """Cancel one line; the total follows, and the order when no line is left."""
    line["status"] = Line.CANCELLED
    line["modified"] = document["modified"] = int(at)
    document["total"] = total_of(document)
    _close_when_done(document, at)


def _close_when_done(document: Document, at: float) -> None:
    statuses = {each["status"] for each in document["order_items"]}
    if Line.ORDERED in statuses:
        return
    document["terminated"] = True
    if Line.DISPATCHED in statuses:
        document["dispatch_status"] = Dispatch.DISPATCHED
        document["dispatched"] = int(at)
        _capture(document)
    else:
        document["dispatch_status"] = Dispatch.CANCELLED
        document["cancelled"] = int(at)


def _capture(document: Document) -> None:
    """Turn an authorisation into a payment, as BASE does when the goods leave."""
    name = wire.TRANSACTIONS.get(document["payment"])
    if name is not None and document[name]["status"] in ("creditable", "authorized"):
        document[name]["status"] = "captured"
