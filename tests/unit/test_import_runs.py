"""No order is ever missed or doubled, by any sequence of runs, failures and late orders.

A small world: orders are placed, appear in the cart's list up to ten minutes late, and runs read
the list, some of them not to its end, some with items that fail and are taken up by the next run.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.carts.cart import Cart
from domain.orders.windows import Clocks, ListCursor, difference_window, next_cursor, slices
from tests.unit.samples import NOON, covers

OVERLAP = timedelta(minutes=10)
_LONGEST_PAUSE_S = 40 * 24 * 3600


@dataclass(frozen=True)
class Placed:
    key: int
    at: datetime
    visible_at: datetime


@dataclass(frozen=True)
class RunPlan:
    """`pages`: how many slices of the list are read before the run dies; None = to the end."""

    after_s: float
    pages: int | None
    fails_every: int


@dataclass
class Hub:
    """The state that runs leave behind, as the recording transaction of IMP-4 does."""

    cart: Cart
    cursor: ListCursor | None = None
    tasks: set[int] = field(default_factory=set)
    unfinished: set[int] = field(default_factory=set)
    imported: Counter[int] = field(default_factory=Counter)
    first_since: datetime | None = None

    def run(self, now: datetime, cart_orders: list[Placed], plan: RunPlan) -> None:
        window = difference_window(
            self.cart, cursor=self.cursor, clocks=Clocks(now), overlap=OVERLAP
        )
        calls = slices(window, self.cart, now)
        if plan.pages is not None and plan.pages < len(calls):
            return
        listed = [o for o in cart_orders if o.visible_at <= now and covers(calls, o.at)]
        newest = max((order.at for order in listed), default=None)
        self.cursor = next_cursor(
            self.cart, cursor=self.cursor, clocks=Clocks(now), newest_ordered_at=newest
        )
        self.first_since = self.first_since or window.since
        fresh = {order.key for order in listed} - self.tasks
        self.tasks |= fresh
        self._work_on(sorted(fresh | self.unfinished), plan.fails_every)

    def _work_on(self, keys: list[int], fails_every: int) -> None:
        failed = {key for at, key in enumerate(keys, 1) if fails_every and at % fails_every == 0}
        self.imported.update(set(keys) - failed)
        self.unfinished = failed


orders = st.lists(
    st.tuples(
        st.integers(-10 * 24 * 3600, 200 * 24 * 3600),
        st.integers(0, int(OVERLAP.total_seconds())),
    ),
    max_size=40,
)
runs = st.lists(
    st.builds(
        RunPlan,
        after_s=st.one_of(st.floats(0.5, 3600), st.floats(3600, _LONGEST_PAUSE_S)),
        pages=st.sampled_from([None, None, None, 0, 1]),
        fails_every=st.integers(0, 3),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize("cart", list(Cart))
@given(placed=orders, plans=runs)
def test_imp_04_no_order_is_missed_or_doubled_whatever_runs_do(
    cart: Cart, placed: list[tuple[int, int]], plans: list[RunPlan]
) -> None:
    world = [
        Placed(key, NOON + timedelta(seconds=at), NOON + timedelta(seconds=at + late))
        for key, (at, late) in enumerate(placed)
    ]
    hub = Hub(cart)
    now = NOON
    for plan in [*plans, RunPlan(600, None, 0)]:
        now += timedelta(seconds=plan.after_s)
        hub.run(now, world, plan)

    assert hub.first_since is not None
    due = {order.key for order in world if hub.first_since <= order.at and order.visible_at <= now}
    assert due <= set(hub.imported)
    assert set(hub.imported.values()) <= {1}


def test_imp_04_without_the_overlap_a_late_order_would_be_missed() -> None:
    """The world above can tell: it fails when the rule is taken away."""
    cursor = next_cursor(Cart.BASE, cursor=None, clocks=Clocks(NOON), newest_ordered_at=None)
    late = NOON - timedelta(minutes=5)

    bare = difference_window(Cart.BASE, cursor=cursor, clocks=Clocks(NOON), overlap=timedelta(0))
    real = difference_window(Cart.BASE, cursor=cursor, clocks=Clocks(NOON), overlap=OVERLAP)

    assert not covers([bare], late)
    assert covers([real], late)
