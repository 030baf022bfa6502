"""How runs end, and when unfinished orders are looked at again."""

from datetime import timedelta

import pytest

from domain.engine.runs import FINAL_RUN_STATES, RunMode, RunState, Tally, final_state, shown_state
from domain.orders.eligibility import TaskState, may_look, next_look
from tests.unit.samples import NOON


@pytest.mark.parametrize(
    ("tally", "state"),
    [
        pytest.param(Tally(), RunState.SUCCEEDED, id="nothing to do"),
        pytest.param(Tally(succeeded=3, skipped=2), RunState.SUCCEEDED, id="skips are no failures"),
        pytest.param(Tally(succeeded=3, failed=1), RunState.PARTLY_FAILED, id="some failed"),
        pytest.param(Tally(failed=1, skipped=4), RunState.FAILED, id="nothing succeeded"),
    ],
)
def test_a_run_ends_as_its_items_did(tally: Tally, state: RunState) -> None:
    assert final_state(tally, closed=False, plan_failed=False) is state


def test_a_run_whose_list_could_not_be_read_has_failed() -> None:
    assert final_state(Tally(), closed=False, plan_failed=True) is RunState.FAILED


def test_cls_01_a_run_that_met_a_closure_is_closed_whatever_else_happened() -> None:
    for tally in (Tally(), Tally(succeeded=2, failed=1), Tally(failed=1)):
        assert final_state(tally, closed=True, plan_failed=True) is RunState.CLOSED


def test_people_see_an_unfinished_run_as_running_or_parked() -> None:
    for state in RunState:
        shown = (shown_state(state, parked=False), shown_state(state, parked=True))
        expected = (state.value,) * 2 if state in FINAL_RUN_STATES else ("running", "parked")
        assert shown == expected


@pytest.mark.parametrize(
    ("state", "permanent", "pause"),
    [
        pytest.param(TaskState.FAILED, True, timedelta(hours=1), id="a broken rule: hourly"),
        pytest.param(TaskState.FAILED, False, None, id="an outage: at once"),
        pytest.param(TaskState.WAITING, False, timedelta(minutes=10), id="not workable yet"),
        pytest.param(TaskState.LISTED, False, None, id="not looked at yet: at once"),
    ],
)
def test_imp_12_scheduled_runs_look_again_at_most_once_an_hour(
    state: TaskState, permanent: bool, pause: timedelta | None
) -> None:
    again = next_look(state, permanent=permanent, at=NOON)

    assert again == (None if pause is None else NOON + pause)


def test_imp_12_a_broken_order_is_left_its_pause_by_scheduled_runs_only() -> None:
    later = NOON + timedelta(seconds=1)

    assert not may_look(later, RunMode.SCHEDULED, NOON)
    assert may_look(later, RunMode.SCHEDULED, later)
    assert may_look(None, RunMode.SCHEDULED, NOON)
    assert may_look(later, RunMode.MANUAL, NOON)
