"""Orders as no vendor should send them (CLS-3), through whole runs: all of an order, or none.

The decoding alone is fuzzed in test_shopserve_client_wire.py and test_thebase_client_wire.py, one
spoilt place at a time goes through the engine in test_engine_omissions.py.
"""

from collections import Counter

from tests.component.engine_bench import Bench, BenchShop
from tests.component.hostile_answers import BOTH, FORMS, RECIPES, RUNS, SHARE, nothing_crashed, run

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


@BOTH
@FORMS
def test_cls_3_hostile_orders_are_imported_whole_or_fail_with_a_reason_and_heal(
    bench: Bench, cart: str, action: str, form: str
) -> None:
    shop = bench.shop(cart, *RECIPES[cart])
    with bench.fault(action, form=form, shop=shop.key, probability=SHARE):
        for _ in range(RUNS):
            run(shop, "import_orders")
            nothing_crashed(bench)
    imported = set(bench.column("select cart_order_key from instructions"))
    assert _ours(bench) == _theirs(bench, shop, imported)

    bench.sql("update shops set auth_failed_at = null")
    bench.later(hours=2)
    healed = shop.run("import_orders")

    everything = {order["key"] for order in bench.simulator.orders(shop.key)}
    assert healed["failed"] == 0
    assert _ours(bench) == _theirs(bench, shop, everything)
    assert bench.renkei.read("dead", "list", "--state", "open") == []
