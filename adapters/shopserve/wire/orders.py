"""Orders as ShopServe writes them."""

from collections.abc import Sequence

from adapters.http.calls import segment
from adapters.http.reading import Field
from adapters.shopserve.wire.literals import (
    CONFIRMED,
    NO,
    PAID,
    SHIPPED,
    Unknowns,
    in_words,
    moment,
)
from domain.carts.cart import Cart
from domain.carts.ports import Parcel
from domain.engine.runs import Window
from domain.orders.cart_order import (
    CartLine,
    CartOrder,
    Charges,
    Contact,
    Destination,
    Folder,
    ShopServeStatus,
)

# The groups are joined with a semicolon that must reach the cart as it is.
GROUPS = "basic;payment;orderer;deliveries;memo"
RETRIEVE = f"/orders/_retrieve/{GROUPS}"
PAGE_ROWS = 100
MOST_KEYS = 100
_TAX_RATES = (8, 10)
_MOST_PIECES = 10**6
_GONE = frozenset({Folder.CANCELED, Folder.TRASH})


def by_window(window: Window) -> dict[str, object]:
    """Return the search for all orders of a window, whatever their state."""
    return {"since": in_words(window.since), "until": in_words(window.until)}


def by_keys(keys: Sequence[str]) -> dict[str, object]:
    """Return the search for exactly these orders."""
    return {"serial_codes": list(keys)}


def page_of(search: dict[str, object], start: int) -> dict[str, object]:
    """Return the request for one page of a search, oldest order first."""
    sort = {"type": "OrderDate", "order": "Asc"}
    return {**search, "from": start, "size": PAGE_ROWS, "sort": sort}


def state_path(key: str) -> str:
    """Return where an order's state is changed."""
    return f"/orders/{segment(key)}/status"


def shipping_path(key: str, destination: int) -> str:
    """Return where the shipping result of one destination is written."""
    return f"/orders/{segment(key)}/deliveries/{destination}/shipping"


def settlement_path(key: str) -> str:
    """Return where settlement is requested (決済依頼)."""
    return f"/orders/{segment(key)}/settlement/_request"


def completion_path(key: str) -> str:
    """Return where an order is moved to the completed folder (取引完了フォルダ)."""
    return f"/orders/{segment(key)}/_complete"


CONFIRMATION: dict[str, object] = {"confirm_status": "Confirmed"}


def shipping_result(parcel: Parcel) -> dict[str, object]:
    """Return the shipping result; the number goes over the provisional one."""
    day = parcel.shipped_on.isoformat()
    return {
        "carrier_code": parcel.carrier,
        "tracking_numbers": [parcel.tracking_number],
        "scheduled_shipping_date": day,
        "shipped_date": day,
        "shipping_status": "Shipped",
        "send_mail": NO,
    }


def order(raw: dict[str, object]) -> CartOrder:
    """Read one whole order.

    Raises: Undecodable: among others when a destination or its lines are not there, for half an
        order would be shipped. Of a cancelled one nothing is shipped, so that may lack them.
    """
    whole = Field(raw, "")
    key = whole["serial_code"].key()
    basic, payment = whole["basic"], whole["payment"]
    unknowns = Unknowns()
    deliveries = whole["deliveries"].rows()
    numbers = _numbers(deliveries)
    destinations = tuple(
        _destination(place, number, unknowns)
        for place, number in zip(deliveries, numbers, strict=True)
    )
    status = _status(basic, unknowns)
    if not (status.cancelled or status.folder in _GONE):
        _refuse_half(whole)
    first = deliveries[0] if deliveries else Field(None, "deliveries[0]")
    name = payment["method_name"].text()
    return CartOrder(
        cart=Cart.SHOPSERVE,
        key=key,
        number=basic["order_number"].key(),
        ordered_at=moment(basic["order_date"]),
        status=status,
        payment_method=payment["method_code"].text() or name,
        payment_name=name,
        buyer=_contact(whole["orderer"]),
        destinations=destinations,
        lines=_lines(deliveries, numbers),
        charges=_charges(basic, payment),
        note=whole["memo"]["customer_note"].text(),
        wished_date=first["desired_delivery_date"].text(),
        wished_time=first["desired_delivery_time"].text(),
    )


def _refuse_half(whole: Field) -> None:
    deliveries = whole["deliveries"]
    for needed in (deliveries, *(place["items"] for place in deliveries.rows())):
        if not needed.rows():
            raise needed.wrong("there")


def _lines(deliveries: Sequence[Field], numbers: Sequence[int]) -> tuple[CartLine, ...]:
    return tuple(
        _line(item, number, at)
        for place, number in zip(deliveries, numbers, strict=True)
        for at, item in enumerate(place["items"].rows(), start=1)
    )


def _status(basic: Field, unknowns: Unknowns) -> ShopServeStatus:
    folder = unknowns.folder(basic["folder"])
    confirmed = unknowns.word(basic["confirm_status"], CONFIRMED)
    shipped = unknowns.word(basic["shipping_status"], SHIPPED)
    paid = unknowns.word(basic["payment_status"], PAID)
    settlement = unknowns.settlement(basic["settlement_status"])
    cancelled = unknowns.flag(basic["cancel"])
    test = unknowns.flag(basic["test_order"])
    return ShopServeStatus(
        folder=folder,
        confirmed=confirmed,
        shipped=shipped,
        paid=paid,
        settlement=settlement,
        cancelled=cancelled,
        test=test,
        unknown_literals=tuple(unknowns.found),
    )


def _numbers(deliveries: Sequence[Field]) -> list[int]:
    """Return each destination's number; they must differ, because they address the update."""
    numbers: list[int] = []
    for place in deliveries:
        number = place["delivery_no"].integer(low=1, high=10_000)
        if number in numbers:
            raise place["delivery_no"].wrong("a number of its own")
        numbers.append(number)
    return numbers


def _destination(place: Field, number: int, unknowns: Unknowns) -> Destination:
    tracking = (entry.text() for entry in place["tracking_numbers"].rows())
    return Destination(
        number=number,
        recipient=_contact(place),
        carrier=place["carrier_name"].text() or place["carrier_code"].text(),
        tracking_numbers=tuple(text for text in tracking if text),
        shipped=unknowns.word(place["shipping_status"], SHIPPED) is True,
    )


def _contact(person: Field) -> Contact:
    street = person["prefecture"].text() + person["town_and_number"].text()
    return Contact(
        name=person["name"].text(),
        postal_code=person["postal_code"].text(),
        address=f"{street} {person['building'].text()}".strip(),
        tel=person["tel"].text(),
        email=person["mail_address"].text(),
    )


def _line(item: Field, destination: int, position: int) -> CartLine:
    quantity = item["quantity"].integer(low=0, high=_MOST_PIECES)
    unit_price = item["unit_price"].integer(low=0)
    tax_rate = item["tax_rate"].integer()
    if tax_rate not in _TAX_RATES:
        raise item["tax_rate"].wrong("8 or 10")
    choices = _choices(item["variation"])
    return CartLine(
        key=f"{destination}-{position}",
        destination=destination,
        item_code=item["item_code"].text(),
        name=item["item_name"].text(),
        quantity=quantity,
        unit_price_yen=unit_price,
        options_yen=0,
        total_yen=item["amount"].integer_or(unit_price * quantity, low=0),
        tax_rate=tax_rate,
        has_variation=bool(choices),
        choices=choices,
    )


def _choices(place: Field) -> tuple[str, ...]:
    """Return the choice names; an item without choices has an empty list.

    A name or the list itself that went missing would make the line another SKU (IMP-18). Only
    blank names at the end say nothing: an item has up to three axes.
    """
    if place.value is None:
        raise place.wrong("there")
    told = place.rows()
    names = [choice.text() for choice in told]
    while names and not names[-1] and told[len(names) - 1].value is not None:
        names.pop()
    if "" in names or (told and not names):
        raise place.wrong("choices with a name")
    return tuple(names)


def _charges(basic: Field, payment: Field) -> Charges:
    discount = payment["discount"].integer_or(0) + payment["coupon_discount"].integer_or(0)
    return Charges(
        shipping_yen=payment["shipping_charge"].integer_or(0),
        fee_yen=payment["fee"].integer_or(0),
        discount_yen=discount,
        points_yen=payment["point_used"].integer_or(0),
        adjustment_yen=0,
        total_yen=basic["total_amount"].integer(),
    )
