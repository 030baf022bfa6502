"""Secured stock is what live unshipped instructions claim, whatever happens in whatever order."""

import itertools
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from adapters.postgres.database import DatabaseUnavailable, open_engine
from adapters.postgres.stock.sets import remove_set, set_components
from domain.errors import BrokenRule
from domain.orders.instructions import HoldReason
from domain.warehouse.holds import MarkPaidHere, PutOnHold, ReleaseHold
from domain.warehouse.moves import (
    Allocate,
    Arrived,
    AwaitArrival,
    BeginWork,
    CancelHere,
    Deallocate,
    Inspect,
    Operation,
    TakeBack,
)
from tests.component.warehouse_samples import SHIP, UNPAID, Warehouse

SKUS = ("A", "B", "SET")
OPERATIONS: tuple[Operation, ...] = (
    Allocate(),
    Deallocate(),
    BeginWork(),
    Inspect(),
    SHIP,
    TakeBack(),
    TakeBack(restock=False),
    CancelHere(),
    PutOnHold((HoldReason.ADDRESS,)),
    ReleaseHold(),
    ReleaseHold((HoldReason.PAYMENT,)),
    AwaitArrival(),
    Arrived(),
    MarkPaidHere(),
)
_names = itertools.count(1)

lines = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 3), min_size=1)
places = st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True)
steps = st.one_of(
    st.tuples(st.just("order"), lines, st.booleans()),
    st.tuples(st.just("do"), st.sampled_from(OPERATIONS), places),
    st.tuples(st.just("do"), st.sampled_from(OPERATIONS), places),
    st.tuples(
        st.just("set"),
        st.dictionaries(st.sampled_from(("A", "B")), st.integers(1, 2), max_size=2),
        st.none(),
    ),
    st.tuples(st.just("stock"), st.sampled_from(("A", "B")), st.integers(0, 20)),
)


@dataclass
class History:
    """One merchant and the numbers of its instructions."""

    warehouse: Warehouse
    numbers: list[str] = field(default_factory=list)

    def take(self, kind: str, first: object, second: object) -> None:
        """Take one step; one that a rule refuses must change nothing."""
        before = self.warehouse.counts()
        try:
            getattr(self, f"_{kind}")(first, second)
        except BrokenRule:
            assert self.warehouse.counts() == before

    def _order(self, contents: dict[str, int], unpaid: bool) -> None:
        number = f"n{len(self.numbers)}"
        self.warehouse.order(number, contents, holds=(UNPAID,) if unpaid else ())
        self.numbers.append(number)

    def _do(self, operation: Operation, chosen: list[int]) -> None:
        named = [self.numbers[place] for place in chosen if place < len(self.numbers)]
        self.warehouse.do(operation, *named)

    def _set(self, components: dict[str, int], _: object) -> None:
        with self.warehouse.engine.begin() as connection:
            if components:
                set_components(connection, self.warehouse.merchant_id, "SET", components)
            else:
                remove_set(connection, self.warehouse.merchant_id, "SET")

    def _stock(self, sku: str, pieces: int) -> None:
        self.warehouse.stock(**{sku: pieces})


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(steps, min_size=5, max_size=40))
def test_secured_equals_what_live_unshipped_instructions_claim_after_every_move(
    engine: Engine, history: list[tuple[str, object, object]]
) -> None:
    warehouse = Warehouse.open(engine, merchant=f"m{next(_names)}")
    warehouse.stock(A=10, B=10, SET=3)
    world = History(warehouse)

    for step in history:
        world.take(*step)
        warehouse.check()


def test_secured_is_right_after_operations_imports_and_set_changes_at_the_same_time(
    database_url: str, engine: Engine
) -> None:
    warehouse = Warehouse.open(engine)
    warehouse.stock(A=500, B=500)
    warehouse.shop()
    numbers = [warehouse.order(f"n{place}", {"A": 1, "SET": 1}) for place in range(20)]
    wide = open_engine(database_url, connections=8)
    busy = Warehouse(wide, warehouse.merchant_id, warehouse.shops)
    refused, given_up = [0], [0]
    counting = threading.Lock()

    def work(seed: int) -> None:
        choose = random.Random(seed)
        for turn in range(25):
            try:
                _something(busy, choose, numbers, f"s{seed}-{turn}")()
            except BrokenRule:
                with counting:
                    refused[0] += 1
            except DatabaseUnavailable:
                with counting:
                    given_up[0] += 1

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    wide.dispose()

    warehouse.check()
    assert given_up == [0], "no two changes wait for each other for ever"
    assert refused[0] < 150


def _something(
    busy: Warehouse, choose: random.Random, numbers: list[str], new: str
) -> Callable[[], object]:
    """Return one random change."""
    kind = choose.random()
    if kind < 0.2:
        contents = {sku: choose.randint(1, 2) for sku in choose.sample(SKUS, 2)}
        return lambda: busy.order(new, contents)
    if kind < 0.3:
        components = {sku: choose.randint(1, 2) for sku in choose.sample(("A", "B"), 2)}

        def change_set() -> None:
            with busy.engine.begin() as connection:
                set_components(connection, busy.merchant_id, "SET", components)

        return change_set
    operation, named = choose.choice(OPERATIONS), choose.sample(numbers, choose.randint(1, 3))
    return lambda: busy.do(operation, *named)


def test_two_imports_of_the_same_sku_do_not_wait_for_each_other_for_ever(
    database_url: str, engine: Engine
) -> None:
    warehouse = Warehouse.open(engine)
    warehouse.stock(A=1, B=1)
    warehouse.shop()
    wide = open_engine(database_url, connections=8)
    busy = Warehouse(wide, warehouse.merchant_id, warehouse.shops)

    def bring(seed: int) -> None:
        for turn in range(20):
            skus = ("A", "B") if seed % 2 else ("B", "A")
            busy.order(f"{seed}-{turn}", dict.fromkeys(skus, 1))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(bring, range(6)))
    wide.dispose()

    assert warehouse.counts() == {"A": (1, 120), "B": (1, 120)}
