"""What people say about payment methods (PAY-1): the table, and the orders it decides anew.

store what was said -> lock the orders paid that way -> decide IMP-17 anew from their stored answers
-> write, alarm, audit; all in the caller's transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from adapters.postgres.engine.api_log import LogLine, WholeShop, log
from adapters.postgres.orders import paid_parts, payment_classes
from adapters.postgres.orders.paid_parts import PayingPart
from adapters.postgres.views.shops import ShopRef
from adapters.shopserve.wire.details import order as shopserve_order
from adapters.shopserve.wire.payments import LISTED, ListedMethod, listed
from domain.actions import ACTIONS, Action
from domain.carts.cart import Cart
from domain.errors import BrokenRule, Undecodable
from domain.orders.cart_order import PaymentClass
from domain.orders.instructions import ApiStatus
from domain.orders.payment_methods import SETTABLE, PaymentTable, plain
from domain.orders.payments import PaymentStanding, first_payment
from workers.services.actors import Actor

Method = tuple[str, str]
"""Code and name of a payment method, as an order tells them."""


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """One row of a shop's table.

    Attributes:
        method: the code, or what a person wrote.
        names: what it is called.
        means: None for a method that orders are paid by and nobody knows.
        said_by: `list` for the built-in one, `person`, or `nobody`.
        waiting: numbers of the orders that wait for it.
    """

    method: str
    names: Sequence[str]
    means: PaymentClass | None
    said_by: str
    waiting: Sequence[str] = ()


@dataclass(slots=True)
class PaymentSetting:
    """What came of saying what a method means.

    Attributes:
        decided: orders decided anew, with their standing afterwards.
        returned: orders returned and not completed, which are judged by the new class from now on.
        to_settle: of them, those now paid by card: a person requests their settlement.
        undecided: orders whose stored answer is gone or unreadable; on hold until sync_status reads
            them.
        warnings: what a person may not have meant.
    """

    decided: list[tuple[PayingPart, PaymentStanding]] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    to_settle: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def payment_rows(connection: Connection, shop: ShopRef) -> list[PaymentRow]:
    """Return what a shop's methods mean, what people said first, and what waits for an answer.

    Raises: BrokenRule for a BASE shop.
    """
    _only_shopserve(shop)
    table = payment_classes.payment_table(connection, shop.id)
    own = payment_classes.own_classes(connection, shop.id)
    unknown = [
        each
        for each in paid_parts.methods_in_use(connection, shop.id)
        if _meaning(table, each) is None
    ]
    waiting: dict[Method, list[str]] = {}
    for part in paid_parts.paid_by(connection, shop.id, unknown):
        waiting.setdefault((part.payment_method, part.payment_name), []).append(part.number)
    return [
        *(
            PaymentRow(code or name, [name] if name else [], None, "nobody", numbers)
            for (code, name), numbers in waiting.items()
        ),
        *(PaymentRow(method, [], means, "person") for method, means in own),
        *(_as_it_counts(table, one) for one in LISTED),
    ]


def _as_it_counts(table: PaymentTable, one: ListedMethod) -> PaymentRow:
    """Return what a listed method means in this shop, where a person may have said otherwise."""
    told = (one.code, *one.names)
    by = "person" if any(plain(each) in table.own for each in told) else "list"
    return PaymentRow(one.code, one.names, table.meaning(told, frozenset({one.means})), by)


def set_payment(
    connection: Connection, actor: Actor, shop: ShopRef, method: str, means: PaymentClass
) -> PaymentSetting:
    """Say what a payment method of a shop means, and decide what waits for it anew (PAY-1).

    Nothing is sent: what was returned before is settled by a person, never by itself.

    Raises: BrokenRule: a BASE shop, a blank method, a class that only the list gives.
    """
    _only_shopserve(shop)
    if not plain(method) or means not in SETTABLE:
        raise BrokenRule(f"name a method, and what it is: {', '.join(SETTABLE)}")
    before = payment_classes.payment_table(connection, shop.id)
    payment_classes.set_payment_class(connection, shop.id, method, means)
    after = payment_classes.payment_table(connection, shop.id)
    meant = [
        each
        for each in paid_parts.methods_in_use(connection, shop.id)
        if plain(method) in {plain(each[0]), plain(each[1])}
    ]
    parts = paid_parts.paid_by(connection, shop.id, meant, lock=True)
    changed = {each for each in meant if _meaning(before, each) != _meaning(after, each)}
    setting = _sorted(connection, shop, after, parts, changed)
    setting.warnings = _doubts(shop, method, means, used=bool(meant))
    for part, standing in setting.decided:
        paid_parts.write_decision(connection, part.id, standing)
    category = ACTIONS[Action.RETURN_SHIPMENTS].category
    log(connection, WholeShop(shop.id), category, *map(_to_settle, setting.to_settle))
    actor.did(
        connection,
        "payment.set",
        shop.key,
        method=method,
        means=means.value,
        decided=[part.number for part, _ in setting.decided],
        returned=setting.returned,
    )
    return setting


def _sorted(
    connection: Connection,
    shop: ShopRef,
    table: PaymentTable,
    parts: Sequence[PayingPart],
    changed: set[Method],
) -> PaymentSetting:
    """Sort the orders paid by a method whose meaning was said just now."""
    setting = PaymentSetting()
    raws = paid_parts.raw_answers(connection, shop.id, sorted({part.key for part in parts}))
    for part in parts:
        told = (part.payment_method, part.payment_name)
        if part.api_status is ApiStatus.TRACKING_RETURNED:
            if told in changed:
                setting.returned.append(part.number)
                if _meaning(table, told) is PaymentClass.CARD:
                    setting.to_settle.append(part.number)
        elif told in changed or part.standing.waits:
            _decide(setting, table, part, raws)
    return setting


def _decide(
    setting: PaymentSetting,
    table: PaymentTable,
    part: PayingPart,
    raws: Mapping[str, dict[str, object]],
) -> None:
    try:
        order = shopserve_order(raws[part.key])
    except (KeyError, Undecodable):
        if part.standing.waits:
            setting.undecided.append(part.number)
        return
    standing = part.standing.decided(first_payment(order, table))
    if standing != part.standing:
        setting.decided.append((part, standing))


def _doubts(shop: ShopRef, method: str, means: PaymentClass, *, used: bool) -> list[str]:
    """Return what a person should hear who mistyped a method, or overrules the built-in list."""
    by_list = listed(method)
    if not by_list and not used:
        look = f"renkei payment list --shop {shop.key}"
        return [f"no order of {shop.key} under way is paid by {method}: `{look}` names what waits"]
    if not by_list - {means}:
        return []
    unsettled = PaymentClass.CARD in by_list and means is not PaymentClass.CARD
    then = ": no settlement is requested for it any more" if unsettled else ""
    was = ", ".join(sorted(by_list))
    return [f"the built-in list says {method} is {was}; in {shop.key} it is {means} now{then}"]


def _meaning(table: PaymentTable, told: Method) -> PaymentClass | None:
    return table.meaning(told, listed(*told))


def _to_settle(number: str) -> LogLine:
    text = (
        f"order {number}: returned already, and its payment method is card now: request its"
        " settlement (決済依頼) in ShopServe; none is requested from here"
    )
    return LogLine(text, "error", needs_person=True)


def _only_shopserve(shop: ShopRef) -> None:
    if shop.cart is not Cart.SHOPSERVE:
        raise BrokenRule(
            f"{shop.key} is a BASE shop: BASE itself tells what is paid, it has no such table"
        )
