"""A whole installation for minutes: private servers, the simulator, workers, beats, shops."""

import base64
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text

from adapters.embedded import PrivateServers
from adapters.postgres.database import open_engine
from adapters.postgres.migrations import upgrade
from adapters.postgres.shops import closures
from adapters.postgres.shops.merchants import add_merchant
from adapters.postgres.shops.robots import set_cadence, switch_robot
from adapters.postgres.shops.secrets import SecretBox
from adapters.postgres.shops.shops import NewShop, add_shop
from adapters.postgres.shops.tokens import ACCESS_TOKEN_LIFE, Tokens
from adapters.postgres.stock.counts import set_on_hand
from adapters.postgres.stock.mappings import set_links
from benchmarks.programs import beat, worker
from benchmarks.stage import THREADS
from domain.actions import Action, Queue, actions_of
from domain.carts.cart import Cart
from domain.carts.ports import ItemKey
from domain.engine.cadence import Cadence
from domain.stock.mappings import Link
from simulator import process as simulator
from simulator.client import SimulatedShop, SimulatorClient

ON_HAND = 900
LOW_STOCK = 3


@dataclass(frozen=True, slots=True)
class Running:
    """An installation without shops and processes yet."""

    home: Path
    engine: Engine
    simulator: SimulatorClient
    environ: dict[str, str] = field(repr=False)
    box: SecretBox = field(repr=False)

    @contextmanager
    def programs(self, *, workers: int = 2, beats: int = 1) -> Iterator[None]:
        """Run worker processes and beats until the end of the block."""
        with ExitStack() as running:
            for number in range(workers):
                log = self.home / f"worker-{number}.log"
                running.enter_context(worker("workers.app", ",".join(Queue), self.environ, log))
            for number in range(beats):
                running.enter_context(beat(self.environ, self.home / f"beat-{number}.log"))
            yield

    def open_shop(self, shop: SimulatedShop, actions: Sequence[Action], every_s: int) -> int:
        """Add a shop with everything mapped, in stock and told; only these robots are on."""
        now, cart, secret = datetime.now(UTC), Cart(shop.cart), dict(shop.secrets)
        tokens = None
        if cart is Cart.BASE:
            access, refresh = secret.pop("access_token"), secret.pop("refresh_token")
            tokens = Tokens(access, refresh, now + ACCESS_TOKEN_LIFE)
        with self.engine.begin() as connection:
            merchant_id = add_merchant(connection, shop.merchant, shop.merchant)
            new = NewShop(merchant_id, shop.key, cart, shop.key, secret, shop.api_url, None, tokens)
            shop_id = add_shop(connection, new, self.box, now)
            for action in actions_of(cart):
                set_cadence(connection, shop_id, action, Cadence(every_s=every_s), now)
                switch_robot(connection, shop_id, action, on=action in actions, now=now)
            rows = [(ItemKey(str(row["item"])), str(row["sku"])) for row in shop.items]
            low = LOW_STOCK if cart is Cart.SHOPSERVE else None
            links = [Link(shop_id, key, sku, low_stock=low) for key, sku in rows]
            set_links(connection, merchant_id, links)
            set_on_hand(connection, merchant_id, {sku: ON_HAND for _, sku in rows})
            connection.execute(
                text("update stock_pushes set pushed_version = wanted_version where shop_id = :s"),
                {"s": shop_id},
            )
        return shop_id


@contextmanager
def running(*, latency_s: float) -> Iterator[Running]:
    """Start the servers and the simulator; everything is gone afterwards.

    Args: latency_s: how long the simulated carts think about each call.
    """
    home = Path(tempfile.mkdtemp(prefix="renkei-bench-"))
    try:
        with (
            PrivateServers(home) as addresses,
            simulator.start() as carts,
            carts.client() as client,
        ):
            client.settings(latency_s=latency_s, log_stock_sets=False)
            upgrade(addresses.database_url)
            engine = open_engine(addresses.database_url, connections=6, name="benchmark")
            try:
                _cancel_maintenance(engine)
                key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
                outside = {k: v for k, v in os.environ.items() if not k.startswith("RENKEI_")}
                environ = {
                    **outside,
                    "RENKEI_DATABASE_URL": addresses.database_url,
                    "RENKEI_REDIS_URL": addresses.redis_url,
                    "RENKEI_SECRET_KEYS": key,
                    "RENKEI_HOME": str(home),
                    "RENKEI_THREADS": str(THREADS),
                    "RENKEI_LOG_FORMAT": "json",
                }
                yield Running(home, engine, client, environ, SecretBox([key]))
            finally:
                engine.dispose()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _cancel_maintenance(engine: Engine) -> None:
    """The simulated carts keep no maintenance hours."""
    with engine.begin() as connection:
        for closure in closures.list_closures(connection, datetime.now(UTC)):
            closures.end_closure(connection, int(str(closure["id"])))
