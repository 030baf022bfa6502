"""Answers to returned shipments as no vendor should send them (CLS-3, RET-5), in whole runs."""

from collections import Counter

from tests.component.engine_bench import Bench
from tests.component.hostile_answers import BOTH, FORMS, RECIPES, RUNS, SHARE, nothing_crashed, run


@BOTH
@FORMS
def test_cls_3_hostile_answers_to_returned_shipments_charge_and_dispatch_once(
    bench: Bench, cart: str, action: str, form: str
) -> None:
    shop = bench.shop(cart, *RECIPES[cart])
    shop.ready_to_return()
    with bench.fault(action, form=form, shop=shop.key, probability=SHARE):
        for _ in range(RUNS):
            run(shop, "return_shipments")
            nothing_crashed(bench)
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
