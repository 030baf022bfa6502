"""Answers no vendor should send (CLS-3), through whole runs: a clear failure or a correct result.

The decoding alone is fuzzed in test_shopserve_client_wire.py and test_thebase_client_wire.py.
"""

from collections import Counter

import pytest

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
PIECES = """
select row(i.cart_order_key, k.code, sum(l.quantity))::text
  from instructions i join instruction_lines l on l.instruction_id = i.id
  join skus k on k.id = l.sku_id group by i.cart_order_key, k.code
"""


def _ours(bench: Bench) -> Counter[str]:
    return Counter(bench.column(PIECES))


def _theirs(bench: Bench, shop: BenchShop, keys: set[str]) -> Counter[str]:
    return Counter(
        f"({order['key']},{sku},{pieces})"
        for order in bench.simulator.orders(shop.key)
        if order["key"] in keys
        for sku, pieces in order["skus"].items()
    )


def _nothing_crashed(bench: Bench) -> None:
    """Every run has ended, nothing waits, and no failure was an unexpected one."""
    assert bench.column("select id from runs where finished_at is null") == []
    assert bench.column("select id from run_items where state in ('due','queued','running')") == []
    reasons = bench.column("select reason from dead_letters union all select reason from runs")
    assert [reason for reason in reasons if reason and "unexpected" in reason] == []


@BOTH
@FORMS
def test_cls_3_hostile_orders_are_imported_whole_or_fail_with_a_reason_and_heal(
    bench: Bench, cart: str, action: str, form: str
) -> None:
    shop = bench.shop(cart, *RECIPES[cart])
    with bench.fault(action, form=form, shop=shop.key, probability=SHARE):
        for _ in range(RUNS):
            shop.run("import_orders")
            _nothing_crashed(bench)
    imported = set(bench.column("select cart_order_key from instructions"))
    assert _ours(bench) == _theirs(bench, shop, imported)

    bench.sql("update shops set auth_failed_at = null")
    bench.later(hours=2)
    healed = shop.run("import_orders")

    everything = {order["key"] for order in bench.simulator.orders(shop.key)}
    assert healed["failed"] == 0
    assert _ours(bench) == _theirs(bench, shop, everything)
    assert bench.renkei.read("dead", "list", "--state", "open") == []


@BOTH
@FORMS
def test_cls_3_hostile_answers_to_pushes_leave_no_number_untold(
    bench: Bench, cart: str, action: str, form: str
) -> None:
    shop = bench.shop(cart, items=4)
    shop.map_items()
    shop.stock_up(40)
    with bench.fault(action, form=form, shop=shop.key, probability=SHARE):
        for _ in range(RUNS):
            shop.run("sync_stock")
            _nothing_crashed(bench)

    healed = shop.run("sync_stock")

    assert healed["failed"] == 0
    assert {row["quantity"] for row in bench.simulator.stock(shop.key)} == {40}
    assert bench.renkei.read("dead", "list", "--state", "open") == []


@BOTH
@FORMS
def test_cls_3_hostile_answers_to_returned_shipments_charge_and_dispatch_once(
    bench: Bench, cart: str, action: str, form: str
) -> None:
    shop = bench.shop(cart, *RECIPES[cart])
    shop.ready_to_return()
    with bench.fault(action, form=form, shop=shop.key, probability=SHARE):
        for _ in range(RUNS):
            shop.run("return_shipments")
            _nothing_crashed(bench)
    for _ in range(2):
        bench.later(hours=1)
        shop.run("return_shipments")

    effects = Counter((effect["kind"], effect["key"]) for effect in shop.effects())
    once = {"settlement_requested", "line_dispatched", "atobarai_shipping"}
    repeated = {effect: times for effect, times in effects.items() if effect[0] in once}
    assert set(repeated.values()) == {1}
    assert not [effect for effect in effects if effect[0] == "settlement_refused"]
    assert {order["api_status"] for order in shop.orders()} == {"tracking_returned"}
    assert bench.column("select state from effects where state in ('sent', 'unknown')") == []
