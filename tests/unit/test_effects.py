"""Effects that happen at most once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.carts.cart import Cart, call_deadline_s
from domain.engine.effects import (
    EffectState,
    after_reading,
    may_retry_unknown,
    must_read_first,
    sources,
)
from domain.errors import ApiFamily
from tests.unit.samples import NOON

S = EffectState
ALLOWED = {
    (S.PLANNED, S.SENT),
    (S.PLANNED, S.CONFIRMED),
    (S.SENT, S.CONFIRMED),
    (S.SENT, S.UNKNOWN),
    (S.SENT, S.PLANNED),
    (S.UNKNOWN, S.CONFIRMED),
    (S.UNKNOWN, S.PLANNED),
}


@pytest.mark.parametrize(("current", "to"), list(product(S, S)))
def test_ret_05_an_effect_moves_only_along_the_ledger(
    current: EffectState, to: EffectState
) -> None:
    assert (current in sources(to)) is ((current, to) in ALLOWED)


def test_ret_05_only_a_planned_effect_is_sent_and_a_lost_one_is_read_first() -> None:
    assert sources(S.SENT) == {S.PLANNED}
    assert [state for state in S if must_read_first(state)] == [S.SENT, S.UNKNOWN]


def test_ret_05_a_lost_call_may_still_arrive_until_thirty_seconds_after_its_deadline() -> None:
    assert not may_retry_unknown(NOON, 60, NOON + timedelta(seconds=89))
    assert may_retry_unknown(NOON, 60, NOON + timedelta(seconds=90))


@pytest.mark.parametrize(
    ("happened", "waited_s", "state"),
    [
        pytest.param(True, 0, S.CONFIRMED, id="seen: believed at once"),
        pytest.param(False, 10, S.UNKNOWN, id="not seen yet: too early to tell"),
        pytest.param(False, 90, S.PLANNED, id="not seen after the deadline: did not happen"),
        pytest.param(None, 9999, S.UNKNOWN, id="the read does not tell"),
    ],
)
def test_ret_05_a_read_settles_an_unknown_effect(
    happened: bool | None, waited_s: int, state: EffectState
) -> None:
    assert after_reading(NOON, 60, NOON + timedelta(seconds=waited_s), happened=happened) is state


def test_the_deadlines_are_those_of_the_contract() -> None:
    assert (
        call_deadline_s(Cart.BASE, ApiFamily.ORDERS)
        == call_deadline_s(Cart.BASE, ApiFamily.STOCK)
        == 20
    )
    assert call_deadline_s(Cart.SHOPSERVE, ApiFamily.ORDERS) == 60
    assert call_deadline_s(Cart.SHOPSERVE, ApiFamily.STOCK) == 20


@dataclass
class Remote:
    """A cart that charges for every request it receives, up to a deadline after it was sent."""

    arrivals: list[datetime]

    def charged(self, now: datetime) -> bool:
        return any(at <= now for at in self.arrivals)


@given(
    attempts=st.lists(
        st.tuples(st.sampled_from(["answered", "lost", "never"]), st.floats(0, 60)), max_size=12
    ),
    pauses=st.lists(st.floats(0.1, 120), min_size=12, max_size=12),
)
def test_ret_05_no_sequence_of_lost_answers_charges_twice(
    attempts: list[tuple[str, float]], pauses: list[float]
) -> None:
    state, now, sent_at = S.PLANNED, NOON, NOON
    remote = Remote([])
    for (fate, delay_s), pause_s in zip(attempts, pauses, strict=False):
        now += timedelta(seconds=pause_s)
        if must_read_first(state):
            state = after_reading(sent_at, 60, now, happened=remote.charged(now))
        if state in sources(S.SENT):
            sent_at = now
            if fate != "never":
                remote.arrivals.append(now + timedelta(seconds=delay_s))
            state = S.CONFIRMED if fate == "answered" else S.UNKNOWN

    assert len(remote.arrivals) <= 1
