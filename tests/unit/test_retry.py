"""Try again, wait or give up."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.engine.retry import Decision, GiveUp, RetryAt, RetryPolicy, WaitUntil, decide
from domain.errors import (
    ApiFamily,
    AuthenticationFailed,
    BrokenRule,
    BudgetSpent,
    Closed,
    LeaseLost,
    NotFound,
    OutcomeUnknown,
    Rejected,
    RemoteBusy,
    RemoteDown,
    SwitchedOff,
    Undecodable,
)
from tests.unit.samples import NOON

LATER = NOON + timedelta(hours=1)
POLICY = RetryPolicy(max_attempts=5, first_delay_s=1, longest_delay_s=60)


def after(error: BaseException, attempt: int = 1, jitter: float = 1.0) -> Decision:
    return POLICY.decide(error, attempt=attempt, jitter=jitter, now=NOON)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(Closed("closed", api=ApiFamily.ORDERS, until=LATER), id="closure"),
        pytest.param(BudgetSpent("spent", until=LATER, limit="hour"), id="budget"),
        pytest.param(SwitchedOff("parked", until=LATER), id="kill switch"),
        pytest.param(RemoteBusy("come back", retry_after_s=3600), id="a long Retry-After"),
    ],
)
def test_cls_03_postponed_work_spends_no_attempt_however_often(error: BaseException) -> None:
    for attempt in (1, 5, 500):
        assert after(error, attempt) == WaitUntil(LATER)


def test_cls_9_a_wait_of_days_is_looked_at_again_after_a_quarter_of_an_hour() -> None:
    busy = RemoteBusy("come back", retry_after_s=999_999)

    assert after(busy, 1) == WaitUntil(NOON + timedelta(minutes=15))


def test_cls_01_a_closure_without_a_known_end_waits_without_a_time() -> None:
    assert after(Closed("closed", api=ApiFamily.STOCK)) == WaitUntil(None)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(Rejected("refused"), id="refused"),
        pytest.param(NotFound("unknown item"), id="unknown"),
        pytest.param(AuthenticationFailed("bad key"), id="authentication"),
        pytest.param(Undecodable("no JSON"), id="undecodable"),
        pytest.param(BrokenRule("no code"), id="rule broken"),
    ],
)
def test_cls_03_permanent_failures_are_dead_letters_at_once(error: BaseException) -> None:
    assert after(error) == GiveUp(str(error), unexpected=False)


@pytest.mark.parametrize(
    "error", [KeyError("x"), ValueError("y"), LeaseLost("gone"), RecursionError("z")]
)
def test_cls_03_anything_unexpected_is_a_bug_and_a_dead_letter_at_once(
    error: BaseException,
) -> None:
    decision = after(error)

    assert isinstance(decision, GiveUp)
    assert decision.unexpected
    assert type(error).__name__ in decision.reason


@pytest.mark.parametrize("error", [RemoteDown("503"), OutcomeUnknown("lost"), RemoteBusy("429")])
def test_cls_03_transient_failures_are_tried_again_up_to_a_bound(error: BaseException) -> None:
    assert all(isinstance(after(error, attempt), RetryAt) for attempt in (1, 2, 3, 4))
    final = after(error, 5)
    assert isinstance(final, GiveUp)
    assert not final.unexpected
    assert "5 attempts" in final.reason


def test_cls_03_waits_double_up_to_the_longest() -> None:
    policy = RetryPolicy(max_attempts=99, first_delay_s=1, longest_delay_s=60)
    waits = []
    for attempt in range(1, 10):
        decision = policy.decide(RemoteDown("503"), attempt=attempt, jitter=1, now=NOON)
        assert isinstance(decision, RetryAt)
        waits.append((decision.at - NOON).total_seconds())

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_cls_03_the_carts_own_wait_is_honoured() -> None:
    assert after(RemoteBusy("429", retry_after_s=40)) == RetryAt(NOON + timedelta(seconds=40))
    quarter = RemoteBusy("429", retry_after_s=900)
    assert after(quarter) == RetryAt(NOON + timedelta(seconds=900))


@given(attempt=st.integers(1, 10**9), jitter=st.floats(-1, 2))
def test_cls_03_jitter_spreads_a_wait_over_its_upper_half(attempt: int, jitter: float) -> None:
    policy = RetryPolicy(max_attempts=10**10, first_delay_s=2, longest_delay_s=60)

    decision = policy.decide(RemoteDown("503"), attempt=attempt, jitter=jitter, now=NOON)

    full = policy.decide(RemoteDown("503"), attempt=attempt, jitter=1, now=NOON)
    assert isinstance(decision, RetryAt)
    assert isinstance(full, RetryAt)
    assert (full.at - NOON) / 2 <= decision.at - NOON <= full.at - NOON <= timedelta(seconds=60)


def test_cls_03_unless_told_otherwise_there_are_five_attempts_of_up_to_a_minute_apart() -> None:
    assert RetryPolicy() == POLICY
    assert decide(RemoteDown("503"), attempt=1, jitter=0, now=NOON) == RetryAt(
        NOON + timedelta(seconds=0.5)
    )
    assert decide(RemoteBusy("429"), attempt=1, jitter=0, now=NOON) == RetryAt(
        NOON + timedelta(seconds=0.5)
    )
