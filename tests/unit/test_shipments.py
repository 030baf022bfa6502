"""Which shipments the cart is told about."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.carts.cart import Cart
from domain.engine.cadence import TOKYO
from domain.errors import BrokenRule
from domain.orders.cart_order import Destination, Settlement
from domain.orders.instructions import ApiStatus, Status
from domain.shipments.candidates import (
    Leave,
    RequestSettlement,
    ReturnOutcome,
    Send,
    ShipDates,
    ShipDestination,
    ShipmentFacts,
    dates_covered,
    judge,
    outcome,
    plan_shopserve,
)
from tests.unit.samples import FRIEND, NOON, READY, numbered, shop_line, shopserve_order

TODAY = date(2025, 1, 15)
ONLY_TODAY = ShipDates(TODAY, TODAY)
SHOP = ShipmentFacts(
    Cart.SHOPSERVE, "10004217", Status.SHIPPED, ApiStatus.PRINTED, "4000-0000-0012", TODAY
)
BASE = replace(
    SHOP, cart=Cart.BASE, api_status=ApiStatus.AWAITING_PRINT, line_keys=("90210001", "")
)


def tokyo(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2025, 1, day, hour, minute, tzinfo=TOKYO)


@pytest.mark.parametrize("facts", [SHOP, BASE], ids=["ShopServe", "BASE"])
def test_ret_01_a_shipment_of_today_is_a_candidate(facts: ShipmentFacts) -> None:
    assert judge(facts, ONLY_TODAY) == Send()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"status": Status.INSPECTED}, "not shipped", id="not shipped"),
        pytest.param({"status": Status.RETURNED}, "not shipped", id="came back"),
        pytest.param({"shipped_on": None}, "not shipped", id="no ship date"),
        pytest.param({"tracking_number": None}, "tracking", id="no tracking number"),
        pytest.param({"tracking_number": " "}, "tracking", id="a blank tracking number"),
        pytest.param({"api_status": ApiStatus.TRACKING_RETURNED}, "already", id="done before"),
        pytest.param({"shipped_on": date(2025, 1, 14)}, "outside", id="yesterday"),
        pytest.param({"shipped_on": date(2025, 1, 16)}, "outside", id="tomorrow"),
    ],
)
def test_ret_01_anything_else_is_left_without_a_word_in_the_run(
    change: dict[str, object], reason: str
) -> None:
    for facts in (SHOP, BASE):
        verdict = judge(replace(facts, **change), ONLY_TODAY)  # type: ignore[arg-type]
        assert isinstance(verdict, Leave)
        assert reason in verdict.reason
        assert not verdict.listed


def test_ret_01_an_unconfirmed_shopserve_shipment_is_listed_with_the_reason() -> None:
    verdict = judge(replace(SHOP, api_status=ApiStatus.AWAITING_PRINT), ONLY_TODAY)

    assert isinstance(verdict, Leave)
    assert verdict.listed
    assert verdict.kept
    assert "印刷待ち" in verdict.reason


def test_ret_01_what_an_earlier_run_left_over_stays_a_candidate() -> None:
    old = replace(SHOP, shipped_on=date(2024, 12, 1), left_over=True)

    assert judge(old, ONLY_TODAY) == Send()


def test_ret_01_the_first_run_covers_today_in_tokyo_only() -> None:
    before_nine = tokyo(15, 8)  # still the 14th in UTC

    assert dates_covered(previous_run_at=None, now=before_nine) == ONLY_TODAY


def test_ret_01_later_runs_begin_at_the_day_of_the_previous_one() -> None:
    dates = dates_covered(previous_run_at=tokyo(12, 18), now=NOON)

    assert dates == ShipDates(date(2025, 1, 12), TODAY)


def test_ret_01_a_manual_run_can_name_the_ship_date() -> None:
    named = date(2024, 12, 24)

    dates = dates_covered(previous_run_at=tokyo(12, 18), now=NOON, ship_date=named)

    assert dates == ShipDates(named, named)


@given(
    pauses=st.lists(st.integers(1, 10 * 24 * 60), min_size=1, max_size=20),
    shipped=st.integers(0, 60 * 24 * 60),
)
def test_ret_01_no_shipment_after_the_first_run_is_forgotten(
    pauses: list[int], shipped: int
) -> None:
    start = tokyo(1, 0)
    shipped_at = start + timedelta(minutes=shipped)
    previous: datetime | None = None
    now = start
    taken = False
    for pause in pauses:
        dates = dates_covered(previous_run_at=previous, now=now)
        known = shipped_at <= now
        taken = taken or (known and dates.first <= shipped_at.date() <= dates.last)
        previous, now = now, now + timedelta(minutes=pause)

    assert taken or shipped_at > (previous or now)


def test_ret_02_a_card_order_is_settled_then_shipped() -> None:
    steps = plan_shopserve(shopserve_order(), destination=1, tracking_number="4000-0000-0012")

    assert steps == (RequestSettlement(), ShipDestination(1))


def test_ret_02_the_second_part_needs_no_second_request() -> None:
    order = shopserve_order(
        shop_line("1-1", 1),
        shop_line("2-1", 2),
        status=replace(READY, settlement=Settlement.REQUESTING),
    )

    steps = plan_shopserve(order, destination=2, tracking_number="4000-0000-0012")

    assert steps == (ShipDestination(2),)


def test_imp_16_the_provisional_number_is_overwritten() -> None:
    order = shopserve_order(method="BankTransfer", destinations=(numbered(1, "0000"),))

    assert plan_shopserve(order, destination=1, tracking_number="4000") == (ShipDestination(1),)


def test_ret_05_a_destination_the_cart_shows_shipped_with_our_number_is_done() -> None:
    done = Destination(1, FRIEND, "YAMATO", ("4000",), shipped=True)

    assert (
        plan_shopserve(shopserve_order(destinations=(done,)), destination=1, tracking_number="4000")
        == ()
    )
    other = plan_shopserve(
        shopserve_order(method="Paidy", destinations=(done,)), destination=1, tracking_number="5000"
    )
    assert other == (ShipDestination(1),)


def test_ret_02_a_cancelled_order_or_lost_destination_is_refused() -> None:
    cancelled = shopserve_order(status=replace(READY, cancelled=True))

    with pytest.raises(BrokenRule, match="cancelled"):
        plan_shopserve(cancelled, destination=1, tracking_number="4000")
    with pytest.raises(BrokenRule, match="destination 9"):
        plan_shopserve(shopserve_order(), destination=9, tracking_number="4000")


def test_ret_04_part_success_stays_a_candidate_and_impossible_lines_are_final() -> None:
    assert outcome(failed_steps=0, problems=0) is ReturnOutcome.RETURNED
    assert outcome(failed_steps=1, problems=0) is ReturnOutcome.PARTLY
    assert outcome(failed_steps=1, problems=1) is ReturnOutcome.PARTLY
    assert outcome(failed_steps=0, problems=1) is ReturnOutcome.IMPOSSIBLE


def test_ret_04_an_instruction_without_any_line_id_is_reported_and_not_tried() -> None:
    verdict = judge(replace(BASE, line_keys=("", " "), left_over=True), ONLY_TODAY)

    assert isinstance(verdict, Leave)
    assert verdict.listed
    assert "明細独自1" in verdict.reason
