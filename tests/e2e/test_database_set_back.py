"""PostgreSQL goes back to a backup while the carts went on; real processes (PLC-2).

Somebody forgets the drill first, and starts everything: nothing is sent. Then the drill is done.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.embedded import PrivateServers
from adapters.postgres.migrations import upgrade
from simulator.process import start
from tests.e2e.installation import Installation, Merchant, Shop, wait_for
from workers.places import engine_of
from workers.settings import Settings

CARRIERS = {"shopserve": "YAMATO", "thebase": "佐川急便"}
AT_MOST_ONCE = (
    "settlement_requested",
    "delivery_shipped",
    "order_completed",
    "line_dispatched",
    "atobarai_shipping",
)


@pytest.fixture
def own_hub() -> Iterator[Installation]:
    """An installation that other tests do not share: its database is put back."""
    home = Path(tempfile.mkdtemp(prefix="renkei-e2e-back-"))
    with PrivateServers(home) as addresses, start() as carts, carts.client() as client:
        upgrade(addresses.database_url)
        made = Installation(home, client)
        try:
            for row in made.command("maintenance", "list", "--json").json:
                made.command("maintenance", "remove", str(row["id"]))
            made.start()
            yield made
        finally:
            made.stop()
    shutil.rmtree(home, ignore_errors=True)


def done(shop: Shop) -> Counter[tuple[str, str]]:
    """Count what must not happen twice, by what it happened to."""
    return Counter((effect["kind"], effect["key"]) for effect in shop.effects(*AT_MOST_ONCE))


def import_and_confirm(shop: Shop) -> None:
    shop.run("import_orders")
    if shop.simulated.cart == "shopserve":
        shop.run("confirm_orders")


def to_its_end(shop: Shop) -> None:
    """Ship whatever waits for shipment, and tell the cart."""
    shop.carries(CARRIERS[shop.simulated.cart])
    shop.merchant.stock_up(shop.simulated.items, 1000)
    shop.ship([one for one in shop.orders() if one["status"] == "awaiting_shipment"])
    shop.run("return_shipments")
    if shop.simulated.cart == "shopserve":
        shop.run("complete_orders")


def status_of(shop: Shop) -> Counter[str]:
    return Counter(order["status"] for order in shop.orders())


def as_by_other_means(hub: Installation) -> None:
    """Leave the database as pg_basebackup does: only what Redis remembers tells of the loss."""
    engine = engine_of(Settings.from_environ(hub.settings), connections=1)
    with engine.begin() as connection:
        connection.execute(text("update shops set lost_time_at = null"))
        connection.execute(text("delete from api_log where message like '%db restored%'"))
    engine.dispose()


def forgotten(hub: Installation, shops: list[Shop]) -> None:
    """Start everything as if nothing had happened, and see that nothing is sent."""
    calls = [shop.simulator.calls(shop.key) for shop in shops]
    hub.start()
    for shop in shops:
        shop.merchant.ok("run", "import_orders", "--shop", shop.key)

    def alarmed() -> bool:
        lines = [shop.merchant.quick("log", "list", "--shop", shop.key) for shop in shops]
        return all(any("db restored" in line["message"] for line in own) for own in lines)

    wait_for(alarmed)
    assert [shop.simulator.calls(shop.key) for shop in shops] == calls
    hub.stop()


def test_plc_2_after_going_back_to_a_backup_nothing_is_lost_and_nothing_happens_twice(
    own_hub: Installation,
) -> None:
    own_hub.simulator.settings(settlement_requested_after_s=0.0, settlement_scheduled_after_s=0.0)
    merchant = Merchant(own_hub, "default")
    shops = [merchant.shop(cart, orders=8, plain=True) for cart in CARRIERS]
    backup = own_hub.home / "renkei.backup"
    for shop in shops:
        import_and_confirm(shop)
    at = datetime.now(UTC).isoformat()
    merchant.ok("db", "backup", str(backup))
    for shop in shops:
        to_its_end(shop)
        for place in range(9):
            shop.simulator.add_order(shop.key, "cash_on_delivery", seed=700 + place)
        import_and_confirm(shop)
        own = [one for one in shop.orders() if one["status"] == "awaiting_shipment"]
        shop.carries(CARRIERS[shop.simulated.cart])
        shop.ship(own[:4])
        shop.run("return_shipments")
    before = [done(shop) for shop in shops]
    keys = [{order["cart_order_key"] for order in shop.orders()} for shop in shops]
    own_hub.stop()

    merchant.ok("db", "restore", str(backup), "--replace")
    as_by_other_means(own_hub)
    forgotten(own_hub, shops)
    reports = merchant.ok("db", "restored", "--at", at, "--json").json

    assert {report["shop"] for report in reports} == {shop.key for shop in shops}
    assert [done(shop) for shop in shops] == before, "nothing was sent"
    assert [{order["cart_order_key"] for order in shop.orders()} for shop in shops] == keys
    for shop in shops:
        assert status_of(shop) == {"shipped": 12, "hold": 5}

    own_hub.start()
    for shop in shops:
        held = [order["number"] for order in shop.orders() if order["status"] == "hold"]
        merchant.ok("orders", "release", *held, "--shop", shop.key)
        merchant.ok("shop", "unpark", shop.key, "--action", "sync_stock")
        to_its_end(shop)

    for shop, was in zip(shops, before, strict=True):
        assert status_of(shop) == {"shipped": 17}
        assert set(done(shop).values()) == {1}
        assert was <= done(shop)
