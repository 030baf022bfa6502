"""What changing orders on ShopServe must do, told by what became of the cart."""

from datetime import timedelta
from typing import cast

import pytest

from domain.carts.ports import CartParcel
from domain.errors import AlreadyDone, NotFound, Rejected
from domain.orders.cart_order import CartOrder, Folder, Settlement, ShopServeStatus
from tests.contract.benches import NOW, ShopServeBench

TODAY = (NOW + timedelta(hours=9)).date()
PARCEL = CartParcel("SAGAWA", "4000-0000-0012", TODAY)


def order(shop: ShopServeBench, key: str) -> CartOrder:
    raw = shop.cart.read_order(key)
    assert raw is not None
    return shop.cart.decode(raw)


def status(shop: ShopServeBench, key: str) -> ShopServeStatus:
    return cast(ShopServeStatus, order(shop, key).status)


def test_a_fresh_order_is_open(shopserve: ShopServeBench) -> None:
    found = status(shopserve, shopserve.place())

    assert (found.folder, found.confirmed, found.shipped) == (Folder.LEDGER, False, False)
    assert (found.cancelled, found.test, found.unknown_literals) == (False, False, ())


def test_confirming_is_seen_and_repeating_it_is_harmless(shopserve: ShopServeBench) -> None:
    key = shopserve.place()

    shopserve.cart.confirm_order(key)
    shopserve.cart.confirm_order(key)

    assert status(shopserve, key).confirmed is True
    assert shopserve.effects() == [("order_confirmed", key), ("order_confirmed_again", key)]


def test_a_settlement_is_requested_once(shopserve: ShopServeBench) -> None:
    key = shopserve.place()

    shopserve.cart.request_settlement(key)
    with pytest.raises(AlreadyDone):
        shopserve.cart.request_settlement(key)

    charged = [effect for effect in shopserve.effects() if effect[0] == "settlement_requested"]
    assert charged == [("settlement_requested", key)]
    assert status(shopserve, key).settlement in {Settlement.REQUESTING, Settlement.REQUESTED}


@pytest.mark.parametrize("settlement", [Settlement.ERROR, Settlement.NONE])
def test_what_was_not_authorised_cannot_be_settled(
    shopserve: ShopServeBench, settlement: Settlement
) -> None:
    key = shopserve.place()
    shopserve.settle(key, settlement)

    with pytest.raises(Rejected):
        shopserve.cart.request_settlement(key)
    assert shopserve.effects() == []


def test_shipping_writes_carrier_and_number(shopserve: ShopServeBench) -> None:
    key = shopserve.place()

    shopserve.cart.ship_destination(key, 1, PARCEL)

    (place,) = order(shopserve, key).destinations
    assert (place.shipped, place.tracking_numbers) == (True, ("4000-0000-0012",))
    assert status(shopserve, key).shipped is True
    assert shopserve.effects() == [("delivery_shipped", f"{key}/1")]


def test_an_order_is_shipped_with_its_last_destination(shopserve: ShopServeBench) -> None:
    key = shopserve.place_for(2)

    shopserve.cart.ship_destination(key, 2, PARCEL)
    assert status(shopserve, key).shipped is False

    shopserve.cart.ship_destination(key, 1, PARCEL)
    assert status(shopserve, key).shipped is True


def test_a_parcel_without_number_is_refused(shopserve: ShopServeBench) -> None:
    key = shopserve.place()

    with pytest.raises(Rejected):
        shopserve.cart.ship_destination(key, 1, CartParcel("YAMATO", "", TODAY))
    assert shopserve.effects() == []


def test_an_order_is_completed_once(shopserve: ShopServeBench) -> None:
    key = shopserve.place()

    shopserve.cart.complete_order(key)
    with pytest.raises(AlreadyDone):
        shopserve.cart.complete_order(key)

    assert status(shopserve, key).folder is Folder.COMPLETED
    assert shopserve.effects() == [("order_completed", key)]


def test_orders_the_cart_does_not_know_are_not_found(shopserve: ShopServeBench) -> None:
    cart = shopserve.cart
    for key in ("SC-NONE", "", "..", "a/b"):
        with pytest.raises(NotFound):
            cart.confirm_order(key)
        with pytest.raises(NotFound):
            cart.request_settlement(key)
        with pytest.raises(NotFound):
            cart.ship_destination(key, 1, PARCEL)
        with pytest.raises(NotFound):
            cart.complete_order(key)


def test_a_destination_the_order_does_not_have_is_not_found(shopserve: ShopServeBench) -> None:
    with pytest.raises(NotFound):
        shopserve.cart.ship_destination(shopserve.place(), 9, PARCEL)


def test_a_cancelled_order_is_told_and_not_changed(shopserve: ShopServeBench) -> None:
    key = shopserve.place()
    shopserve.cancel(key)

    with pytest.raises(Rejected) as refused:
        shopserve.cart.confirm_order(key)
    with pytest.raises(Rejected):
        shopserve.cart.ship_destination(key, 1, PARCEL)
    with pytest.raises(Rejected):
        shopserve.cart.request_settlement(key)

    assert not isinstance(refused.value, AlreadyDone)
    assert status(shopserve, key).cancelled
    assert shopserve.effects() == []
