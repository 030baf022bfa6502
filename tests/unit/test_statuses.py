"""What a sync changes."""

from dataclasses import replace
from itertools import product

import pytest

from domain.carts.cart import Cart
from domain.orders.cancellations import UNDER_WAY, CancelInCart, CancelSeen, CancelTakenBack
from domain.orders.cart_order import (
    BaseStatus,
    Dispatch,
    Folder,
    LineState,
    Settlement,
    ShopServeStatus,
)
from domain.orders.instructions import Hold, HoldCause, HoldReason, Payment, Status
from domain.orders.statuses import (
    Cancel,
    FillDeliveryMethod,
    InstructionFacts,
    MarkPaid,
    NeedsAttention,
    ReportNotFound,
    ReportPartlyCancelled,
    ReportUnknown,
    decide_sync,
    needs_whole,
)
from tests.unit.samples import (
    BY_HAND,
    NO_METHOD,
    READY,
    WAITING,
    base_order,
    line,
    numbered,
    shopserve_order,
    summary,
)

BASE = InstructionFacts(
    Cart.BASE, "3C07A19F5B2E84D6", Status.HOLD, Payment.UNPAID, (WAITING,), line_keys=("1", "2")
)
SHOP = InstructionFacts(
    Cart.SHOPSERVE,
    "10004217",
    Status.HOLD,
    Payment.UNPAID,
    (WAITING,),
    delivery_method="ヤマト運輸",
)
PAID = shopserve_order(status=replace(READY, paid=True), method="BankTransfer")
CANCELLED = shopserve_order(status=replace(READY, cancelled=True))
TOUCHED = (Status.WORKING, Status.INSPECTED, Status.SHIPPED, Status.CANCELLED, Status.RETURNED)


def test_sts_01_a_paid_shopserve_order_marks_its_instruction_paid() -> None:
    assert decide_sync(SHOP, PAID) == (MarkPaid(Status.AWAITING_SHIPMENT, ()),)


def test_sts_02_a_paid_base_order_marks_its_instruction_paid() -> None:
    for answer in (base_order(), summary(Dispatch.ORDERED)):
        assert decide_sync(BASE, answer) == (MarkPaid(Status.AWAITING_SHIPMENT, ()),)


@pytest.mark.parametrize("dispatch", [Dispatch.UNPAID, Dispatch.UNSHIPPABLE])
def test_sts_02_waiting_or_unworkable_orders_change_nothing(dispatch: Dispatch) -> None:
    assert decide_sync(BASE, base_order(dispatch=dispatch)) == ()


def test_sts_09_a_settlement_granted_later_releases_what_a_person_marked_paid_meanwhile() -> None:
    failed = Hold(HoldReason.CHECK, HoldCause.SETTLEMENT, "settlement is Error")
    facts = replace(SHOP, payment=Payment.PAID, holds=(failed, BY_HAND))
    granted = shopserve_order(
        status=replace(READY, settlement=Settlement.AUTHORIZED), method="CreditCard"
    )

    assert decide_sync(facts, granted) == (MarkPaid(Status.HOLD, (BY_HAND,)),)


def test_sts_03_another_hold_reason_keeps_a_paid_instruction_on_hold() -> None:
    facts = replace(BASE, holds=(WAITING, BY_HAND))

    assert decide_sync(facts, base_order()) == (MarkPaid(Status.HOLD, (BY_HAND,)),)


def test_sts_03_the_payment_reason_goes_whoever_set_it() -> None:
    by_rule = Hold(HoldReason.PAYMENT, HoldCause.RULE, "rule x")

    facts = replace(BASE, holds=(by_rule,))

    assert decide_sync(facts, base_order()) == (MarkPaid(Status.AWAITING_SHIPMENT, ()),)


def test_sts_03_an_instruction_released_by_hand_only_gets_the_flag() -> None:
    for status in (Status.AWAITING_SHIPMENT, Status.AWAITING_ARRIVAL):
        facts = replace(BASE, status=status, holds=())
        assert decide_sync(facts, base_order()) == (MarkPaid(status, ()),)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(replace(READY, cancelled=True), id="by flag"),
        pytest.param(replace(READY, folder=Folder.CANCELED), id="in the cancel folder"),
        pytest.param(replace(READY, folder=Folder.TRASH), id="in the waste bin"),
        pytest.param(replace(READY, cancelled=True, paid=True), id="paid before"),
    ],
)
def test_sts_04_a_cancelled_shopserve_order_cancels_its_instruction(
    status: ShopServeStatus,
) -> None:
    order = shopserve_order(status=status, method="BankTransfer")

    assert decide_sync(SHOP, order) == (Cancel(release_allocation=False, recalculate_later=False),)


def test_sts_04_an_allocation_is_released_on_shopserve() -> None:
    facts = replace(SHOP, status=Status.AWAITING_SHIPMENT, holds=(), allocated=True)

    assert decide_sync(facts, CANCELLED) == (
        Cancel(release_allocation=True, recalculate_later=False),
    )


def test_sts_04_an_order_that_is_not_found_is_only_reported() -> None:
    (change,) = decide_sync(SHOP, None)

    assert isinstance(change, ReportNotFound)
    assert "10004217" in change.message


def test_sts_05_a_cancelled_base_order_cancels_its_instruction() -> None:
    for answer in (base_order(dispatch=Dispatch.CANCELLED), summary(Dispatch.CANCELLED)):
        assert decide_sync(BASE, answer) == (
            Cancel(release_allocation=False, recalculate_later=True),
        )


def test_sts_05_an_allocated_base_instruction_stays_and_a_person_is_called() -> None:
    facts = replace(BASE, status=Status.AWAITING_SHIPMENT, holds=(), allocated=True)

    (change,) = decide_sync(facts, base_order(dispatch=Dispatch.CANCELLED))

    assert isinstance(change, NeedsAttention)
    assert "引当済み" in change.message


def test_sts_06_a_partly_cancelled_order_is_reported_not_cancelled() -> None:
    order = base_order(
        line("1", state=LineState.CANCELLED), line("2"), line("3", state=LineState.CANCELLED)
    )

    paid, report = decide_sync(BASE, order)

    assert isinstance(paid, MarkPaid)
    assert isinstance(report, ReportPartlyCancelled)
    assert report.lines == ("1",)


def test_sts_06_a_shopserve_order_that_lacks_an_imported_line_is_reported() -> None:
    facts = replace(SHOP, payment=Payment.PAID, holds=(), status=Status.AWAITING_SHIPMENT)
    whole, fewer = replace(facts, line_keys=("1-1",)), replace(facts, line_keys=("1-1", "1-2"))

    assert decide_sync(whole, PAID) == ()
    (report,) = decide_sync(fewer, PAID)
    assert isinstance(report, ReportPartlyCancelled)
    assert report.lines == ("1-2",)


@pytest.mark.parametrize("status", [Status.WORKING, Status.INSPECTED])
def test_sts_06_a_line_cancelled_while_the_parcel_is_made_is_reported(status: Status) -> None:
    facts = replace(BASE, status=status, payment=Payment.PAID, holds=(), line_keys=("1", "2"))
    partly = base_order(line("1", state=LineState.CANCELLED), line("2"))
    wholly = base_order(*(line(key, state=LineState.CANCELLED) for key in ("1", "2")), line("3"))

    (report,) = decide_sync(facts, partly)
    (alarm,) = decide_sync(facts, wholly)

    assert isinstance(report, ReportPartlyCancelled)
    assert report.lines == ("1",)
    assert isinstance(alarm, CancelSeen)
    assert decide_sync(replace(facts, status=Status.SHIPPED), partly) == ()


def test_sts_06_method_payment_and_line_changes_are_not_taken_over() -> None:
    facts = replace(BASE, status=Status.AWAITING_SHIPMENT, holds=(), payment=Payment.PAID)
    changed = base_order(line("1", 9999, "別の配送方法"), line("77"), payment="cod")

    assert decide_sync(facts, changed) == ()


def test_sts_07_an_older_answer_never_undoes_anything() -> None:
    older = (base_order(dispatch=Dispatch.UNPAID), summary(Dispatch.UNPAID))
    paid = replace(BASE, payment=Payment.PAID, holds=(), status=Status.AWAITING_SHIPMENT)

    assert all(decide_sync(paid, answer) == () for answer in older)


@pytest.mark.parametrize("status", TOUCHED)
def test_sts_07_an_instruction_past_awaiting_shipment_is_left_alone(status: Status) -> None:
    """STS-10: but for a cancellation while it is under way, about which a person has to decide."""
    for facts, answer in product(
        (BASE, SHOP), (PAID, CANCELLED, base_order(dispatch=Dispatch.CANCELLED), None)
    ):
        changes = decide_sync(replace(facts, status=status), answer)

        late = status in UNDER_WAY and answer not in {PAID, None}
        assert [type(change) for change in changes] == ([CancelSeen] if late else [])
        assert decide_sync(replace(facts, status=status, returned=True), answer) == ()


@pytest.mark.parametrize("status", sorted(UNDER_WAY))
def test_sts_10_a_late_cancellation_is_said_once_and_can_be_taken_back(status: Status) -> None:
    facts = replace(SHOP, status=status, shop="books")
    (seen,) = decide_sync(facts, CANCELLED)
    silent = shopserve_order(status=replace(READY, cancelled=None))
    waiting = replace(facts, cart_cancel=CancelInCart.WAITING)
    (back,) = decide_sync(waiting, PAID)

    assert isinstance(seen, CancelSeen)
    assert "renkei orders cancel 10004217 --shop books" in seen.message
    assert "renkei orders release 10004217 --shop books --reason" in seen.message
    assert isinstance(back, CancelTakenBack)
    for known in (CancelInCart.WAITING, CancelInCart.OVERRULED):
        assert decide_sync(replace(facts, cart_cancel=known), CANCELLED) == ()
    assert decide_sync(waiting, silent) == ()
    assert decide_sync(facts, PAID) == ()


def test_imp_16_the_method_is_filled_in_once_the_cart_has_it() -> None:
    facts = replace(SHOP, payment=Payment.PAID, holds=(NO_METHOD,), delivery_method="")

    assert decide_sync(facts, shopserve_order()) == (
        FillDeliveryMethod("ヤマト運輸", Status.AWAITING_SHIPMENT, ()),
    )
    still_without = shopserve_order(destinations=(numbered(1, ""),))
    assert decide_sync(facts, still_without) == ()


def test_imp_16_the_method_is_that_of_the_instructions_own_destination() -> None:
    facts = replace(
        SHOP, payment=Payment.PAID, holds=(NO_METHOD,), delivery_method="", destination=2
    )
    other = shopserve_order(destinations=(numbered(1), numbered(2, "")))

    assert decide_sync(facts, other) == ()


def test_imp_16_paid_and_filled_in_at_once_releases_the_instruction() -> None:
    facts = replace(SHOP, holds=(WAITING, NO_METHOD), delivery_method="")

    assert decide_sync(facts, PAID) == (
        MarkPaid(Status.HOLD, (NO_METHOD,)),
        FillDeliveryMethod("ヤマト運輸", Status.AWAITING_SHIPMENT, ()),
    )


def test_imp_16_a_method_set_by_hand_is_not_overwritten() -> None:
    facts = replace(SHOP, payment=Payment.PAID, holds=(NO_METHOD,), delivery_method="手渡し")

    assert decide_sync(facts, shopserve_order()) == ()


def test_words_nobody_knows_change_nothing_and_are_reported() -> None:
    literal = BaseStatus(Dispatch.UNKNOWN, unknown_literals=("dispatch_status=lost",))
    for answer in (base_order(status=literal), summary(Dispatch.UNKNOWN)):
        (change,) = decide_sync(BASE, answer)
        assert isinstance(change, ReportUnknown)
        assert "dispatch_status" in change.message


def test_sts_02_a_transfer_on_a_list_row_has_to_be_read_whole_before_it_counts_as_paid() -> None:
    assert needs_whole(BASE, summary(Dispatch.ORDERED, payment="base_bt"))
    assert not needs_whole(BASE, summary(Dispatch.UNPAID, payment="base_bt"))
    assert not needs_whole(BASE, summary(Dispatch.ORDERED, payment="cvs"))
    paid = replace(BASE, payment=Payment.PAID)
    assert not needs_whole(paid, summary(Dispatch.ORDERED, payment="base_bt"))


def test_sts_06_a_row_whose_total_changed_has_to_be_read_whole() -> None:
    row = summary(Dispatch.UNPAID, total=900)

    assert needs_whole(BASE, row, cart_total_yen=1000)
    assert not needs_whole(BASE, row, cart_total_yen=900)
    assert needs_whole(replace(BASE, status=Status.WORKING), row, cart_total_yen=1000)
    assert not needs_whole(replace(BASE, status=Status.WORKING), row, cart_total_yen=900)
    assert not needs_whole(replace(BASE, status=Status.SHIPPED), row, cart_total_yen=1000)
