"""Which orders are imported, and what is said about the others."""

from dataclasses import replace

import pytest

from domain.errors import Undecodable
from domain.orders.cart_order import (
    BaseStatus,
    CartOrder,
    Dispatch,
    Folder,
    LineState,
    ShopServeStatus,
)
from domain.orders.conversion import ShopTables, convert
from domain.orders.eligibility import Skip, Take, judge_summary, judge_whole
from tests.unit.samples import READY, base_order, line, shop_line, shopserve_order, summary


def test_imp_05_an_unconfirmed_order_of_the_ledger_is_taken() -> None:
    assert judge_whole(shopserve_order()) == Take()


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        pytest.param(replace(READY, test=True), "テスト注文", id="a test order"),
        pytest.param(replace(READY, cancelled=True), "キャンセル", id="cancelled by flag"),
        pytest.param(replace(READY, confirmed=True), "確認済", id="confirmed already"),
        pytest.param(replace(READY, folder=Folder.COMPLETED), "取引完了", id="completed"),
        pytest.param(replace(READY, folder=Folder.CANCELED), "キャンセル", id="cancel folder"),
        pytest.param(replace(READY, folder=Folder.TRASH), "ごみ箱", id="thrown away"),
    ],
)
def test_imp_05_other_shopserve_orders_are_left_for_good(
    status: ShopServeStatus, reason: str
) -> None:
    verdict = judge_whole(shopserve_order(status=status))

    assert isinstance(verdict, Skip)
    assert reason in verdict.reason
    assert not verdict.remember


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(replace(READY, confirmed=None), id="confirm status"),
        pytest.param(replace(READY, folder=Folder.UNKNOWN), id="folder"),
        pytest.param(replace(READY, cancelled=None), id="cancel flag"),
        pytest.param(replace(READY, test=None), id="test order flag"),
    ],
)
def test_imp_05_a_word_nobody_knows_is_not_guessed_at_but_looked_at_again(
    status: ShopServeStatus,
) -> None:
    verdict = judge_whole(shopserve_order(status=status))

    assert isinstance(verdict, Skip)
    assert verdict.remember


def test_imp_05_a_strange_word_it_does_not_depend_on_keeps_no_order_out() -> None:
    status = replace(READY, unknown_literals=("settlement_status=Half",))
    order = shopserve_order(status=status)

    assert judge_whole(order) == Take()
    (warning,) = convert(order, ShopTables()).warnings
    assert "settlement_status=Half" in warning


@pytest.mark.parametrize("dispatch", [Dispatch.UNPAID, Dispatch.ORDERED])
def test_imp_05_waiting_and_open_base_orders_are_taken(dispatch: Dispatch) -> None:
    assert judge_whole(base_order(dispatch=dispatch)) == Take()
    assert judge_summary(summary(dispatch)) == Take()


@pytest.mark.parametrize(
    ("dispatch", "remember"),
    [
        pytest.param(Dispatch.UNSHIPPABLE, True, id="not workable yet: looked at again"),
        pytest.param(Dispatch.UNKNOWN, True, id="unknown word: looked at again"),
        pytest.param(Dispatch.SHIPPING, False, id="on its way"),
        pytest.param(Dispatch.DISPATCHED, False, id="dispatched"),
        pytest.param(Dispatch.CANCELLED, False, id="cancelled"),
    ],
)
def test_imp_05_other_base_orders_are_skipped(dispatch: Dispatch, remember: bool) -> None:
    for verdict in (judge_summary(summary(dispatch)), judge_whole(base_order(dispatch=dispatch))):
        assert isinstance(verdict, Skip)
        assert verdict.remember is remember


def test_imp_05_an_order_with_a_dispatched_line_is_in_work_and_not_imported() -> None:
    verdict = judge_whole(base_order(line("1"), line("2", state=LineState.DISPATCHED)))

    assert isinstance(verdict, Skip)
    assert "対応中" in verdict.reason


GONE = line("1", state=LineState.CANCELLED)


@pytest.mark.parametrize("dispatch", [Dispatch.UNPAID, Dispatch.ORDERED])
def test_imp_05_a_partly_cancelled_order_waits_for_a_person_and_is_remembered(
    dispatch: Dispatch,
) -> None:
    verdict = judge_whole(base_order(GONE, line("2"), dispatch=dispatch))

    assert isinstance(verdict, Skip)
    assert verdict.remember
    assert verdict.needs_person
    assert "一部キャンセル" in verdict.reason
    assert "import_partly_cancelled=on" in verdict.reason


@pytest.mark.parametrize("dispatch", [Dispatch.UNPAID, Dispatch.ORDERED])
def test_imp_05_a_partly_cancelled_order_is_imported_where_the_shop_wants_it(
    dispatch: Dispatch,
) -> None:
    order = base_order(GONE, line("2"), dispatch=dispatch)

    assert judge_whole(order, import_partly_cancelled=True) == Take()


@pytest.mark.parametrize("wanted", [True, False])
def test_imp_05_an_order_of_which_no_line_is_left_is_never_imported(wanted: bool) -> None:
    verdict = judge_whole(base_order(GONE), import_partly_cancelled=wanted)

    assert isinstance(verdict, Skip)
    assert not verdict.remember


@pytest.mark.parametrize("wanted", [True, False])
def test_imp_05_a_dispatched_line_counts_before_a_cancelled_one(wanted: bool) -> None:
    order = base_order(GONE, line("2", state=LineState.DISPATCHED), line("3"))

    verdict = judge_whole(order, import_partly_cancelled=wanted)

    assert isinstance(verdict, Skip)
    assert not verdict.needs_person


def test_imp_05_a_line_in_an_unknown_state_keeps_the_order_out_for_now() -> None:
    verdict = judge_whole(base_order(line("1"), line("2", state=LineState.UNKNOWN)))

    assert isinstance(verdict, Skip)
    assert verdict.remember


def test_imp_08_every_skip_says_why_in_one_line() -> None:
    verdicts = [judge_summary(summary(dispatch)) for dispatch in Dispatch]
    literal = BaseStatus(Dispatch.UNKNOWN, unknown_literals=("dispatch_status=lost",))
    verdicts.append(judge_whole(base_order(status=literal)))

    reasons = [verdict.reason for verdict in verdicts if isinstance(verdict, Skip)]

    assert len(reasons) == 6
    assert all(reason.strip() and "\n" not in reason for reason in reasons)
    assert "dispatch_status=lost" in reasons[-1]


@pytest.mark.parametrize("order", [shopserve_order(), base_order()], ids=["shopserve", "base"])
def test_imp_05_an_order_without_lines_is_no_order_whose_lines_are_cancelled(
    order: CartOrder,
) -> None:
    with pytest.raises(Undecodable, match="no lines"):
        judge_whole(replace(order, lines=()))


def test_imp_15_a_destination_without_lines_is_half_an_order() -> None:
    order = shopserve_order(shop_line(destination=1), shop_line(destination=2))

    with pytest.raises(Undecodable, match="destination 2"):
        judge_whole(replace(order, lines=order.lines[:1]))


def test_imp_05_a_line_without_pieces_is_undecodable_unless_it_is_cancelled() -> None:
    gone = replace(line("1", state=LineState.CANCELLED), quantity=0)

    assert judge_whole(base_order(gone, line("2")), import_partly_cancelled=True) == Take()
    with pytest.raises(Undecodable, match="line 2 has no pieces"):
        judge_whole(base_order(line("1"), replace(line("2"), quantity=0)))


def test_imp_05_what_is_not_taken_anyway_may_lack_its_lines() -> None:
    order = shopserve_order(status=replace(READY, cancelled=True))

    assert isinstance(judge_whole(replace(order, lines=())), Skip)
