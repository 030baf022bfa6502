"""Requesting settlement of card orders."""

from dataclasses import replace

import pytest

from adapters.shopserve.wire.payments import LISTED
from domain.errors import BrokenRule
from domain.orders.cart_order import CartOrder, PaymentClass, Settlement
from domain.orders.payment_methods import LISTED_ONLY
from domain.shipments.settlements import SettlementStep, request_happened, settlement_step
from tests.unit.samples import READY, base_order, shopserve_order

LATER = (
    Settlement.REQUESTING,
    Settlement.REQUESTED,
    Settlement.SLIP_SENT,
    Settlement.COLLECTION_SCHEDULED,
    Settlement.COLLECTED,
)
FAILED = (Settlement.ERROR, Settlement.CANCELED, Settlement.UNTOLD, Settlement.UNKNOWN)

NO_CARDS = [one.code for one in LISTED if one.means is not PaymentClass.CARD]


def at(settlement: Settlement, method: str = "CreditCard") -> CartOrder:
    return shopserve_order(status=replace(READY, settlement=settlement), method=method)


def test_ret_02_a_card_order_is_settled_before_it_is_shipped() -> None:
    assert settlement_step(at(Settlement.AUTHORIZED), LISTED_ONLY) is SettlementStep.REQUEST


@pytest.mark.parametrize("settlement", LATER)
def test_ret_02_a_request_somebody_made_is_not_made_again(settlement: Settlement) -> None:
    assert settlement_step(at(settlement), LISTED_ONLY) is SettlementStep.ACCEPTED
    assert request_happened(at(settlement)) is True


@pytest.mark.parametrize("method", NO_CARDS)
def test_ret_02_only_cards_are_settled(method: str) -> None:
    for settlement in Settlement:
        assert settlement_step(at(settlement, method), LISTED_ONLY) is SettlementStep.NOT_NEEDED


@pytest.mark.parametrize("settlement", FAILED)
def test_ret_02_a_failed_settlement_stops_the_shipment_with_its_name(
    settlement: Settlement,
) -> None:
    with pytest.raises(BrokenRule, match=settlement.value):
        settlement_step(at(settlement), LISTED_ONLY)


def test_ret_05_a_read_settles_whether_a_lost_request_was_accepted() -> None:
    assert request_happened(at(Settlement.AUTHORIZED)) is False
    assert all(request_happened(at(settlement)) is None for settlement in FAILED)
    assert request_happened(base_order()) is None
