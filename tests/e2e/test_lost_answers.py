"""Answers that never come and workers that die: nothing twice, nothing lost; real processes."""

import signal
from collections import Counter

from simulator.client import Document
from tests.e2e.installation import Merchant, Shop, wait_for


def counts(effects: list[Document]) -> Counter[str]:
    return Counter(effect["key"] for effect in effects)


def lines_of(shop: Shop) -> Counter[str]:
    return Counter(line["custom"]["1"] for order in shop.orders() for line in order["lines"])


def test_ret_05_a_hundred_lost_settlement_answers_are_a_hundred_charges(merchant: Merchant) -> None:
    """RET-2, RET-5: the cart would accept, and charge, a second request too."""
    shop = merchant.shop("shopserve", orders=100, plain=True)
    shop.ready_to_return("YAMATO")
    shop.simulator.settings(settlement_blind_s=3600.0)

    with shop.fault("drop", when="after", endpoint="settlement.request", count=100):
        run = shop.run("return_shipments")

    assert run["succeeded"] == 100
    assert sorted(counts(shop.effects("settlement_requested")).values()) == [1] * 100
    assert len(shop.effects("delivery_shipped")) == 100
    shop.simulator.settings(settlement_blind_s=0.0)


def test_ret_05_a_lost_dispatch_answer_never_dispatches_a_line_twice(merchant: Merchant) -> None:
    """RET-3, RET-5: every first answer is lost."""
    shop = merchant.shop("thebase", orders=16, recipes=["cash_on_delivery", "split_two_methods"])
    shop.ready_to_return("佐川急便")
    lines = lines_of(shop)

    with shop.fault("drop", when="after", endpoint="orders.edit_status", count=20):
        run = shop.run("return_shipments")

    assert run["failed"] == 0
    assert counts(shop.effects("line_dispatched")) == lines
    assert shop.simulator.calls(shop.key, "orders.edit_status") == lines.total()


def test_cnf_02_lost_confirmations_are_read_before_they_are_repeated(merchant: Merchant) -> None:
    """CNF-2, CMP-4: one confirmation and one completion per order."""
    shop = merchant.shop("shopserve", orders=12, recipes=["cash_on_delivery"])
    shop.run("import_orders")
    with shop.fault("drop", when="after", endpoint="orders.status", count=12):
        shop.run("confirm_orders")
    shop.carries("SAGAWA")
    merchant.stock_up(shop.simulated.items, 1000)
    shop.ship(shop.orders())
    shop.run("return_shipments")

    with shop.fault("drop", when="after", endpoint="orders.complete", count=12):
        run = shop.run("complete_orders")

    assert run["succeeded"] == 12
    assert set(counts(shop.effects("order_confirmed")).values()) == {1}
    assert set(counts(shop.effects("order_completed")).values()) == {1}
    assert shop.effects("order_confirmed_again") == []


def test_cls_7_a_worker_killed_in_the_middle_of_a_return_run_costs_nothing(
    merchant: Merchant,
) -> None:
    """RET-5, CLS-7: SIGKILL, the other worker goes on, a new one comes; each line goes out once."""
    shop = merchant.shop("thebase", orders=60, plain=True)
    shop.ready_to_return("日本郵便")
    lines = lines_of(shop)
    shop.simulator.settings(latency_s=0.15)
    asked = merchant.ok("run", "return_shipments", "--shop", shop.key, "--json").json
    wait_for(lambda: len(shop.effects("line_dispatched")) >= 8)

    victim = merchant.hub.running["w1"]
    victim.process.send_signal(signal.SIGKILL)
    victim.process.wait()
    merchant.hub.start_program(victim.program).wait_until_ready()
    shop.simulator.settings(latency_s=0.0)

    def show() -> Document:
        found: Document = merchant.quick("runs", "show", str(asked["id"]))
        return found

    wait_for(lambda: show()["state"] != "running", 120)
    assert (show()["state"], show()["succeeded"]) == ("succeeded", 60)
    assert counts(shop.effects("line_dispatched")) == lines
