"""The run engine against a small model, under any order of what can happen to it.

The steps and what each has to keep are in engine_steps.py. At the end of every order of events all
obstacles are removed, and everything has to come to its end.
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine

from adapters.postgres.engine.items import ClaimedItem, Ending
from adapters.postgres.engine.runs import ClaimedRun
from domain.actions import Action
from domain.engine.runs import ItemState
from tests.component import engine_rows as rows
from tests.component.engine_steps import DONE, Steps

SHOPS = st.integers(0, 1)
ENDINGS = st.sampled_from(
    [
        Ending(ItemState.SUCCEEDED),
        Ending(ItemState.FAILED, "refused"),
        Ending(ItemState.SKIPPED, "not ours"),
        Ending(ItemState.DUE, "busy"),
        Ending(ItemState.DUE, "closed for now", spent=False),
    ]
)

_engine: list[Engine] = []


class EngineMachine(RuleBasedStateMachine):
    """Plan, claim, renew, expire, end, postpone, park, block, flush, close: in any order."""

    pending: Bundle[int] = Bundle("pending")
    planning: Bundle[ClaimedRun] = Bundle("planning")
    queued: Bundle[int] = Bundle("queued")
    claims: Bundle[ClaimedItem] = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.steps = Steps(_engine[0])
        self.shops = self.steps.shops
        self.first = self.steps.ask_for_a_run(self.shops[0], DONE[0])
        run = self.steps.claim_a_run(self.first)
        assert run is not None
        self.steps.record_a_plan(run, set("abcde"), last=True)
        self.notes = self.steps.take_turns()
        assert self.notes

    @initialize(target=pending)
    def an_open_run(self) -> int:
        return self.first

    @initialize(target=queued)
    def its_first_notes(self) -> MultipleResults[int]:
        return multiple(*self.notes)

    @initialize(target=claims)
    def the_first_of_them_taken(self) -> MultipleResults[ClaimedItem] | ClaimedItem:
        return self.claim_an_item(self.notes[0])

    @initialize(target=planning)
    def another_run_being_planned(self) -> MultipleResults[ClaimedRun] | ClaimedRun:
        return self.claim_a_run(self.steps.ask_for_a_run(self.shops[1], DONE[1]))

    @rule(target=pending, shop=SHOPS, action=st.sampled_from(DONE))
    def ask_for_a_run(self, shop: int, action: Action) -> int:
        return self.steps.ask_for_a_run(self.shops[shop], action)

    @rule(target=planning, run_id=pending)
    def claim_a_run(self, run_id: int) -> MultipleResults[ClaimedRun] | ClaimedRun:
        claimed = self.steps.claim_a_run(run_id)
        return multiple() if claimed is None else claimed

    @rule(run=planning, keys=st.sets(st.sampled_from("abcdef")), last=st.booleans())
    def record_a_plan(self, run: ClaimedRun, keys: set[str], last: bool) -> None:
        self.steps.record_a_plan(run, keys, last=last)

    @rule(run=planning, dated=st.booleans(), spent=st.booleans())
    def put_a_plan_back(self, run: ClaimedRun, dated: bool, spent: bool) -> None:
        self.steps.put_a_plan_back(run, dated=dated, spent=spent)

    @rule(item=claims)
    def a_worker_finds_the_cart_closed(self, item: ClaimedItem) -> None:
        self.steps.carry_over(item.run_id)

    @rule(target=queued)
    def take_turns(self) -> MultipleResults[int]:
        return multiple(*self.steps.take_turns())

    @rule(target=claims, item_id=queued)
    def claim_an_item(self, item_id: int) -> MultipleResults[ClaimedItem] | ClaimedItem:
        """The same message may come twice: the bundle keeps it."""
        claimed = self.steps.claim_an_item(item_id)
        return multiple() if claimed is None else claimed

    @rule(target=queued, item=claims, ending=ENDINGS, dated=st.booleans())
    def end_a_claim(self, item: ClaimedItem, ending: Ending, dated: bool) -> MultipleResults[int]:
        """Also late, by a worker that lost the item long ago: the bundle keeps old claims."""
        return multiple(*self.steps.end_a_claim(item, ending, dated=dated))

    @rule(item=claims)
    def renew_a_lease(self, item: ClaimedItem) -> None:
        self.steps.renew_a_lease(item)

    @rule(target=queued)
    def every_worker_dies_and_its_leases_end(self) -> MultipleResults[int]:
        return multiple(*self.steps.every_lease_ends())

    @rule(target=queued, item_id=queued)
    def one_lease_ends(self, item_id: int) -> MultipleResults[int]:
        return multiple(*self.steps.one_lease_ends(item_id))

    @rule(target=claims, item=claims)
    def a_claim_is_lost_and_taken_again(self, item: ClaimedItem) -> MultipleResults[ClaimedItem]:
        """And whatever else has room with it; then its first owner comes late."""
        self.steps.one_lease_ends(item.id)
        taken = [self.steps.claim_an_item(note) for note in self.steps.take_turns()]
        assert self.steps.end_a_claim(item, Ending(ItemState.SUCCEEDED)) == []
        return multiple(*(claim for claim in taken if claim is not None))

    @rule(target=queued)
    def redis_is_emptied(self) -> MultipleResults[int]:
        return multiple(*self.steps.redis_is_emptied())

    # What is in the way shows at once where everything has to be sent again.
    @rule(target=queued, shop=SHOPS, action=st.sampled_from([*DONE, None]))
    def a_kill_switch_is_turned(self, shop: int, action: Action | None) -> MultipleResults[int]:
        self.steps.turn_a_kill_switch(self.shops[shop], action, parked=True)
        return multiple(*self.steps.every_lease_ends(), *self.steps.take_turns())

    @rule(target=queued, shop=SHOPS, priority=st.sampled_from([1, 3]))
    def a_lane_is_blocked(self, shop: int, priority: int) -> MultipleResults[int]:
        self.steps.block_a_lane(self.shops[shop], priority)
        return multiple(*self.steps.every_lease_ends(), *self.steps.take_turns())

    @rule(shop=SHOPS)
    def a_shop_is_slowed_down(self, shop: int) -> None:
        self.steps.slow_a_shop_down(self.shops[shop])

    @rule(shop=SHOPS, action=st.sampled_from([None, *DONE]))
    def a_kill_switch_is_released(self, shop: int, action: Action | None) -> None:
        self.steps.turn_a_kill_switch(self.shops[shop], action, parked=False)

    @rule()
    def time_passes(self) -> None:
        self.steps.time_passes()
        self.steps.slowed_down_shops_recover()

    @rule(run_id=consumes(pending))
    def close_a_run(self, run_id: int) -> None:
        self.steps.close_a_run(run_id)

    @invariant()
    def nothing_is_lost_or_ends_twice_and_few_are_out(self) -> None:
        model = self.steps.model
        with self.steps.engine.begin() as connection:
            found = rows.everything(connection)
            out, under_way = rows.most_at_once(connection)
        assert set(found) == {(run, key) for run, keys in model.planned.items() for key in keys}
        ended = {place: state for place, state in found.items() if rows.final(state)}
        assert ended == model.ended
        assert out <= rows.IN_FLIGHT
        assert under_way <= 1

    def teardown(self) -> None:
        self.steps.everything_ends()
        self.nothing_is_lost_or_ends_twice_and_few_are_out()


@pytest.fixture
def machine_database(engine: Engine) -> Iterator[None]:
    _engine.append(engine)
    yield
    _engine.clear()


@pytest.mark.usefixtures("machine_database")
def test_cls_7_no_order_of_events_loses_an_item_or_ends_it_twice() -> None:
    run_state_machine_as_test(
        EngineMachine,
        settings=settings(
            max_examples=50,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
