"""Answers to stock pushes as no vendor should send them (CLS-3, STK-4), through whole runs."""

from tests.component.engine_bench import Bench
from tests.component.hostile_answers import BOTH, FORMS, RUNS, SHARE, nothing_crashed, run


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
            run(shop, "sync_stock")
            nothing_crashed(bench)

    healed = shop.run("sync_stock")

    assert healed["failed"] == 0
    assert {row["quantity"] for row in bench.simulator.stock(shop.key)} == {40}
    assert bench.renkei.read("dead", "list", "--state", "open") == []
