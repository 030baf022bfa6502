"""Actions, their words, and when robots run."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.actions import ACTIONS, Action, actions_of
from domain.carts.cart import Cart
from domain.engine.cadence import TOKYO, Cadence
from domain.engine.runs import Tally, ended_line
from domain.errors import BrokenRule
from tests.unit.samples import NOON

moments = st.integers(1_700_000_000, 1_900_000_000).map(lambda s: datetime.fromtimestamp(s, UTC))


def test_base_has_nothing_to_confirm_and_no_folder_to_complete_into() -> None:
    assert set(Action) - set(actions_of(Cart.BASE)) == {
        Action.CONFIRM_ORDERS,
        Action.COMPLETE_ORDERS,
    }
    assert set(actions_of(Cart.SHOPSERVE)) == set(Action)


def test_cls_02_shipments_come_first_then_orders_then_status_then_stock() -> None:
    order = sorted(Action, key=lambda action: ACTIONS[action].priority)

    assert order[0] is Action.RETURN_SHIPMENTS
    assert set(order[1:4]) == {
        Action.IMPORT_ORDERS,
        Action.CONFIRM_ORDERS,
        Action.COMPLETE_ORDERS,
    }
    assert order[4:] == [Action.SYNC_STATUS, Action.SYNC_STOCK]


def test_log_01_a_run_ends_with_the_line_operators_know() -> None:
    line = ended_line(ACTIONS[Action.IMPORT_ORDERS].label, Tally(succeeded=3, failed=1))

    assert line == "出荷指示データ取得アクションが終了しました。(成功:3失敗:1)"
    assert [facts.label for facts in ACTIONS.values()] == [
        "出荷指示データ取得",
        "確認ステータス更新",
        "ステータス同期",
        "出荷実績戻し",
        "取引完了フォルダ移動",
        "在庫連携",
    ]


def test_only_stock_belongs_to_the_stock_category() -> None:
    assert {action for action in Action if ACTIONS[action].category == "在庫"} == {
        Action.SYNC_STOCK
    }
    assert ACTIONS[Action.RETURN_SHIPMENTS].category == "出荷"


@pytest.mark.parametrize(
    ("action", "cadence"),
    [
        pytest.param(Action.IMPORT_ORDERS, "300s", id="imports every five minutes"),
        pytest.param(Action.SYNC_STOCK, "300s", id="stock every five minutes"),
        pytest.param(Action.SYNC_STATUS, "600s", id="status every ten minutes"),
        pytest.param(Action.CONFIRM_ORDERS, "600s", id="confirm every ten minutes"),
        pytest.param(Action.RETURN_SHIPMENTS, "18:00", id="shipments in the evening"),
        pytest.param(Action.COMPLETE_ORDERS, "19:00", id="completion an hour later"),
    ],
)
def test_a_fresh_robot_has_the_documented_cadence(action: Action, cadence: str) -> None:
    assert str(ACTIONS[action].cadence) == cadence


@pytest.mark.parametrize(
    ("text", "cadence"),
    [
        pytest.param("300s", Cadence(every_s=300), id="seconds"),
        pytest.param("45", Cadence(every_s=45), id="a bare number is seconds"),
        pytest.param(" 5m ", Cadence(every_s=300), id="minutes, blanks around"),
        pytest.param("2h", Cadence(every_s=7200), id="hours"),
        pytest.param("18:00", Cadence(at=time(18, 0)), id="a time of day"),
        pytest.param("9:05", Cadence(at=time(9, 5)), id="one digit for the hour"),
    ],
)
def test_a_cadence_is_read_as_people_write_it(text: str, cadence: Cadence) -> None:
    assert Cadence.parse(text) == cadence
    assert Cadence.parse(str(cadence)) == cadence


@pytest.mark.parametrize("text", ["", "0s", "-5m", "24:00", "18:60", "5 minutes", "8d", "9999999s"])
def test_anything_else_is_refused_as_a_cadence(text: str) -> None:
    with pytest.raises(BrokenRule):
        Cadence.parse(text)


def test_a_cadence_is_an_interval_or_a_time_never_both() -> None:
    for every_s, at in ((None, None), (60, time(18, 0))):
        with pytest.raises(BrokenRule):
            Cadence(every_s=every_s, at=at)


def test_the_first_slot_is_one_interval_after_the_shop_was_added() -> None:
    assert Cadence(every_s=300).next_slot(NOON, NOON) == NOON + timedelta(seconds=300)
    long_ago = NOON - timedelta(days=1)
    assert Cadence(every_s=300).next_slot(long_ago, NOON) == NOON + timedelta(seconds=300)


@given(
    every_s=st.integers(1, 7 * 86400),
    anchor=moments,
    passed=st.timedeltas(max_value=timedelta(900)),
)
def test_missed_slots_are_not_made_up(every_s: int, anchor: datetime, passed: timedelta) -> None:
    after = anchor + max(timedelta(0), passed)

    slot = Cadence(every_s=every_s).next_slot(after, anchor)

    assert after < slot <= after + timedelta(seconds=every_s)
    assert (slot - anchor) % timedelta(seconds=every_s) == timedelta(0)


@given(after=moments, hour=st.integers(0, 23), minute=st.integers(0, 59))
def test_a_daily_slot_is_tokyo_wall_time_within_the_next_day(
    after: datetime, hour: int, minute: int
) -> None:
    slot = Cadence(at=time(hour, minute)).next_slot(after, after)

    assert after < slot <= after + timedelta(days=1)
    assert slot.astimezone(TOKYO).time() == time(hour, minute)
    assert slot.tzinfo is UTC
