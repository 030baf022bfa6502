"""Shops whose stock drifts away from what they were told."""

from simulator.client import Document
from tests.component.engine_bench import Bench, BenchShop


def in_step(bench: Bench, cart: str, **plan: object) -> BenchShop:
    """A shop whose every item was told 10 pieces."""
    shop = bench.shop(cart, **plan)
    rows = shop.simulated.items
    links = [f"{shop.key},{row['item']},{row['variation']},{row['sku']},," for row in rows]
    counts = [f"{sku},10" for sku in {row["sku"] for row in rows}]
    load(bench, "mapping", "shop,item,variation,sku,low_stock,unlimited", links)
    load(bench, "stock", "sku,on_hand", counts)
    assert shop.run("sync_stock")["failed"] == 0
    return shop


def load(bench: Bench, what: str, header: str, lines: list[str]) -> None:
    bench.renkei.ok(what, "import", "-", stdin="\n".join([header, *lines]))


def shown(shop: BenchShop) -> dict[str, int]:
    return {row["sku"]: row["quantity"] for row in shop.bench.simulator.stock(shop.key)}


def drift(shop: BenchShop, row: Document, quantity: int) -> None:
    shop.bench.simulator.set_stock(shop.key, row["item"], quantity, row["variation"])
