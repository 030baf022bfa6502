"""The real clients understand every kind of order the simulator can make, and its faults."""

from datetime import timedelta

import httpx
import pytest

from domain.engine.runs import Window
from domain.orders.cart_order import BaseStatus, CartOrder, ShopServeStatus
from simulator.client import SimulatorClient
from simulator.seed import shopserve_recipes, thebase_recipes
from tests.contract.benches import NOW, BaseBench, ShopServeBench

WEEK = Window(NOW - timedelta(days=7), NOW)
STRANGE = ["extra_fields", "numeric_strings", "contents_key"]


def total_of(order: CartOrder) -> int:
    charges = order.charges
    lines = sum(line.total_yen for line in order.lines if line.state != "cancelled")
    added = charges.shipping_yen + charges.fee_yen + charges.adjustment_yen
    return lines + added - charges.discount_yen - charges.points_yen


@pytest.mark.parametrize("recipe", sorted(shopserve_recipes.RECIPES))
def test_shopserve_orders_are_understood_to_the_yen(
    simulator: SimulatorClient, http: httpx.Client, recipe: str
) -> None:
    bench = ShopServeBench(simulator, http)
    raw = bench.cart.read_order(bench.place_recipe(recipe))
    assert raw is not None

    order = bench.cart.decode(raw)
    assert isinstance(order.status, ShopServeStatus)
    assert order.status.unknown_literals == ()
    assert total_of(order) == order.charges.total_yen
    assert all(place.recipient.name for place in order.destinations)


@pytest.mark.parametrize("recipe", sorted(thebase_recipes.RECIPES))
def test_base_orders_are_understood_to_the_yen(
    simulator: SimulatorClient, http: httpx.Client, recipe: str
) -> None:
    bench = BaseBench(simulator, http)
    raw = bench.cart.read_order(bench.place_recipe(recipe))
    assert raw is not None

    order = bench.cart.decode(raw)
    assert isinstance(order.status, BaseStatus)
    assert order.status.unknown_literals == ()
    if recipe != "cancelled":  # whose total the cart sets to 0, fees and all
        assert total_of(order) == order.charges.total_yen
    named = sum(fee.fee_yen for fee in order.charges.per_method)
    assert named + sum(line.shipping_fee_yen for line in order.lines) <= order.charges.shipping_yen


def test_strange_but_whole_answers_read_the_same(
    simulator: SimulatorClient, http: httpx.Client
) -> None:
    for bench in (ShopServeBench(simulator, http), BaseBench(simulator, http)):
        key = bench.place()
        plain = bench.cart.read_order(key)
        assert plain is not None
        for form in STRANGE:
            rule = simulator.add_fault("mutate", form=form, shop=bench.shop.key, count=1)
            strange = bench.cart.read_order(key)
            simulator.remove_fault(rule)
            assert strange is not None
            assert bench.cart.decode(strange) == bench.cart.decode(plain)
