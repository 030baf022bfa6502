"""The run engine against a small model, under any order of what can happen to it.

The model knows only what a person would: which items a run has, and that each ends once. Everything
goes through the statements the workers use, on a real PostgreSQL.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

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
from sqlalchemy import Connection, Engine, text

from adapters.postgres import items, lanes, lost_items, planned_items, run_endings, runs, turns
from adapters.postgres.items import ClaimedItem, Ending
from adapters.postgres.planned_items import NewItem
from adapters.postgres.runs import ClaimedRun
from domain.actions import PRIORITY, Action
from domain.runs import FINAL_ITEM_STATES, ItemState, RunMode, final_state

ACTIONS = (Action.IMPORT_ORDERS, Action.SYNC_STOCK)
IN_FLIGHT = 2
ENDINGS = st.sampled_from(
    [
        Ending(ItemState.SUCCEEDED),
        Ending(ItemState.FAILED, "refused"),
        Ending(ItemState.SKIPPED, "not ours"),
        Ending(ItemState.DUE, "busy"),
        Ending(ItemState.DUE, "closed for now", spent=False),
    ]
)

_EXPIRE = [
    text("update run_items set lease_until = now() - interval '1 s' where lease_until > now()"),
    text("update runs set lease_until = now() - interval '1 s' where lease_until > now()"),
]
_engine: list[Engine] = []


@dataclass
class Model:
    """What must be true: items by (run, key), and how those that ended did."""

    planned: dict[int, set[str]] = field(default_factory=dict)
    ended: dict[tuple[int, str], str] = field(default_factory=dict)


class EngineMachine(RuleBasedStateMachine):
    """Plan, claim, renew, expire, end, postpone, park, flush, close: in any order."""

    pending: Bundle[int] = Bundle("pending")
    planning: Bundle[ClaimedRun] = Bundle("planning")
    queued: Bundle[int] = Bundle("queued")
    claims: Bundle[ClaimedItem] = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.engine = _engine[0]
        self.model = Model()
        self.shops: list[int] = []

    @initialize(target=pending)
    def two_shops_one_with_an_open_run(self) -> int:
        with self.engine.begin() as connection:
            connection.execute(text("truncate shops, runs, run_items, lanes cascade"))
            self.shops = [_shop(connection, name) for name in ("a", "b")]
        run_id = self.ask_for_a_run(0, ACTIONS[0])
        assert isinstance(run_id, int)
        claimed = self.claim_a_run(run_id)
        assert isinstance(claimed, ClaimedRun)
        self.record_a_plan(claimed, set("abc"), last=True)
        return run_id

    @rule(target=pending, shop=st.integers(0, 1), action=st.sampled_from(ACTIONS))
    def ask_for_a_run(self, shop: int, action: Action) -> int:
        with self.engine.begin() as connection:
            run_id = runs.insert(
                connection, shop_id=self.shops[shop], action=action, mode=RunMode.MANUAL
            )
        assert run_id is not None
        return run_id

    @rule(target=planning, run_id=pending)
    def claim_a_run(self, run_id: int) -> MultipleResults[ClaimedRun] | ClaimedRun:
        with self.engine.begin() as connection:
            claimed = runs.claim(connection, run_id)
        return multiple() if claimed is None else claimed

    @rule(run=planning, keys=st.sets(st.sampled_from("abcdef")), last=st.booleans())
    def record_a_plan(self, run: ClaimedRun, keys: set[str], last: bool) -> None:
        with self.engine.begin() as connection:
            if runs.record_step(connection, run, last=last, window=None, read_until=None, calls=0):
                new = [NewItem(key) for key in sorted(keys)]
                planned_items.insert(connection, run, PRIORITY[run.action], new)
                self.model.planned.setdefault(run.id, set()).update(keys)

    @rule(target=queued)
    def take_turns(self) -> MultipleResults[int]:
        with self.engine.begin() as connection:
            # Sorted: a run has to be repeatable, and the order of RETURNING is the planner's.
            return multiple(*sorted(item.id for item in turns.admit(connection)))

    @rule(target=claims, item_id=queued)
    def claim_an_item(self, item_id: int) -> MultipleResults[ClaimedItem] | ClaimedItem:
        """The same message may come twice: the bundle keeps it."""
        with self.engine.begin() as connection:
            claimed = items.claim(connection, item_id)
        return multiple() if claimed is None else claimed

    @rule(target=queued, item=claims, ending=ENDINGS)
    def end_a_claim(self, item: ClaimedItem, ending: Ending) -> MultipleResults[int] | int:
        """Also late, by a worker that lost the item long ago: the bundle keeps old claims."""
        with self.engine.begin() as connection:
            before = _state(connection, item.id)
            ended = items.end(connection, item, ending)
            if not ended.accepted:
                return multiple()
        assert before == (ItemState.RUNNING.value, item.generation)
        if ending.state in FINAL_ITEM_STATES:
            assert (item.run_id, item.key) not in self.model.ended
            self.model.ended[item.run_id, item.key] = ending.state.value
        return multiple() if ended.handed is None else ended.handed.id

    @rule(item=claims)
    def renew_a_lease(self, item: ClaimedItem) -> None:
        with self.engine.begin() as connection:
            ours = _state(connection, item.id) == (ItemState.RUNNING.value, item.generation)
            assert items.renew(connection, [(item.id, item.generation)]) == (
                {item.id} if ours else set()
            )

    @rule()
    def every_worker_dies_and_its_leases_end(self) -> None:
        with self.engine.begin() as connection:
            for expire in _EXPIRE:
                connection.execute(expire)
            lost_items.sweep(connection)
            runs.sweep(connection)

    @rule(target=queued)
    def redis_is_emptied(self) -> MultipleResults[int]:
        with self.engine.begin() as connection:
            return multiple(*sorted(item.id for item in turns.requeue_all(connection)))

    @rule(shop=st.integers(0, 1), parked=st.booleans())
    def turn_the_kill_switch(self, shop: int, parked: bool) -> None:
        with self.engine.begin() as connection:
            connection.execute(
                text("update shops set parked = :parked where id = :id"),
                {"parked": parked, "id": self.shops[shop]},
            )

    @rule(shop=st.integers(0, 1))
    def slow_a_shop_down(self, shop: int) -> None:
        with self.engine.begin() as connection:
            # How long ago the last one was must not decide: a run has to be repeatable.
            connection.execute(text("update lanes set slowed_at = null"))
            lanes.slow_down(connection, self.shops[shop])

    @rule(run_id=consumes(pending))
    def close_a_run(self, run_id: int) -> None:
        with self.engine.begin() as connection:
            closing = run_endings.lock_for_closing(connection, run_id)
            if closing is None:
                return
            state = final_state(closing.tally, closed=False, plan_failed=False)
            run_endings.close(connection, closing, state)
        ended = {key for run, key in self.model.ended if run == run_id}
        assert ended == self.model.planned.get(run_id, set())

    @invariant()
    def nothing_is_lost_or_ends_twice(self) -> None:
        if not self.shops:
            return
        with self.engine.begin() as connection:
            rows = connection.execute(text("select run_id, key, state from run_items")).all()
        planned = {(run, key) for run, keys in self.model.planned.items() for key in keys}
        assert {(row.run_id, row.key) for row in rows} == planned
        ended = {(row.run_id, row.key): row.state for row in rows if _final(row.state)}
        assert ended == self.model.ended

    @invariant()
    def each_shop_has_few_items_out_and_one_run_a_pair(self) -> None:
        with self.engine.begin() as connection:
            out = connection.execute(
                text(
                    "select max(n) from (select count(*) as n from run_items"
                    " where state in ('queued', 'running') group by shop_id) as counted"
                )
            ).scalar_one()
            pairs = connection.execute(
                text(
                    "select max(n) from (select count(*) as n from runs"
                    " where state in ('planning', 'open') group by shop_id, action) as counted"
                )
            ).scalar_one()
        assert (out or 0) <= IN_FLIGHT
        assert (pairs or 0) <= 1


def _final(state: str) -> bool:
    return ItemState(state) in FINAL_ITEM_STATES


def _state(connection: Connection, item_id: int) -> tuple[str, int]:
    row = connection.execute(
        text("select state, generation from run_items where id = :id"), {"id": item_id}
    ).one()
    return row.state, row.generation


def _shop(connection: Connection, key: str) -> int:
    shop_id: int = connection.execute(
        text(
            "insert into shops (merchant_id, key, cart, name, api_url, auth_url, credentials,"
            " calls_per_second, in_flight) select id, :key, 'thebase', :key, 'http://127.0.0.1',"
            " 'http://127.0.0.1', '', 1, :in_flight from merchants where key = 'default'"
            " returning id"
        ),
        {"key": key, "in_flight": IN_FLIGHT},
    ).scalar_one()
    connection.execute(text("insert into lanes (shop_id) values (:id)"), {"id": shop_id})
    return shop_id


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
            max_examples=60,
            stateful_step_count=60,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
