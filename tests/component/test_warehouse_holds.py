"""Holds, waiting and which instruction a number means (workers/services/warehouse.py)."""

import pytest
from sqlalchemy import Engine

from domain.errors import BrokenRule
from domain.orders.instructions import HoldReason
from domain.warehouse.holds import MarkPaidHere, PutOnHold, ReleaseHold
from domain.warehouse.moves import (
    Arrived,
    AwaitArrival,
    BeginWork,
)
from domain.warehouse.targets import AmbiguousNumber, Target, UnknownInstruction
from tests.component.warehouse_samples import SHIP, UNPAID, Warehouse


@pytest.fixture
def warehouse(engine: Engine) -> Warehouse:
    made = Warehouse.open(engine)
    made.stock(A=5, B=5)
    return made


def test_holding_adds_reasons_and_releasing_takes_away_the_named_or_all(
    warehouse: Warehouse,
) -> None:
    warehouse.order("1", {"A": 1})
    warehouse.do(PutOnHold((HoldReason.ADDRESS,), "no house number"), "1")
    warehouse.do(PutOnHold((HoldReason.NOTE, HoldReason.ADDRESS)), "1")
    assert warehouse.read("1")["hold_reasons"] == ["住所不備", "備考確認"]

    warehouse.do(ReleaseHold((HoldReason.ADDRESS,)), "1")
    assert warehouse.read("1")["status"] == "hold"
    warehouse.do(ReleaseHold(), "1")

    order = warehouse.read("1")
    assert (order["status"], order["hold_reasons"]) == ("awaiting_shipment", [])
    warehouse.check()


def test_a_person_may_release_the_payment_hold_of_an_unpaid_order(warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1}, holds=(UNPAID,))

    warehouse.do(ReleaseHold(), "1")

    order = warehouse.read("1")
    assert (order["status"], order["payment"]) == ("awaiting_shipment", "unpaid")


def test_a_payment_seen_by_a_person_leaves_other_holds_alone(warehouse: Warehouse) -> None:
    """STS-3."""
    warehouse.order("1", {"A": 1}, holds=(UNPAID,))
    warehouse.do(PutOnHold((HoldReason.NOTE,)), "1")

    warehouse.do(MarkPaidHere(), "1")

    order = warehouse.read("1")
    assert (order["payment"], order["status"]) == ("paid", "hold")
    assert order["hold_reasons"] == ["備考確認"]


def test_releasing_what_is_not_there_is_refused(warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})
    warehouse.order("2", {"A": 1}, holds=(UNPAID,))

    with pytest.raises(BrokenRule, match="1: it is awaiting_shipment, not on hold"):
        warehouse.do(ReleaseHold(), "1")
    with pytest.raises(BrokenRule, match="2: it is on hold for 入金確認, not for 住所不備"):
        warehouse.do(ReleaseHold((HoldReason.ADDRESS,)), "2")


def test_an_instruction_waits_for_goods_and_goes_on_when_they_came(warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})

    warehouse.do(AwaitArrival(), "1")
    assert warehouse.read("1")["status"] == "awaiting_arrival"
    warehouse.do(Arrived(), "1")

    assert warehouse.read("1")["status"] == "awaiting_shipment"
    warehouse.check()


def test_work_that_began_cannot_be_put_on_hold(warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})
    warehouse.do(BeginWork(), "1")

    with pytest.raises(BrokenRule, match="working cannot become hold"):
        warehouse.do(PutOnHold((HoldReason.CHECK,)), "1")


def test_a_number_two_shops_share_needs_the_shop(warehouse: Warehouse) -> None:
    warehouse.order("100", {"A": 1}, shop="tote")
    warehouse.order("100", {"A": 1}, shop="kasa")

    with pytest.raises(AmbiguousNumber, match="kasa and tote both have an order 100"):
        warehouse.do(SHIP, "100")
    warehouse.do(SHIP, Target("100", "kasa"))

    assert warehouse.read("100", shop="kasa")["status"] == "shipped"
    assert warehouse.read("100", shop="tote")["status"] == "awaiting_shipment"


def test_a_number_one_shop_repeats_needs_the_key(warehouse: Warehouse) -> None:
    warehouse.order("100", {"A": 1}, key="SC-1")
    warehouse.order("100", {"A": 1}, key="SC-2")

    with pytest.raises(AmbiguousNumber, match="tote has 100 more than once, as SC-1 and SC-2"):
        warehouse.do(SHIP, "100")
    warehouse.do(SHIP, Target("100", key="SC-2"))

    assert warehouse.read("100", key="SC-1")["status"] == "awaiting_shipment"
    assert warehouse.read("100", key="SC-2")["status"] == "shipped"


def test_another_merchants_instruction_is_unknown(warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})
    other = Warehouse.open(warehouse.engine, merchant="other")

    with pytest.raises(UnknownInstruction, match=r"no shipping instruction 1$"):
        other.do(SHIP, "1")
