"""One whole order as BASE writes it."""

from adapters.http.reading import Field
from adapters.thebase.wire.orders import dispatch_status
from domain.carts.cart import Cart
from domain.orders.cart_order import (
    BaseStatus,
    CartLine,
    CartOrder,
    Charges,
    Contact,
    Destination,
    Dispatch,
    LineState,
    ShippingCharge,
)

_LINE_STATES = {
    "ordered": LineState.OPEN,
    "orderd": LineState.OPEN,  # misspelt in older documents
    "dispatched": LineState.DISPATCHED,
    "cancelled": LineState.CANCELLED,
}
_TAX_RATES = (8, 10)
_TAX_RATE_OF_TYPE = {1: 10, 2: 8}
_MOST_PIECES = 10**6


def order(raw: dict[str, object]) -> CartOrder:
    """Read one whole order.

    Raises: Undecodable: among others when the lines are not there, which a cancelled order alone
        may lack, or the recipient, whose every field is null when it is the buyer (IMP-9).
    """
    whole = Field(raw, "")
    places = whole["order_items"]
    unknown: list[str] = []
    methods = _Methods(whole)
    lines = tuple(_line(place, methods, unknown) for place in places.rows())
    if len({line.key for line in lines}) != len(lines):
        raise places.wrong("lines with an id of their own")
    status = _status(whole, unknown)
    if not lines and status.dispatch is not Dispatch.CANCELLED:
        raise places.wrong("there")
    methods.check(lines)
    key = whole["unique_key"].key()
    return CartOrder(
        cart=Cart.BASE,
        key=key,
        number=key,
        ordered_at=whole["ordered"].moment(),
        status=status,
        payment_method=whole["payment"].key(),
        payment_name="",
        buyer=_contact(whole),
        destinations=(_destination(whole, status),),
        lines=lines,
        charges=_charges(whole, methods, lines),
        note=whole["remark"].text(),
        wished_date=whole["delivery_date"].text(),
        wished_time=whole["delivery_time_zone"].text(),
    )


def _status(whole: Field, unknown: list[str]) -> BaseStatus:
    dispatch = dispatch_status(whole["dispatch_status"])
    if dispatch is Dispatch.UNKNOWN:
        unknown.insert(0, whole["dispatch_status"].unknown())
    return BaseStatus(
        dispatch=dispatch,
        transfer_short=whole["bt_payment_transaction"]["status"].text() == "shortage",
        deferred=whole["atobarai_payment_transaction"]["status"].text(),
        unknown_literals=tuple(unknown),
    )


def _contact(person: Field) -> Contact:
    street = person["prefecture"].text() + person["address"].text()
    return Contact(
        name=f"{person['last_name'].text()} {person['first_name'].text()}".strip(),
        postal_code=person["zip_code"].text(),
        address=f"{street} {person['address2'].text()}".strip(),
        tel=person["tel"].text(),
        email=person["mail_address"].text(),
    )


def _destination(whole: Field, status: BaseStatus) -> Destination:
    tracking = whole["tracking_number"].text()
    return Destination(
        number=1,
        recipient=_contact(_there(whole["order_receiver"])),
        tracking_numbers=(tracking,) if tracking else (),
        shipped=status.dispatch is Dispatch.DISPATCHED,
    )


def _there(place: Field) -> Field:
    place.object()
    return place


class _Methods:
    """Delivery methods and the fees named for them, in the three places an order has them."""

    def __init__(self, whole: Field) -> None:
        self._order = whole["shipping_method"].text()
        self._entries = whole["shipping_lines"].rows()
        self._of_line: dict[str, Field] = {}
        for entry in self._entries:
            for line in entry["order_item_ids"].rows():
                self._of_line.setdefault(line.key(), entry)

    def of(self, line: Field) -> str:
        """Return a line's method: its entry's, else its own, else the order's, else blank."""
        entry = self._of_line.get(line["order_item_id"].key())
        named = "" if entry is None else entry["shipping_method"].text()
        return named or line["shipping_method"].text() or self._order

    def check(self, lines: tuple[CartLine, ...]) -> None:
        """Refuse entries that name a line which is not there, or no line while one needs them.

        The first is half an order: cancelled lines stay in it. In the second case lines would
        travel by the method for free shipping (IMP-11) instead of their own.
        """
        there = {line.key for line in lines}
        bare = any(
            not line.delivery_method and line.state is not LineState.CANCELLED for line in lines
        )
        for entry in self._entries:
            ids = entry["order_item_ids"]
            named = {line.key() for line in ids.rows()}
            if not named <= there or (bare and not named):
                raise ids.wrong("naming lines of the order")

    def covers(self, line: Field) -> bool:
        """Tell whether an entry names the line's fee."""
        return line["order_item_id"].key() in self._of_line

    def fees(self, lines: tuple[CartLine, ...]) -> tuple[ShippingCharge, ...]:
        """Return the fees of the entries, one for each method."""
        by_line = {line.key: line.delivery_method for line in lines}
        fees: dict[str, int] = {}
        for entry in self._entries:
            covered = (by_line.get(line.key()) for line in entry["order_item_ids"].rows())
            fallback = next((method for method in covered if method), self._order)
            method = entry["shipping_method"].text() or fallback
            fee = entry["shipping_fee"].integer_or(0)
            fees[method] = fees.get(method, 0) + fee
        return tuple(ShippingCharge(method, fee) for method, fee in fees.items())


def _line(place: Field, methods: _Methods, unknown: list[str]) -> CartLine:
    quantity = place["amount"].integer(low=0, high=_MOST_PIECES)
    unit_price = place["price"].integer()
    options = _options(place, quantity)
    has_variation = _has_variation(place)
    return CartLine(
        key=place["order_item_id"].key(),
        destination=1,
        item_code=place["item_identifier"].text(),
        name=place["title"].text(),
        quantity=quantity,
        unit_price_yen=unit_price,
        options_yen=options,
        total_yen=place["total"].integer_or(unit_price * quantity + options),
        tax_rate=_tax_rate(place),
        has_variation=has_variation,
        variation_code=_variation_code(place, needed=has_variation),
        delivery_method=methods.of(place),
        shipping_fee_yen=0 if methods.covers(place) else place["shipping_fee"].integer_or(0),
        state=_line_state(place["status"], unknown),
    )


def _has_variation(place: Field) -> bool:
    """Tell whether a line names a variation; any of its three fields is enough."""
    told = (place["variation_id"], place["variation"], place["variation_identifier"])
    return any(field.text() not in {"", "0"} for field in told)


def _variation_code(place: Field, *, needed: bool) -> str:
    """Return 種類コード. Null means that the shop set none; left out, it may have been any."""
    code = place["variation_identifier"]
    if needed and "variation_identifier" not in place.object():
        raise code.wrong("there")
    return code.text()


def _options(place: Field, quantity: int) -> int:
    if not place["option_total"].missing:
        return place["option_total"].integer()
    return quantity * sum(option["price"].integer_or(0) for option in place["options"].rows())


def _tax_rate(place: Field) -> int:
    rate = place["consumption_tax_rate"]
    if rate.missing:
        return _TAX_RATE_OF_TYPE.get(place["item_tax_type"].integer_or(1), 10)
    percent = rate.integer()
    if percent not in _TAX_RATES:
        raise rate.wrong("8 or 10")
    return percent


def _line_state(place: Field, unknown: list[str]) -> LineState:
    word = place.value.strip() if isinstance(place.value, str) else ""
    state = _LINE_STATES.get(word, LineState.UNKNOWN)
    if state is LineState.UNKNOWN:
        unknown.append(place.unknown())
    return state


def _charges(whole: Field, methods: _Methods, lines: tuple[CartLine, ...]) -> Charges:
    return Charges(
        shipping_yen=whole["shipping_fee"].integer_or(0),
        fee_yen=whole["cod_fee"].integer_or(0),
        discount_yen=whole["order_discount"]["discount"].integer_or(0),
        points_yen=whole["order_header_coin"]["discount"].integer_or(0),
        adjustment_yen=whole["order_amount_adjustment"]["adjusted_amount"].integer_or(0),
        total_yen=whole["total"].integer(),
        per_method=methods.fees(lines),
    )
