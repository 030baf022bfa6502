"""Where the benchmarks play: private servers, the simulator, BASE shops whose SKUs are all mapped.

Everything lives in a folder of its own that is gone afterwards; nothing of the machine is touched.
"""

import base64
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text

from adapters.embedded import PrivateServers
from adapters.postgres.database import open_engine
from adapters.postgres.migrations import upgrade
from adapters.postgres.shops import closures
from adapters.postgres.shops.merchants import add_merchant
from adapters.postgres.shops.robots import switch_robot
from adapters.postgres.shops.secrets import SecretBox
from adapters.postgres.shops.shops import NewShop, add_shop, set_values
from adapters.postgres.shops.tokens import ACCESS_TOKEN_LIFE, Tokens
from adapters.postgres.stock.counts import set_on_hand
from adapters.postgres.stock.mappings import set_links
from domain.actions import actions_of
from domain.carts.cart import Cart
from domain.carts.ports import ItemKey
from domain.stock.mappings import Link
from simulator import process as simulator
from simulator.client import SimulatedShop, SimulatorClient

# A worker process has as many threads as in production; so has its bare peer.
THREADS = 16
# BASE's budget for stock is 3,500 calls an hour and shop, so the work is spread over many shops.
MOST_ITEMS_OF_A_SHOP = 3_000
# No shop may be held back by its pace: what is measured is the engine, not its patience.
CALLS_PER_SECOND = 5_000
IN_FLIGHT = 16
ON_HAND = 25

_BARE_TABLE = text("""
create table bare_pushes (
  id bigint generated always as identity primary key,
  item text not null,
  quantity integer not null,
  pushed_at timestamptz not null default now()
)
""")


@dataclass(frozen=True, slots=True)
class Target:
    """One item of one shop, as the bare peer calls it."""

    url: str
    token: str = field(repr=False)
    item: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A running stage.

    Attributes:
        redis_url: without a database number; the engine uses 0 and its bare peer 1.
        key: encrypts credentials.
        targets: every SKU of every shop, shop by shop in turn.
    """

    home: Path
    database_url: str
    redis_url: str
    key: str
    engine: Engine
    simulator: SimulatorClient
    shop_ids: tuple[int, ...]
    targets: tuple[Target, ...]

    @property
    def engine_redis(self) -> str:
        """Where the engine's messages and budgets are."""
        return f"{self.redis_url}/0"

    @property
    def bare_redis(self) -> str:
        """Where the bare peer's messages are."""
        return f"{self.redis_url}/1"

    def environment(self, database_url: str = "") -> dict[str, str]:
        """Return the environment of a worker: the outside's without its own settings."""
        outside = {k: v for k, v in os.environ.items() if not k.startswith("RENKEI_")}
        return {
            **outside,
            "RENKEI_DATABASE_URL": database_url or self.database_url,
            "RENKEI_REDIS_URL": self.engine_redis,
            "RENKEI_SECRET_KEYS": self.key,
            "RENKEI_HOME": str(self.home),
            "RENKEI_THREADS": str(THREADS),
            "RENKEI_LOG_FORMAT": "json",
            "BARE_DATABASE_URL": database_url or self.database_url,
            "BARE_REDIS_URL": self.bare_redis,
        }


@contextmanager
def staged(shops: int, skus: int, *, latency_s: float) -> Iterator[Stage]:
    """Start everything and fill it.

    Args:
        skus: of each shop, all mapped and all to be pushed.
        latency_s: how long the simulated cart thinks about each call.
    """
    home = Path(tempfile.mkdtemp(prefix="renkei-bench-"))
    try:
        with (
            PrivateServers(home) as addresses,
            simulator.start() as carts,
            carts.client() as client,
        ):
            upgrade(addresses.database_url)
            engine = open_engine(addresses.database_url, connections=4, name="benchmark")
            try:
                key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
                shop_ids, targets = _filled(engine, client, (shops, skus), key)
                client.settings(latency_s=latency_s, log_stock_sets=False, hour_limit=10**9)
                client.settings(day_limit=10**9)
                redis_url = addresses.redis_url.rsplit("/", 1)[0]
                yield Stage(
                    home,
                    addresses.database_url,
                    redis_url,
                    key,
                    engine,
                    client,
                    shop_ids,
                    targets,
                )
            finally:
                engine.dispose()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _filled(
    engine: Engine, client: SimulatorClient, size: tuple[int, int], key: str
) -> tuple[tuple[int, ...], tuple[Target, ...]]:
    shops, skus = size
    simulated = client.seed(
        shops=shops, items=skus, orders=0, carts=["thebase"], pairs=False, variations=0
    )
    box = SecretBox([key])
    with engine.begin() as connection:
        connection.execute(_BARE_TABLE)
    # The simulated carts keep no maintenance hours.
    with engine.begin() as connection:
        for closure in closures.list_closures(connection, datetime.now(UTC)):
            closures.end_closure(connection, int(str(closure["id"])))
    ids = tuple(_open_shop(engine, shop, box) for shop in simulated)
    with engine.begin() as connection:
        # Every shop is up to date; a round decides what it has to be told.
        connection.execute(text("update stock_pushes set pushed_version = wanted_version"))
    columns = [_targets(shop) for shop in simulated]
    return ids, tuple(target for row in zip(*columns, strict=True) for target in row)


def _targets(shop: SimulatedShop) -> list[Target]:
    url, token = f"{shop.api_url}/1/items/edit_stock", shop.secrets["access_token"]
    return [Target(url, token, str(row["item"])) for row in shop.items]


def _open_shop(engine: Engine, shop: SimulatedShop, box: SecretBox) -> int:
    """Add a shop here with everything mapped, robots off."""
    now = datetime.now(UTC)
    secret = dict(shop.secrets)
    access, refresh = secret.pop("access_token"), secret.pop("refresh_token")
    tokens = Tokens(access, refresh, now + ACCESS_TOKEN_LIFE)
    with engine.begin() as connection:
        merchant_id = add_merchant(connection, shop.merchant, shop.merchant)
        new = NewShop(
            merchant_id, shop.key, Cart.BASE, shop.key, secret, shop.api_url, None, tokens
        )
        shop_id = add_shop(connection, new, box, now)
        set_values(
            connection, shop_id, {"calls_per_second": CALLS_PER_SECOND, "in_flight": IN_FLIGHT}
        )
        for action in actions_of(Cart.BASE):
            switch_robot(connection, shop_id, action, on=False, now=now)
        codes = [str(row["sku"]) for row in shop.items]
        links = [
            Link(shop_id, ItemKey(str(row["item"])), code)
            for row, code in zip(shop.items, codes, strict=True)
        ]
        set_links(connection, merchant_id, links)
        set_on_hand(connection, merchant_id, dict.fromkeys(codes, ON_HAND))
    return shop_id
