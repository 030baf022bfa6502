"""Which shipments the cart is told about."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.carts.cart import Cart
from domain.carts.shop_settings import ShipDates
from domain.errors import BrokenRule
from domain.orders.cart_order import CartOrder, Destination, Folder, PaymentClass, Settlement
from domain.orders.instructions import ApiStatus, Status
from domain.orders.payment_methods import LISTED_ONLY, PaymentTable
from domain.shipments.candidates import (
    Leave,
    RequestSettlement,
    ReturningPart,
    ReturnOutcome,
    RunDay,
    Send,
    ShipDestination,
    ShipmentFacts,
    judge,
    outcome,
    plan_shopserve,
)
from tests.unit.samples import FRIEND, READY, numbered, shop_line, shopserve_order

TODAY = date(2025, 1, 15)
RUN = RunDay(TODAY)
KEEPS_TO_TODAY = RunDay(TODAY, keeps_to=ShipDates.TODAY)
SHOP = ShipmentFacts(
    Cart.SHOPSERVE, "kura", Status.SHIPPED, ApiStatus.PRINTED, "4000-0000-0012", TODAY
)
BASE = replace(
    SHOP, cart=Cart.BASE, api_status=ApiStatus.AWAITING_PRINT, line_keys=("90210001", "")
)


@pytest.mark.parametrize("facts", [SHOP, BASE], ids=["ShopServe", "BASE"])
def test_ret_01_a_shipment_of_today_is_a_candidate(facts: ShipmentFacts) -> None:
    assert judge(facts, RUN) == Send()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"status": Status.INSPECTED}, "not shipped", id="not shipped"),
        pytest.param({"status": Status.RETURNED}, "not shipped", id="came back"),
        pytest.param({"shipped_on": None}, "not shipped", id="no ship date"),
        pytest.param({"tracking_number": None}, "tracking", id="no tracking number"),
        pytest.param({"tracking_number": " "}, "tracking", id="a blank tracking number"),
        pytest.param({"api_status": ApiStatus.TRACKING_RETURNED}, "already", id="done before"),
        pytest.param({"given_up": True}, "given up", id="reported as impossible"),
    ],
)
def test_ret_01_anything_else_is_left_without_a_word_in_the_run(
    change: dict[str, object], reason: str
) -> None:
    for facts in (SHOP, BASE):
        verdict = judge(replace(facts, **change), RUN)  # type: ignore[arg-type]
        assert isinstance(verdict, Leave)
        assert reason in verdict.reason
        assert not verdict.listed


def test_ret_01_an_unconfirmed_shopserve_shipment_is_listed_with_the_reason() -> None:
    verdict = judge(replace(SHOP, api_status=ApiStatus.AWAITING_PRINT), RUN)

    assert isinstance(verdict, Leave)
    assert verdict.listed
    assert verdict.kept
    assert "印刷待ち" in verdict.reason


def test_ret_01_what_an_earlier_run_left_over_stays_a_candidate() -> None:
    old = replace(SHOP, shipped_on=date(2024, 12, 1), left_over=True)

    assert judge(old, RUN) == Send()


@pytest.mark.parametrize("facts", [SHOP, BASE], ids=["ShopServe", "BASE"])
@given(days=st.integers(0, 30))
def test_ret_01_nothing_shipped_within_thirty_days_is_forgotten(
    facts: ShipmentFacts, days: int
) -> None:
    """Whenever it was recorded: a run asks for no day of its own or of the run before."""
    assert judge(replace(facts, shipped_on=TODAY - timedelta(days=days)), RUN) == Send()


@pytest.mark.parametrize(
    ("days", "day"),
    [
        pytest.param(31, RUN, id="longer ago than 30 days"),
        pytest.param(1, KEEPS_TO_TODAY, id="yesterday, where the shop keeps to today"),
    ],
)
def test_ret_01_what_a_run_may_not_take_is_listed_with_the_command_that_does(
    days: int, day: RunDay
) -> None:
    shipped_on = TODAY - timedelta(days=days)
    late = replace(SHOP, shipped_on=shipped_on)

    verdict = judge(late, day)

    assert isinstance(verdict, Leave)
    assert (verdict.listed, verdict.needs_person, verdict.kept) == (True, True, False)
    assert f"run return_shipments --shop kura --ship-date {shipped_on}" in verdict.reason
    assert judge(late, replace(day, named=shipped_on)) == Send()
    assert judge(replace(late, left_over=True), day) == Send()  # it was a candidate, and stays one


def test_ret_01_a_shop_may_keep_to_shipments_of_the_day() -> None:
    assert judge(SHOP, KEEPS_TO_TODAY) == Send()


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("left_over", [False, True])
def test_ret_01_a_future_ship_date_waits_for_its_day(named: bool, left_over: bool) -> None:
    day = TODAY + timedelta(days=1)
    early = replace(SHOP, shipped_on=day, left_over=left_over)

    verdict = judge(early, replace(RUN, named=day if named else None))

    assert isinstance(verdict, Leave)
    assert (verdict.listed, verdict.needs_person) == (True, False)
    assert judge(early, RunDay(day)) == Send()


def test_ret_01_a_run_that_names_a_date_is_about_that_date_alone() -> None:
    day = RunDay(TODAY, named=date(2024, 9, 1))

    verdict = judge(replace(SHOP, left_over=True), day)

    assert isinstance(verdict, Leave)
    assert not verdict.listed
    assert judge(replace(SHOP, shipped_on=date(2024, 9, 1), given_up=True), day) == Send()


def planned(
    order: CartOrder,
    destination: int = 1,
    tracking: str = "4000",
    payments: PaymentTable = LISTED_ONLY,
) -> tuple[RequestSettlement | ShipDestination, ...]:
    return plan_shopserve(order, payments, ReturningPart(destination, tracking))


def test_ret_02_a_card_order_is_settled_then_shipped() -> None:
    steps = planned(shopserve_order(), tracking="4000-0000-0012")

    assert steps == (RequestSettlement(), ShipDestination(1))


def test_ret_02_the_second_part_needs_no_second_request() -> None:
    order = shopserve_order(
        shop_line("1-1", 1),
        shop_line("2-1", 2),
        status=replace(READY, settlement=Settlement.REQUESTING),
    )

    steps = planned(order, 2)

    assert steps == (ShipDestination(2),)


def test_imp_16_the_provisional_number_is_overwritten() -> None:
    order = shopserve_order(method="BankTransfer", destinations=(numbered(1, "0000"),))

    assert planned(order) == (ShipDestination(1),)


def test_ret_05_a_destination_the_cart_shows_shipped_with_our_number_is_done() -> None:
    done = Destination(1, FRIEND, "YAMATO", ("4000",), shipped=True)

    order = shopserve_order(method="Paidy", destinations=(done,))

    assert planned(order) == ()
    assert planned(order, tracking="5000") == (ShipDestination(1),)


def test_ret_02_a_card_order_shipped_by_the_staff_is_settled_all_the_same() -> None:
    done = Destination(1, FRIEND, "YAMATO", ("4000",), shipped=True)

    assert planned(shopserve_order(destinations=(done,))) == (RequestSettlement(),)


@pytest.mark.parametrize("shipped", [False, True], ids=["here", "by the staff"])
def test_pay_1_a_method_nobody_knows_is_refused_with_its_name_and_the_command(
    shipped: bool,
) -> None:
    place = Destination(1, FRIEND, "YAMATO", ("4000",), shipped=shipped)
    order = shopserve_order(method="Gmo", name="GMO後払い", destinations=(place,))

    with pytest.raises(BrokenRule, match=r"GMO後払い.*renkei payment set --shop books"):
        planned(order, payments=PaymentTable("books"))
    said = PaymentTable("books", {"GMO後払い": PaymentClass.CARD})
    assert RequestSettlement() in planned(order, payments=said)


def test_ret_02_a_cancelled_order_or_lost_destination_is_refused() -> None:
    cancelled = shopserve_order(status=replace(READY, cancelled=True))

    with pytest.raises(BrokenRule, match="cancelled"):
        planned(cancelled)
    with pytest.raises(BrokenRule, match="destination 9"):
        planned(shopserve_order(), 9)


def test_sts_10_what_waits_for_a_decision_is_listed_and_stays_a_candidate() -> None:
    verdict = judge(replace(SHOP, undecided=True), RunDay(TODAY))

    assert isinstance(verdict, Leave)
    assert (verdict.listed, verdict.kept) == (True, True)
    assert "orders cancel" in verdict.reason


@pytest.mark.parametrize("settlement", list(Settlement))
def test_sts_10_settlement_is_never_requested_for_a_cancelled_order_whoever_released_it(
    settlement: Settlement,
) -> None:
    for gone in (replace(READY, cancelled=True), replace(READY, folder=Folder.TRASH)):
        order = shopserve_order(status=replace(gone, settlement=settlement))
        part = ReturningPart(1, "4000", overruled=True)

        assert plan_shopserve(order, LISTED_ONLY, part) == (ShipDestination(1),)
        with pytest.raises(BrokenRule, match="cancelled"):
            planned(order)


def test_sts_10_an_order_that_may_be_cancelled_is_neither_settled_nor_shipped() -> None:
    for unclear in (replace(READY, cancelled=None), replace(READY, folder=Folder.UNKNOWN)):
        with pytest.raises(BrokenRule, match="does not tell whether it is cancelled"):
            planned(shopserve_order(status=unclear))


def test_ret_04_part_success_stays_a_candidate_and_impossible_lines_are_final() -> None:
    assert outcome(failed_steps=0, problems=0) is ReturnOutcome.RETURNED
    assert outcome(failed_steps=1, problems=0) is ReturnOutcome.PARTLY
    assert outcome(failed_steps=1, problems=1) is ReturnOutcome.PARTLY
    assert outcome(failed_steps=0, problems=1) is ReturnOutcome.IMPOSSIBLE


def test_ret_04_an_instruction_without_any_line_id_is_reported_and_not_tried() -> None:
    verdict = judge(replace(BASE, line_keys=("", " "), left_over=True), RUN)

    assert isinstance(verdict, Leave)
    assert verdict.listed
    assert "明細独自1" in verdict.reason
