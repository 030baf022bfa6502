"""What can happen to the run engine, step by step, each held against a small model.

The model knows only what a person would: which items a run has, that each ends once, what may not
be sent now. Every step goes through the statements the workers use, on a real PostgreSQL.
"""

from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, Engine

from adapters.postgres.engine import (
    items,
    lanes,
    planned_items,
    recovery,
    run_endings,
    runs,
)
from adapters.postgres.engine.items import ClaimedItem, Ending, QueuedItem
from adapters.postgres.engine.planned_items import NewItem
from adapters.postgres.engine.runs import ClaimedRun
from domain.actions import ACTIONS, Action
from domain.engine.runs import FINAL_ITEM_STATES, ItemState, RunMode, RunState, final_state
from domain.errors import LeaseLost
from tests.component import engine_rows as rows

DONE = (Action.IMPORT_ORDERS, Action.SYNC_STOCK)

_DONE = Ending(ItemState.SUCCEEDED)
_GIVEN_UP = Ending(ItemState.FAILED, "its workers died")


@dataclass
class Model:
    """What must be true: items by (run, key), how those that ended did, what has to wait."""

    planned: dict[int, set[str]] = field(default_factory=dict)
    ended: dict[tuple[int, str], str] = field(default_factory=dict)
    waiting_items: set[int] = field(default_factory=set)
    waiting_runs: set[int] = field(default_factory=set)
    parked: set[tuple[int, Action | None]] = field(default_factory=set)
    blocked: dict[int, int] = field(default_factory=dict)

    def works(self, shop_id: int, action: Action) -> bool:
        """Tell whether no kill switch is on."""
        return not {(shop_id, None), (shop_id, action)} & self.parked

    def end(self, run_id: int, key: str, state: ItemState) -> None:
        """Note the one end of an item."""
        assert (run_id, key) not in self.ended
        self.ended[run_id, key] = state.value


class Steps:
    """Everything that can happen to two shops."""

    def __init__(self, engine: Engine) -> None:
        """Begin with two shops and nothing to do."""
        self.engine = engine
        self.model = Model()
        with engine.begin() as connection:
            rows.forget_everything(connection)
            self.shops = [rows.new_shop(connection, name, DONE) for name in ("a", "b")]

    def ask_for_a_run(self, shop_id: int, action: Action) -> int:
        """Ask for a run as a person does."""
        with self.engine.begin() as connection:
            run_id = runs.insert(connection, shop_id=shop_id, action=action, mode=RunMode.MANUAL)
        assert run_id is not None
        return run_id

    def claim_a_run(self, run_id: int) -> ClaimedRun | None:
        """Take a run for planning."""
        with self.engine.begin() as connection:
            before, _ = rows.run_state(connection, run_id)
            claimed = runs.claim(connection, run_id)
        if claimed is not None:
            assert before == RunState.PENDING
            assert run_id not in self.model.waiting_runs
            assert self.model.works(claimed.shop_id, Action(claimed.action))
        return claimed

    def record_a_plan(self, run: ClaimedRun, keys: set[str], *, last: bool) -> None:
        """Record a step of a plan, perhaps late."""
        with self.engine.begin() as connection:
            ours = _plans(connection, run)
            with rows.refused_unless(ours):
                runs.record_step(connection, run, last=last, window=None, read_until=None, calls=0)
            if ours:
                new = [NewItem(key) for key in sorted(keys)]
                planned_items.insert(connection, run, ACTIONS[Action(run.action)].priority, new)
                self.model.planned.setdefault(run.id, set()).update(keys)

    def put_a_plan_back(self, run: ClaimedRun, *, dated: bool, spent: bool) -> None:
        """Give a plan back, to be made now or later."""
        due_at = rows.later() if dated else None
        with self.engine.begin() as connection:
            ours = _plans(connection, run)
            with rows.refused_unless(ours):
                runs.put_back(connection, run, due_at=due_at, spent=spent, calls=0, reason="closed")
        if ours and dated:
            self.model.waiting_runs.add(run.id)
            assert self.claim_a_run(run.id) is None

    def carry_over(self, run_id: int) -> None:
        """Give what a run has left to the next one; what is running goes on."""
        with self.engine.begin() as connection:
            left = rows.keys_in(connection, run_id, ItemState.DUE, ItemState.QUEUED)
            planned_items.carry_over(connection, run_id, "closed")
        for key in left:
            self.model.end(run_id, key, ItemState.CARRIED)

    def take_turns(self) -> list[int]:
        """Queue what has room; returns the notes, in an order that is the same every time."""
        with self.engine.begin() as connection:
            admitted = items.admit(connection)
            for shop_id in {self._may_be_sent(connection, item) for item in admitted}:
                out, allowed = rows.places(connection, shop_id)
                assert allowed is None or out <= allowed
        return sorted(item.id for item in admitted)

    def claim_an_item(self, item_id: int) -> ClaimedItem | None:
        """Take an item its note speaks of: only one that is queued, and always that."""
        with self.engine.begin() as connection:
            before, _ = rows.item_state(connection, item_id)
            claimed = items.claim(connection, item_id)
        assert (claimed is not None) == (before == ItemState.QUEUED)
        return claimed

    def end_a_claim(self, item: ClaimedItem, ending: Ending, *, dated: bool = False) -> list[int]:
        """End a claim, perhaps long lost; returns the note of the item handed over."""
        if dated and ending.state is ItemState.DUE:
            ending = replace(ending, due_at=rows.later())
        with self.engine.begin() as connection:
            before = rows.item_state(connection, item.id)
            handed = self._end(connection, item, ending)
        assert (handed is not None) == (before == (ItemState.RUNNING, item.generation))
        return handed or []

    def renew_a_lease(self, item: ClaimedItem) -> None:
        """Renew the lease of a claim, perhaps long lost."""
        with self.engine.begin() as connection:
            ours = rows.item_state(connection, item.id) == (ItemState.RUNNING, item.generation)
            assert items.renew(connection, [(item.id, item.generation)]) == (
                {item.id} if ours else set()
            )

    def every_lease_ends(self) -> list[int]:
        """Let every note be lost and every worker die."""
        with self.engine.begin() as connection:
            rows.end_leases(connection)
            return self._sweep(connection)

    def one_lease_ends(self, item_id: int) -> list[int]:
        """Let one note or one claim be lost; whatever else is under way goes on."""
        with self.engine.begin() as connection:
            before, _ = rows.item_state(connection, item_id)
            others = rows.states_but(connection, item_id)
            rows.end_lease(connection, item_id)
            handed = self._sweep(connection)
            after, _ = rows.item_state(connection, item_id)
            if before in {ItemState.QUEUED, ItemState.RUNNING} and not rows.final(after):
                assert after == ItemState.DUE
                assert rows.states_but(connection, item_id) == others
        return handed

    def redis_is_emptied(self) -> list[int]:
        """Return the notes that are sent again: of everything queued."""
        with self.engine.begin() as connection:
            again = sorted(item.id for item in items.requeue_all(connection))
            assert again == sorted(rows.queued(connection))
        return again

    def turn_a_kill_switch(self, shop_id: int, action: Action | None, *, parked: bool) -> None:
        """Park or release a shop, or one action of it."""
        with self.engine.begin() as connection:
            rows.park(connection, shop_id, action, parked=parked)
        (self.model.parked.add if parked else self.model.parked.discard)((shop_id, action))

    def block_a_lane(self, shop_id: int, priority: int) -> None:
        """Forbid a shop's calls of a priority number or a larger one for a while."""
        with self.engine.begin() as connection:
            lanes.block(connection, shop_id, until=rows.later(), priority=priority)
        self.model.blocked[shop_id] = min(priority, self.model.blocked.get(shop_id, priority))

    def time_passes(self) -> None:
        """Let everything come that is waited for."""
        with self.engine.begin() as connection:
            rows.let_time_pass(connection)
        self.model.waiting_items.clear()
        self.model.waiting_runs.clear()
        self.model.blocked.clear()

    def slow_a_shop_down(self, shop_id: int) -> None:
        """Let a shop's answers say that it is too much."""
        with self.engine.begin() as connection:
            # How long ago the last one was must not decide: a run has to be repeatable.
            rows.let_trouble_be_old(connection)
            lanes.slow_down(connection, shop_id)
            assert rows.places(connection, shop_id)[1] == 1

    def slowed_down_shops_recover(self) -> None:
        """Let there be no trouble for a while: one place more, up to all of them."""
        with self.engine.begin() as connection:
            before = [rows.places(connection, shop_id)[1] for shop_id in self.shops]
            rows.let_trouble_be_old(connection)
            lanes.recover(connection)
            after = [rows.places(connection, shop_id)[1] for shop_id in self.shops]
        full = {None, rows.IN_FLIGHT - 1}
        assert after == [None if places in full else (places or 0) + 1 for places in before]

    def close_a_run(self, run_id: int) -> None:
        """Close a run if it can be: with every planned item ended, and none of them twice."""
        with self.engine.begin() as connection:
            run = run_endings.lock_for_closing(connection, run_id)
            if run is None:
                return
            state = final_state(run.tally, closed=False, plan_failed=False)
            run_endings.close(connection, run, state)
        ended = {key for run, key in self.model.ended if run == run_id}
        assert ended == self.model.planned.get(run_id, set())

    def everything_ends(self) -> None:
        """Once every obstacle is gone and time has passed, all of it comes to its end, soon."""
        for shop_id, action in sorted(self.model.parked, key=str):
            self.turn_a_kill_switch(shop_id, action, parked=False)
        self.time_passes()
        notes = self.every_lease_ends()  # the only ones: notes and claims of before are lost
        left = self._left_over()
        # Runs of one pair come one after the other; a slowed-down shop recovers meanwhile.
        for _ in range(left.get("runs", 0) + rows.IN_FLIGHT):
            if not left:
                return
            self._everybody_works(notes)
            notes, left = [], self._left_over()
        assert left == {}

    def _left_over(self) -> dict[str, int]:
        with self.engine.begin() as connection:
            return rows.left_over(connection)

    def _everybody_works(self, notes: list[int]) -> None:
        """Let workers do what they are told, and the clock's tasks once what is theirs."""
        with self.engine.begin() as connection:
            announced = runs.announce_pending(connection)
        for run_id in announced:
            run = self.claim_a_run(run_id)
            assert run is not None
            self.record_a_plan(run, {"a", "g"}, last=True)
        notes = [*notes, *self.take_turns()]
        while notes:
            item = self.claim_an_item(notes.pop())
            assert item is not None
            notes += self.end_a_claim(item, _DONE)
        with self.engine.begin() as connection:
            complete = run_endings.without_open_items(connection)
        for run_id in complete:
            self.close_a_run(run_id)
        self.slowed_down_shops_recover()

    def _may_be_sent(self, connection: Connection, item: QueuedItem) -> int:
        """Return the shop of an item whose turn came, which nothing may have forbidden."""
        shop_id = rows.shop_of(connection, item.id)
        assert item.id not in self.model.waiting_items
        assert self.model.works(shop_id, Action(item.action))
        blocked = self.model.blocked.get(shop_id)
        assert blocked is None or ACTIONS[Action(item.action)].priority < blocked
        return shop_id

    def _end(self, connection: Connection, item: ClaimedItem, ending: Ending) -> list[int] | None:
        """End a claim; returns what was handed over, None where the claim was lost before."""
        try:
            ended = items.end(connection, item, ending)
        except LeaseLost:
            return None
        if ending.state in FINAL_ITEM_STATES:
            self.model.end(item.run_id, item.key, ending.state)
        if ending.due_at is not None:
            self.model.waiting_items.add(item.id)
        if ended.handed is None:
            return []
        self._may_be_sent(connection, ended.handed)
        return [ended.handed.id]

    def _sweep(self, connection: Connection) -> list[int]:
        """Put back what was lost, give up what loses every worker; returns what is handed over."""
        recovery.lost_items(connection)
        recovery.lost_runs(connection)
        handed: list[int] = []
        for item in recovery.poisoned_items(connection):
            handed += self._end(connection, item, _GIVEN_UP) or []
        return sorted(handed)


def _plans(connection: Connection, run: ClaimedRun) -> bool:
    """Tell whether a run is still being planned under this claim."""
    return rows.run_state(connection, run.id) == (RunState.PLANNING, run.generation)
