"""One whole order as BASE writes it."""

from collections.abc import Sequence
from typing import Annotated

from adapters.http.reading import (
    Array,
    Key,
    Later,
    Moment,
    Object,
    OrEmpty,
    Rows,
    Text,
    Told,
    Whole,
    WholeOrNone,
    WholeOrZero,
    day,
    named,
    read,
    sure,
    unknown,
    whole,
    word,
)
from adapters.thebase.wire.orders import DISPATCHES
from adapters.thebase.wire.people import BasePerson, contact
from domain.carts.cart import Cart
from domain.errors import Undecodable
from domain.orders.cart_order import (
    BaseStatus,
    CartLine,
    CartOrder,
    Charges,
    Destination,
    Dispatch,
    LineState,
    ShippingCharge,
    Wishes,
)

_LINE_STATES = {
    "ordered": LineState.OPEN,
    "orderd": LineState.OPEN,  # misspelt in older documents
    "dispatched": LineState.DISPATCHED,
    "cancelled": LineState.CANCELLED,
}
_TAX_RATES = (8, 10)
_TAX_RATE_OF_TYPE = {None: 10, 1: 10, 2: 8}
_NOTHING = ("", "0")
_MOST_PIECES = 10**6


class _Option(Told):
    price: WholeOrZero
    option_name: Text
    option_value: Text


class _OrderItem(Told):
    amount: Annotated[int, whole(0, _MOST_PIECES)]
    price: Whole
    option_total: WholeOrNone
    options: Later[Rows[_Option]]
    item_id: Text
    variation_id: Text
    variation: Later[Text]
    variation_identifier: Text
    order_item_id: Key
    item_identifier: Text
    title: Text
    total: WholeOrNone
    consumption_tax_rate: WholeOrNone
    item_tax_type: Later[WholeOrNone]  # of old orders, which have no `consumption_tax_rate`
    shipping_method: Later[Text]
    shipping_fee: Later[WholeOrZero]
    status: object


class _ShippingLine(Told):
    shipping_method: Text
    shipping_fee: WholeOrZero
    order_item_ids: Array[Key]


class _Discount(Told):
    discount: WholeOrZero


class _Adjustment(Told):
    adjusted_amount: WholeOrZero


class _Transaction(Told):
    status: Text


class _BaseOrder(BasePerson):
    order_items: Rows[_OrderItem]
    shipping_lines: Rows[_ShippingLine]
    shipping_method: Text
    dispatch_status: object
    bt_payment_transaction: OrEmpty[_Transaction]
    atobarai_payment_transaction: OrEmpty[_Transaction]
    unique_key: Key
    ordered: Moment
    payment: Key
    tracking_number: Text
    order_receiver: Object[BasePerson]
    shipping_fee: WholeOrZero
    cod_fee: WholeOrZero
    order_discount: OrEmpty[_Discount]
    order_header_coin: OrEmpty[_Discount]
    order_amount_adjustment: OrEmpty[_Adjustment]
    total: Whole
    remark: Text
    delivery_date: Text
    delivery_time_zone: Text


def order(raw: dict[str, object]) -> CartOrder:
    """Read one whole order.

    Raises: Undecodable: among others when the lines are not there, which a cancelled order alone
        may lack, or the recipient, whose every field is null when it is the buyer (IMP-9).
    """
    told = read(_BaseOrder, raw)
    entries = _entries(told)
    lines = tuple(
        _line(line, f"order_items[{at}]", entries.get(line.order_item_id), told.shipping_method)
        for at, line in enumerate(told.order_items)
    )
    status = _status(told, lines)
    _refuse_half(told, lines, status)
    return CartOrder(
        cart=Cart.BASE,
        key=told.unique_key,
        number=told.unique_key,
        ordered_at=told.ordered,
        status=status,
        payment_method=told.payment,
        payment_name="",
        buyer=contact(told),
        destinations=(
            Destination(
                number=1,
                recipient=contact(told.order_receiver),
                tracking_numbers=(told.tracking_number,) if told.tracking_number else (),
                shipped=status.dispatch is Dispatch.DISPATCHED,
                wishes=Wishes(
                    date=day(told.delivery_date),
                    time=told.delivery_time_zone,
                    remarks=told.remark,
                ),
            ),
        ),
        lines=lines,
        charges=_charges(told, lines),
    )


def _entries(told: _BaseOrder) -> dict[str, _ShippingLine]:
    """Return the entry of `shipping_lines` that names each line: the first that does."""
    entries: dict[str, _ShippingLine] = {}
    for entry in told.shipping_lines:
        for line in entry.order_item_ids:
            entries.setdefault(line, entry)
    return entries


def _line(
    told: _OrderItem, path: str, entry: _ShippingLine | None, method_of_order: str
) -> CartLine:
    """Translate a line. Its method is its entry's, else its own, else the order's, else blank."""
    options = sure(told.options, f"{path}.options")
    options_yen = _options_yen(told, options)
    own_total = told.price * told.amount + options_yen
    varied = _has_variation(told, path)
    method = entry.shipping_method if entry else ""
    return CartLine(
        key=told.order_item_id,
        destination=1,
        item_code=told.item_identifier,
        name=told.title,
        quantity=told.amount,
        unit_price_yen=told.price,
        options_yen=options_yen,
        total_yen=own_total if told.total is None else told.total,
        tax_rate=_tax_rate(told, path),
        item=(told.item_id or told.title, told.variation_id if varied else ""),
        has_variation=varied,
        variation_code=told.variation_identifier,
        options=tuple(named(option.option_name, option.option_value) for option in options),
        delivery_method=method
        or sure(told.shipping_method, f"{path}.shipping_method")
        or method_of_order,
        shipping_fee_yen=0 if entry else sure(told.shipping_fee, f"{path}.shipping_fee"),
        state=_LINE_STATES.get(word(told.status), LineState.UNKNOWN),
    )


def _has_variation(told: _OrderItem, path: str) -> bool:
    """Tell whether a line names a variation; any of its three fields is enough.

    Raises: Undecodable: 種類コード was left out. Null means that the shop set none; left out, it
        may have been any.
    """
    named = (
        told.variation_id not in _NOTHING
        or sure(told.variation, f"{path}.variation") not in _NOTHING
        or told.variation_identifier not in _NOTHING
    )
    if named and "variation_identifier" not in told.model_fields_set:
        raise Undecodable(f"{path}.variation_identifier: not there")
    return named


def _options_yen(told: _OrderItem, options: Sequence[_Option]) -> int:
    if told.option_total is not None:
        return told.option_total
    return told.amount * sum(option.price for option in options)


def _tax_rate(told: _OrderItem, path: str) -> int:
    rate = told.consumption_tax_rate
    if rate is None:
        return _TAX_RATE_OF_TYPE.get(sure(told.item_tax_type, f"{path}.item_tax_type"), 10)
    if rate not in _TAX_RATES:
        raise Undecodable(f"{path}.consumption_tax_rate: not 8 or 10")
    return rate


def _status(told: _BaseOrder, lines: tuple[CartLine, ...]) -> BaseStatus:
    status = DISPATCHES.get(word(told.dispatch_status), Dispatch.UNKNOWN)
    strange = [
        unknown(told.order_items[at].status, f"order_items[{at}].status")
        for at, line in enumerate(lines)
        if line.state is LineState.UNKNOWN
    ]
    if status is Dispatch.UNKNOWN:
        strange.insert(0, unknown(told.dispatch_status, "dispatch_status"))
    return BaseStatus(
        dispatch=status,
        transfer_short=told.bt_payment_transaction.status == "shortage",
        deferred=told.atobarai_payment_transaction.status,
        unknown_literals=tuple(strange),
    )


def _refuse_half(told: _BaseOrder, lines: tuple[CartLine, ...], status: BaseStatus) -> None:
    """Refuse half an order.

    Entries may not name a line which is not there, for cancelled lines stay in it; nor no line
    while one needs them, which would travel by the method for free shipping (IMP-11) instead.
    """
    there = {line.key for line in lines}
    if len(there) != len(lines):
        raise Undecodable("order_items: not lines with an id of their own")
    if not lines and status.dispatch is not Dispatch.CANCELLED:
        raise Undecodable("order_items: not there")
    bare = any(not line.delivery_method and line.state is not LineState.CANCELLED for line in lines)
    for at, entry in enumerate(told.shipping_lines):
        named = entry.order_item_ids
        if not there.issuperset(named) or (bare and not named):
            raise Undecodable(f"shipping_lines[{at}].order_item_ids: not naming lines of the order")


def _charges(told: _BaseOrder, lines: tuple[CartLine, ...]) -> Charges:
    return Charges(
        shipping_yen=told.shipping_fee,
        fee_yen=told.cod_fee,
        discount_yen=told.order_discount.discount,
        points_yen=told.order_header_coin.discount,
        adjustment_yen=told.order_amount_adjustment.adjusted_amount,
        total_yen=told.total,
        per_method=_fees(told, lines),
    )


def _fees(told: _BaseOrder, lines: tuple[CartLine, ...]) -> tuple[ShippingCharge, ...]:
    """Return the fees of the entries, one for each method."""
    by_line = {line.key: line.delivery_method for line in lines}
    fees: dict[str, int] = {}
    for entry in told.shipping_lines:
        covered = (by_line.get(line) for line in entry.order_item_ids)
        fallback = next((method for method in covered if method), told.shipping_method)
        method = entry.shipping_method or fallback
        fees[method] = fees.get(method, 0) + entry.shipping_fee
    return tuple(ShippingCharge(method, fee) for method, fee in fees.items())
