"""Carts that answer as no vendor should, and what must hold whatever they answer (CLS-3)."""

import pytest

from simulator.client import Document
from simulator.mutations import MUTATIONS, SPOILINGS
from tests.component.engine_bench import Bench, BenchShop

BOTH = pytest.mark.parametrize("cart", ["shopserve", "thebase"])
FORMS = pytest.mark.parametrize(
    ("action", "form"),
    [("mutate", form) for form in MUTATIONS] + [("malformed", form) for form in SPOILINGS],
)
RECIPES = {
    "shopserve": ("card", "two_destinations", "deferred", "card_points_options"),
    "thebase": ("card", "split_two_methods", "deferred", "cash_on_delivery"),
}
SHARE = 0.5
RUNS = 3
# A page is not the cart's own word and ends no item (CLS-9): what needs several calls needs luck.
ATTEMPTS = 60


def run(shop: BenchShop, action: str) -> Document:
    """Run an action to its end; what waits is tried again for a while."""
    asked: int = shop.run(action)["id"]
    for _ in range(ATTEMPTS):
        if shop.bench.column("select id from runs where finished_at is null") == []:
            break
        shop.bench.later(seconds=900)
    return shop.shown(asked)


def nothing_crashed(bench: Bench) -> None:
    """Every run has ended, nothing waits, and no failure was an unexpected one."""
    assert bench.column("select id from runs where finished_at is null") == []
    assert bench.column("select id from run_items where state in ('due','queued','running')") == []
    reasons = bench.column("select reason from dead_letters union all select reason from runs")
    assert [reason for reason in reasons if reason and "unexpected" in reason] == []
