"""One whole order as ShopServe writes it."""

from typing import Annotated

from adapters.http.reading import (
    Array,
    Date,
    Key,
    Later,
    Needed,
    OrEmpty,
    Rows,
    Text,
    TextOrNull,
    Told,
    Whole,
    WholeOrZero,
    day,
    named,
    read,
    spelt_out,
    sure,
    whole,
    whole_or_none,
)
from adapters.shopserve.wire.literals import (
    CONFIRMED,
    FLAGS,
    FOLDERS,
    NO,
    PAID,
    SHIPPED,
    Literals,
)
from adapters.shopserve.wire.payments import listed
from domain.carts.cart import Cart
from domain.errors import Undecodable
from domain.orders.cart_order import (
    CartLine,
    CartOrder,
    Charges,
    Contact,
    Destination,
    Folder,
    ShopServeStatus,
    Wishes,
)

_TAX_RATES = (8, 10)
_MOST_PIECES = 10**6
_GONE = frozenset({Folder.CANCELED, Folder.TRASH})
_UNWANTED = frozenset({"", NO, "None", "なし", "無し"})


class _ItemOption(Told):
    name: Text
    value: Text


class _DeliveryItem(Told):
    quantity: Annotated[int, whole(0, _MOST_PIECES)]
    unit_price: Annotated[int, whole(low=0)]
    tax_rate: Whole
    variation: Needed[Array[TextOrNull]]
    item_code: Text
    item_name: Text
    amount: Annotated[int | None, whole_or_none(low=0)]
    options: Rows[_ItemOption]


class _ShopServePerson(Told):
    name: Text
    postal_code: Text
    prefecture: Text
    town_and_number: Text
    building: Text
    tel: Text
    mail_address: Text


class _Delivery(_ShopServePerson):
    delivery_no: Annotated[int, whole(1, 10_000)]
    carrier_name: Text
    carrier_code: Later[Text]
    tracking_numbers: Array[Text]
    shipping_status: object
    desired_delivery_date: Later[Text]
    desired_delivery_time: Later[Text]
    noshi: object
    wrapping: object
    message_card: object
    items: Rows[_DeliveryItem]


class _Basic(Told):
    order_number: Key
    order_date: Date
    folder: object
    confirm_status: object
    shipping_status: object
    payment_status: object
    settlement_status: object
    cancel: object
    test_order: object
    total_amount: Whole


class _Payment(Told):
    method_code: Text
    method_name: Text
    shipping_charge: WholeOrZero
    fee: WholeOrZero
    discount: WholeOrZero
    coupon_discount: WholeOrZero
    point_used: WholeOrZero


class _Memo(Told):
    customer_note: Text


class _ShopServeOrder(Told):
    serial_code: Key
    basic: OrEmpty[_Basic]
    payment: OrEmpty[_Payment]
    orderer: OrEmpty[_ShopServePerson]
    deliveries: Rows[_Delivery]
    memo: OrEmpty[_Memo]


def order(raw: dict[str, object]) -> CartOrder:
    """Read one whole order.

    Raises: Undecodable: among others when a destination or its lines are not there, for half an
        order would be shipped. Of a cancelled one nothing is shipped, so that may lack them.
    """
    told = read(_ShopServeOrder, raw)
    literals = Literals()
    destinations = tuple(
        _destination(place, f"deliveries[{at}]", literals, remarks=told.memo.customer_note)
        for at, place in enumerate(told.deliveries)
    )
    status = _status(told.basic, literals)
    _check(told, gone=bool(status.cancelled) or status.folder in _GONE)
    return CartOrder(
        cart=Cart.SHOPSERVE,
        key=told.serial_code,
        number=told.basic.order_number,
        ordered_at=told.basic.order_date,
        status=status,
        payment_method=told.payment.method_code or told.payment.method_name,
        payment_name=told.payment.method_name,
        buyer=_contact(told.orderer),
        destinations=destinations,
        lines=tuple(
            _line(item, f"deliveries[{at}].items[{row}]", f"{place.delivery_no}-{row + 1}", place)
            for at, place in enumerate(told.deliveries)
            for row, item in enumerate(place.items)
        ),
        charges=_charges(told),
        payment_listed=listed(told.payment.method_code, told.payment.method_name),
    )


def _check(told: _ShopServeOrder, *, gone: bool) -> None:
    """Refuse half an order, and numbers that repeat, because they address the update."""
    numbers = [place.delivery_no for place in told.deliveries]
    for at, place in enumerate(told.deliveries):
        if place.delivery_no in numbers[:at]:
            raise Undecodable(f"deliveries[{at}].delivery_no: not a number of its own")
        if not (place.items or gone):
            raise Undecodable(f"deliveries[{at}].items: not there")
    if not (told.deliveries or gone):
        raise Undecodable("deliveries: not there")


def _status(basic: _Basic, literals: Literals) -> ShopServeStatus:
    folder = literals.meaning(basic.folder, FOLDERS, "basic.folder")
    confirmed = literals.meaning(basic.confirm_status, CONFIRMED, "basic.confirm_status")
    shipped = literals.meaning(basic.shipping_status, SHIPPED, "basic.shipping_status")
    paid = literals.meaning(basic.payment_status, PAID, "basic.payment_status")
    settlement = literals.settlement(basic.settlement_status, "basic.settlement_status")
    # A flag left out may have been a Yes.
    cancelled = literals.meaning(basic.cancel, FLAGS, "basic.cancel")
    test = literals.meaning(basic.test_order, FLAGS, "basic.test_order")
    return ShopServeStatus(
        folder=folder or Folder.UNKNOWN,
        confirmed=confirmed,
        shipped=shipped,
        paid=paid,
        settlement=settlement,
        cancelled=cancelled,
        test=test,
        unknown_literals=tuple(literals.unknown),
    )


def _destination(place: _Delivery, path: str, literals: Literals, *, remarks: str) -> Destination:
    shipped = literals.meaning(place.shipping_status, SHIPPED, f"{path}.shipping_status")
    return Destination(
        number=place.delivery_no,
        recipient=_contact(place),
        carrier=place.carrier_name or sure(place.carrier_code, f"{path}.carrier_code"),
        tracking_numbers=tuple(number for number in place.tracking_numbers if number),
        shipped=shipped is True,
        wishes=Wishes(
            date=day(sure(place.desired_delivery_date, f"{path}.desired_delivery_date")),
            time=sure(place.desired_delivery_time, f"{path}.desired_delivery_time"),
            remarks=remarks,
            gift=_gift(place),
        ),
    )


def _gift(place: _Delivery) -> str:
    """Return what is wanted of のし, wrapping and message card: text, a flag or an object."""
    told = {
        "のし": place.noshi,
        "ラッピング": place.wrapping,
        "メッセージカード": place.message_card,
    }
    wanted = {name: spelt_out(value) for name, value in told.items()}
    return " / ".join(named(name, text) for name, text in wanted.items() if text not in _UNWANTED)


def _contact(person: _ShopServePerson) -> Contact:
    street = person.prefecture + person.town_and_number
    return Contact(
        name=person.name,
        postal_code=person.postal_code,
        address=f"{street} {person.building}".strip(),
        tel=person.tel,
        email=person.mail_address,
    )


def _line(item: _DeliveryItem, path: str, key: str, place: _Delivery) -> CartLine:
    if item.tax_rate not in _TAX_RATES:
        raise Undecodable(f"{path}.tax_rate: not 8 or 10")
    choices = _choices(item.variation, f"{path}.variation")
    return CartLine(
        key=key,
        destination=place.delivery_no,
        item_code=item.item_code,
        name=item.item_name,
        quantity=item.quantity,
        unit_price_yen=item.unit_price,
        options_yen=0,
        total_yen=item.unit_price * item.quantity if item.amount is None else item.amount,
        tax_rate=item.tax_rate,
        item=(item.item_code, *choices),
        has_variation=bool(choices),
        choices=choices,
        options=tuple(named(option.name, option.value) for option in item.options),
    )


def _choices(told: list[str | None], path: str) -> tuple[str, ...]:
    """Return the choice names; an item without choices has an empty list.

    A name or the list itself that went missing would make the line another SKU (IMP-18). Only
    blank names at the end say nothing: an item has up to three axes.
    """
    names = [*told]
    while names and names[-1] == "":
        names.pop()
    choices = tuple(name for name in names if name)
    if len(choices) < len(names) or (told and not choices):
        raise Undecodable(f"{path}: not choices with a name")
    return choices


def _charges(told: _ShopServeOrder) -> Charges:
    payment = told.payment
    return Charges(
        shipping_yen=payment.shipping_charge,
        fee_yen=payment.fee,
        discount_yen=payment.discount + payment.coupon_discount,
        points_yen=payment.point_used,
        adjustment_yen=0,
        total_yen=told.basic.total_amount,
    )
