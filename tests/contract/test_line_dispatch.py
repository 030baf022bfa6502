"""What dispatching lines on BASE must do, told by what became of the cart."""

from datetime import timedelta
from typing import cast

import pytest

from domain.carts.ports import CartParcel
from domain.errors import AlreadyDone, NotFound, Rejected
from domain.orders.cart_order import BaseStatus, CartOrder, Dispatch, LineState
from tests.contract.benches import NOW, BaseBench

TODAY = (NOW + timedelta(hours=9)).date()


def parcel(shop: BaseBench) -> CartParcel:
    company = next(iter(shop.cart.carriers().values()))
    return CartParcel(company, "4470-1234-5678", TODAY)


def order(shop: BaseBench, key: str) -> CartOrder:
    raw = shop.cart.read_order(key)
    assert raw is not None
    return shop.cart.decode(raw)


def dispatch(found: CartOrder) -> Dispatch:
    return cast(BaseStatus, found.status).dispatch


def test_companies_have_names_and_ids(thebase: BaseBench) -> None:
    companies = thebase.cart.carriers()

    assert companies
    assert all(name and company for name, company in companies.items())


def test_an_order_is_dispatched_with_its_last_line(thebase: BaseBench) -> None:
    key = thebase.place_paid("cod", 2)
    first, second = (line.key for line in order(thebase, key).lines)

    thebase.cart.dispatch_line(first, parcel(thebase))
    found = order(thebase, key)
    assert [line.state for line in found.lines] == [LineState.DISPATCHED, LineState.OPEN]
    assert dispatch(found) is Dispatch.ORDERED

    thebase.cart.dispatch_line(second, parcel(thebase))
    assert dispatch(order(thebase, key)) is Dispatch.DISPATCHED
    assert thebase.effects() == [("line_dispatched", first), ("line_dispatched", second)]


def test_a_line_is_dispatched_once(thebase: BaseBench) -> None:
    key = thebase.place_paid("cod", 2)
    line = order(thebase, key).lines[0].key
    thebase.cart.dispatch_line(line, parcel(thebase))

    with pytest.raises(AlreadyDone):
        thebase.cart.dispatch_line(line, parcel(thebase))
    assert thebase.effects() == [("line_dispatched", line)]


def test_an_unpaid_order_is_not_dispatched(thebase: BaseBench) -> None:
    line = order(thebase, thebase.place_paid("base_bt", 2, paid=False)).lines[0].key

    with pytest.raises(Rejected):
        thebase.cart.dispatch_line(line, parcel(thebase))
    assert thebase.effects() == []


def test_a_deferred_payment_is_shipped_once_and_as_a_whole(thebase: BaseBench) -> None:
    key = thebase.place_paid("atobarai", 2)
    first, second = (line.key for line in order(thebase, key).lines)

    thebase.cart.ship_deferred(first, parcel(thebase))
    with pytest.raises(AlreadyDone):
        thebase.cart.ship_deferred(second, parcel(thebase))

    status = cast(BaseStatus, order(thebase, key).status)
    assert (status.dispatch, status.deferred) == (Dispatch.SHIPPING, "shipping")
    assert thebase.effects() == [("atobarai_shipping", key)]


def test_a_line_of_a_deferred_payment_is_refused_and_not_called_done(thebase: BaseBench) -> None:
    line = order(thebase, thebase.place_paid("atobarai", 2)).lines[0].key

    with pytest.raises(Rejected) as refused:
        thebase.cart.dispatch_line(line, parcel(thebase))
    assert not isinstance(refused.value, AlreadyDone)
    assert thebase.effects() == []


def test_an_unknown_line_is_not_found(thebase: BaseBench) -> None:
    for send in (thebase.cart.dispatch_line, thebase.cart.ship_deferred):
        with pytest.raises(NotFound):
            send("999999999999", parcel(thebase))


def test_an_unknown_company_is_refused(thebase: BaseBench) -> None:
    line = order(thebase, thebase.place()).lines[0].key

    with pytest.raises(Rejected):
        thebase.cart.dispatch_line(line, CartParcel("999", "447012345678", TODAY))
    assert thebase.effects() == []
